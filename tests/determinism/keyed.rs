//! Taking one fault away leaves every unrelated draw alone.
//!
//! A draw is named by its cause and purpose, and a name always gives the same bits. So what must be
//! shown is that the *names* do not move: without one fault of a plan, the run asks for exactly the
//! same draws as with it, save for those which that fault caused.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sim::fault::{Fault, FaultKind};
use sim::latency::Latency;
use sim::network::LinkProfiles;
use sim::random::{Lineage, Root, Seeds};
use sim::ratio::Ratio;
use sim::record::Record;
use sim::record::trace::Happening;

use crate::world::cast::{Question, hears};
use crate::world::stage::{Program, Stage, at_point, during, ms, program, said_by, say};

/// A node that sends, writes, syncs and reads, each at times it draws: no step waits for an answer,
/// so that nothing but the faults themselves can make two runs differ.
fn busy_node(to: &'static str) -> Program {
    program(move |node| async move {
        let hearer = node.clone();
        let heard = hears();
        node.spawn("hear", heard(hearer));
        for number in 0..12 {
            let mut drawn = node.stream(Root::Workload, "pace");
            node.sleep(drawn.span(ms(1), ms(15))).await;
            let cause = Lineage::of(&node.name()).child("step", number);
            let own = node.clone();
            node.spawn_for(cause, async move {
                own.send(own.find(to), Question(number));
                let disk = own.disk();
                let wrote = disk.append(&number.to_string(), b"words").await;
                let synced = disk.sync(&number.to_string()).await;
                let read = disk.read(&number.to_string()).await.unwrap_or_default();
                say(
                    &own,
                    format!("step {number} {:?} {read:?}", wrote.and(synced)),
                );
            });
        }
    })
}

fn play(faults: &[Fault], seed: u64) -> Record {
    let cast = [
        ("a", busy_node("b")),
        ("b", busy_node("c")),
        ("c", busy_node("a")),
    ];
    let stage = Stage::new(cast).with(faults.to_vec()).lasting(1_000);
    stage
        .configured(|config| {
            config.seeds = Seeds::derive(seed);
            config.recording.draws = true;
            config.links = LinkProfiles::everywhere(Latency::uniform(ms(1), ms(30)));
            config.disk.sync = Latency::uniform(ms(1), ms(9));
        })
        .play()
}

/// What was put on the line: each message that was not lost at its sender, and each copy.
fn dispatched(record: &Record) -> BTreeSet<(String, bool)> {
    let mut names = BTreeMap::new();
    let mut found = BTreeSet::new();
    for event in record.trace.events() {
        let sender = record.node_name(event.node);
        match &event.what {
            Happening::Sent {
                message, payload, ..
            } => {
                let name = format!("{payload:?} of {sender}");
                names.insert(*message, name.clone());
                found.insert((name, false));
            }
            Happening::Dropped { message, .. } => {
                found.remove(&(names[message].clone(), false));
            }
            Happening::Duplicated { message, .. } => {
                found.insert((names[message].clone(), true));
            }
            _ => {}
        }
    }
    found
}

/// The purposes of the draws that only the first of two runs made.
fn purposes_only_in<'a>(first: &'a Record, second: &Record) -> Vec<&'a str> {
    let names = first.draws.keys();
    let own = names.filter(|name| !second.draws.contains_key(*name));
    own.map(|(_, purpose)| purpose.as_str()).collect()
}

/// Plays a plan with and without one of its faults and compares every draw.
fn check_one_away(faults: &[Fault], away: usize, seed: u64) -> Result<(), TestCaseError> {
    let mut fewer = faults.to_vec();
    let removed = fewer.remove(away);
    let (with, without) = (play(faults, seed), play(&fewer, seed));
    for (name, bits) in &without.draws {
        let other = with.draws.get(name);
        prop_assert!(
            other.is_none_or(|other| other == bits),
            "{name:?} without {removed}"
        );
    }
    let (sent_with, sent_without) = (dispatched(&with), dispatched(&without));
    // New are the latencies of what the fault took before, and nothing else.
    let new = purposes_only_in(&without, &with);
    prop_assert!(
        new.iter().all(|purpose| *purpose == "latency"),
        "without {removed}: {new:?}"
    );
    prop_assert_eq!(
        new.len(),
        sent_without.difference(&sent_with).count(),
        "without {}",
        removed
    );
    // Gone are the fault's own draws, and the latencies of the copies it made.
    let mut gone = purposes_only_in(&with, &without);
    gone.retain(|purpose| *purpose != removed.what.name());
    prop_assert!(
        gone.iter().all(|purpose| *purpose == "latency"),
        "without {removed}: {gone:?}"
    );
    prop_assert_eq!(
        gone.len(),
        sent_with.difference(&sent_without).count(),
        "without {}",
        removed
    );
    Ok(())
}

/// Faults that change what happens to a message or a byte, and not what the nodes do next.
fn any_fault() -> impl Strategy<Value = Fault> {
    (0..6, 1..=4_u32, 0..4_usize, 0..120_u64, 20..200_u64).prop_map(
        |(kind, quarters, place, from, lasts)| {
            let ratio = Ratio::new(quarters, 4);
            let links = ["*", "a -> b", "b <-> c", "c"][place];
            let disks = ["*", "a", "b", "b, c"][place];
            let (what, place) = match kind {
                0 => (FaultKind::Loss { ratio }, links),
                1 => (FaultKind::Duplicate { ratio }, links),
                2 => (FaultKind::Delay { extra_ms: 40 }, links),
                3 => (
                    FaultKind::Reorder {
                        ratio,
                        extra_ms: 40,
                    },
                    links,
                ),
                4 => (FaultKind::SyncError { ratio }, disks),
                _ => (FaultKind::BitRot { ratio }, disks),
            };
            during(what, place, from, from + lasts)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn taking_one_fault_away_moves_no_unrelated_draw(
        faults in prop::collection::vec(any_fault(), 1..7),
        away in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        check_one_away(&faults, away.index(faults.len()), seed)?;
    }
}

#[test]
fn two_sync_faults_at_one_disk_do_not_touch_each_other() {
    let ratio = Ratio::new(1, 2);
    let faults = [(0, 100), (40, 300), (40, 300), (250, 400)]
        .map(|(from, until)| during(FaultKind::SyncError { ratio }, "a", from, until));
    for away in 0..faults.len() {
        for seed in 0..8 {
            check_one_away(&faults, away, seed).expect("no unrelated draw moves");
        }
    }
}

/// How many bytes of a write are left when it is torn at a point, passed after this long.
fn torn(after_ms: u64, seed: u64) -> String {
    let store = program(move |node| async move {
        let found = node.disk().read("file").await.unwrap_or_default().len();
        say(&node, format!("{found} bytes"));
        let wrote = node.disk().append("file", &[0; 4_000]).await;
        node.sleep(ms(after_ms)).await;
        node.pass("tear").await;
        say(&node, format!("{wrote:?}"));
    });
    let tear = at_point(FaultKind::TornWrite, "store", "tear", 1, 20);
    let stage = Stage::new([("store", store)]).with([tear]).lasting(400);
    let record = stage
        .configured(|config| config.seeds = Seeds::derive(seed))
        .play();
    let lines = said_by(&record, "store");
    lines[1]
        .split_once(' ')
        .expect("time and words")
        .1
        .to_owned()
}

#[test]
fn a_write_is_torn_at_the_same_place_whenever_it_happens() {
    let cuts: BTreeSet<String> = (0..8)
        .map(|seed| {
            let cut = torn(50, seed);
            assert_eq!(torn(57, seed), cut, "seed {seed}, another moment");
            cut
        })
        .collect();
    assert!(cuts.len() > 4, "another seed tears elsewhere: {cuts:?}");
}
