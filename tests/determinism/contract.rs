//! The same inputs give the same fingerprint: again, later, elsewhere, watched or not.

use std::collections::BTreeSet;
use std::process::Command;

use sim::determinism::event_lines;
use sim::random::Seeds;
use sim::record::fingerprint::Fingerprint;
use sim::world::Recording;

use super::busy::{EVERYTHING, NOTHING, run};

/// The fingerprints of seeds 0, 1 and 2. They stand here as constants, so they must come out in debug
/// and in release, on every machine, and in every process. A change of the world's behaviour changes
/// them; then, and only then, write the new ones down.
const GOLDEN: [&str; 3] = [
    "3abb61e0198d8b2865a18113550eac23",
    "d87ba1291aafec2cc36c5f781aa6edbe",
    "54a9b81c49f66e60808dfe5a8617f355",
];

/// Tells the test below that it runs as the child of another one.
const CHILD: &str = "TESTS_PRINT_FINGERPRINT";

fn fingerprint(seed: u64) -> Fingerprint {
    run(Seeds::derive(seed), NOTHING).fingerprint
}

#[test]
fn the_fingerprint_is_the_one_written_down_in_every_build_profile() {
    let found: Vec<String> = (0..3).map(|seed| fingerprint(seed).to_string()).collect();
    assert_eq!(found, GOLDEN);
}

#[test]
fn the_busy_world_is_worth_comparing() {
    let records: Vec<_> = (0..20)
        .map(|seed| run(Seeds::derive(seed), EVERYTHING))
        .collect();
    let different: BTreeSet<_> = records.iter().map(|record| record.fingerprint).collect();
    assert_eq!(different.len(), records.len(), "each seed is another run");
    let kinds: BTreeSet<_> = records
        .iter()
        .flat_map(|record| {
            record
                .struck
                .iter()
                .map(|fault| record.plan.faults[*fault as usize].what.name())
        })
        .collect();
    assert!(kinds.len() >= 20, "only {kinds:?} struck");
    for record in &records {
        assert!(
            record.events > 300 && !record.draws.is_empty(),
            "{} events",
            record.events
        );
        assert_eq!(record.findings, []);
    }
}

#[test]
fn the_thousandth_run_on_a_thread_equals_the_first() {
    let first: Vec<_> = (0..5).map(fingerprint).collect();
    for round in 0..200 {
        let seed = round % 5;
        assert_eq!(fingerprint(seed), first[seed as usize], "round {round}");
        fingerprint(1_000 + round);
        fingerprint(2_000 + round);
        fingerprint(3_000 + round);
        fingerprint(4_000 + round);
    }
    let last: Vec<_> = (0..5).map(fingerprint).collect();
    assert_eq!(first, last, "after more than a thousand runs");
}

#[test]
fn many_threads_at_once_give_what_one_gives() {
    let alone: Vec<_> = (0..8).map(fingerprint).collect();
    let together: Vec<Vec<_>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|shift| {
                scope.spawn(move || {
                    let mut found: Vec<_> = (0..8)
                        .map(|index| (index + shift) % 8)
                        .map(|seed| (seed, fingerprint(seed)))
                        .collect();
                    found.sort();
                    found
                        .into_iter()
                        .map(|(_, fingerprint)| fingerprint)
                        .collect()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect()
    });
    for found in together {
        assert_eq!(found, alone);
    }
}

#[test]
fn watching_a_run_does_not_change_it() {
    for seed in 0..6 {
        let unwatched = fingerprint(seed);
        for parts in 0..8 {
            let recording = Recording {
                trace: parts & 1 != 0,
                log: parts & 2 != 0,
                draws: parts & 4 != 0,
            };
            let record = run(Seeds::derive(seed), recording);
            assert_eq!(record.fingerprint, unwatched, "{recording:?}");
            let rendered = event_lines(&record).len();
            assert_eq!(
                rendered as u64,
                if recording.trace { record.events } else { 0 }
            );
            assert_eq!(record.log.is_empty(), !recording.log, "{recording:?}");
            assert_eq!(record.draws.is_empty(), !recording.draws, "{recording:?}");
        }
        let before = run(Seeds::derive(seed), EVERYTHING);
        let after = run(Seeds::derive(seed), EVERYTHING);
        assert_eq!(event_lines(&before), event_lines(&after));
        assert_eq!(before.log, after.log);
        assert_eq!(before.draws, after.draws);
        assert_eq!(before.checkpoints, after.checkpoints);
    }
}

/// Prints what a process finds, when another one asks for it through [`CHILD`].
#[test]
fn another_process_finds_the_same() {
    let own: Vec<String> = (3..6).map(|seed| fingerprint(seed).to_string()).collect();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test process may ask what it was started for"
    )]
    let is_child = std::env::var_os(CHILD).is_some();
    if is_child {
        println!("fingerprints: {}", own.join(" "));
        return;
    }
    let binary = std::env::current_exe().expect("this test is a program");
    let child = Command::new(binary)
        .args([
            "--exact",
            "--nocapture",
            "determinism::contract::another_process_finds_the_same",
        ])
        .env(CHILD, "yes")
        .output()
        .expect("this program runs again");
    let printed = String::from_utf8(child.stdout).expect("it prints text");
    let found = printed
        .lines()
        .find_map(|line| line.split_once("fingerprints: "));
    assert_eq!(
        found.map(|(_, found)| found),
        Some(&*own.join(" ")),
        "the child printed: {printed}"
    );
}
