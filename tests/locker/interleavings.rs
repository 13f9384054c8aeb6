//! Any interleaving of commands, repetitions and crashes, on the plain values: no world, no time.
//!
//! Commands arrive, wait, are accepted, executed and answered, each step when a case says so; the
//! journal is synced or not; the device starts anew with any prefix of it that holds what was
//! synced. A caller is as careful as a Core: it links an asset again only after the unlink before
//! was acknowledged. But copies of everything it ever sent may come at any time.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::{AssetId, DeviceOperation, SlotNumber};
use model::locker::command::{Command, Entry, Outcome};
use model::locker::controller::{Controller, Rules};
use model::locker::hardware::Hardware;
use model::locker::trouble::HardwareConfig;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRng, TestRunner};
use sim::random::{Randomness, Seeds};

const ASSETS: u8 = 3;
const GENERATIONS: u8 = 2;
const SLOTS: u32 = 4;

const RIGHT: Rules = Rules {
    operations_remembered: 1_000,
    recognises_links: true,
    refuses_cancelled: true,
};

/// How the device under test goes about it.
#[derive(Clone, Copy)]
struct Way {
    rules: Rules,
    journals_first: bool,
}

/// An asset's nth link, or what takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sent {
    asset: u8,
    generation: u8,
    unlink: bool,
}

#[derive(Clone, Debug)]
enum Act {
    /// A command arrives, for the first time or again.
    Send(Sent),
    /// A command under way takes its next step.
    Advance { which: u8, jams: bool },
    /// What was entered into the journal becomes durable.
    Sync,
    /// The power fails; this many of the entries that were not synced are there nevertheless.
    Crash { kept: u8 },
}

#[derive(Clone, Debug)]
enum Stage {
    Arrived,
    /// To be executed once so many entries are durable.
    Accepted(usize),
    /// To be answered once so many entries are durable.
    Executed(usize, Outcome),
}

struct UnderWay {
    command: Command,
    stage: Stage,
    /// Nothing for what an earlier life left.
    caller: Option<Sent>,
}

struct Device {
    way: Way,
    hardware: Hardware,
    controller: Controller,
    journal: Vec<Entry>,
    durable: usize,
    under_way: Vec<UnderWay>,
    sent: BTreeSet<Sent>,
    told: BTreeMap<Sent, Outcome>,
}

fn asset(number: u8) -> AssetId {
    AssetId(format!("asset-{number}"))
}

impl Sent {
    fn command(self) -> Command {
        let operation =
            |what: &str| DeviceOperation(format!("{what}-{}-{}", self.asset, self.generation));
        let asset = asset(self.asset);
        match self.unlink {
            false => Command::Link {
                operation: operation("link"),
                asset,
            },
            true => Command::Unlink {
                operation: operation("unlink"),
                cancels: operation("link"),
                asset,
            },
        }
    }
}

impl Device {
    fn new(way: Way) -> Device {
        let randomness = Randomness::new(Seeds::derive(1));
        let config = HardwareConfig::default();
        Device {
            way,
            hardware: Hardware::new("locker-1", SLOTS, &config, randomness),
            controller: Controller::new(way.rules),
            journal: Vec::new(),
            durable: 0,
            under_way: Vec::new(),
            sent: BTreeSet::new(),
            told: BTreeMap::new(),
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Send(sent) => self.send(*sent),
            Act::Advance { which, jams } if !self.under_way.is_empty() => {
                let which = usize::from(*which) % self.under_way.len();
                self.advance(which, *jams);
            }
            Act::Advance { .. } => {}
            Act::Sync => self.durable = self.journal.len(),
            Act::Crash { kept } => self.crash(usize::from(*kept)),
        }
    }

    /// A careful caller: nothing of a generation before the one before is known to be over.
    fn send(&mut self, sent: Sent) {
        let before = sent.generation.checked_sub(1).map(|generation| Sent {
            generation,
            unlink: true,
            ..sent
        });
        let over = |before| self.told.get(&before) == Some(&Outcome::Unlinked);
        if before.is_none_or(over) {
            self.sent.insert(sent);
            self.under_way.push(UnderWay {
                command: sent.command(),
                stage: Stage::Arrived,
                caller: Some(sent),
            });
        }
    }

    fn advance(&mut self, which: usize, jams: bool) {
        let command = self.under_way[which].command.clone();
        let stage = match self.under_way[which].stage.clone() {
            Stage::Arrived => match self.controller.known(&command, &self.hardware) {
                Some(outcome) => Stage::Executed(self.journal.len(), outcome),
                None => {
                    if self.way.journals_first {
                        let entry = self.controller.accept(&command);
                        self.journal.push(entry);
                    }
                    Stage::Accepted(self.journal.len())
                }
            },
            Stage::Accepted(entries) if entries <= self.durable => {
                let entry = self.controller.execute(&command, &mut self.hardware, jams);
                let Entry::Done(_, outcome) = entry else {
                    panic!("what was executed is done");
                };
                self.journal.push(entry);
                Stage::Executed(self.journal.len(), outcome)
            }
            Stage::Executed(entries, outcome) if entries <= self.durable => {
                let answered = self.under_way.remove(which);
                if let Some(sent) = answered.caller {
                    self.told.entry(sent).or_insert(outcome);
                    if !matches!(outcome, Outcome::Failed(_)) {
                        self.told.insert(sent, outcome);
                    }
                }
                return;
            }
            waits => waits,
        };
        self.under_way[which].stage = stage;
    }

    fn crash(&mut self, kept: usize) {
        let unsynced = self.journal.len() - self.durable;
        self.journal.truncate(self.durable + kept.min(unsynced));
        self.durable = self.journal.len();
        let rules = self.way.rules;
        let (controller, found) = Controller::recover(rules, &self.journal, &self.hardware);
        self.controller = controller;
        self.journal.extend(found);
        let resumed = self.controller.unfinished().map(|(command, _)| UnderWay {
            command: command.clone(),
            stage: Stage::Accepted(0),
            caller: None,
        });
        self.under_way = resumed.collect();
    }

    /// Everything that is under way comes to its end.
    fn settle(&mut self) {
        while !self.under_way.is_empty() {
            self.durable = self.journal.len();
            self.advance(0, false);
        }
    }

    fn slots_of(&self, number: u8) -> Vec<SlotNumber> {
        let links = self.hardware.links();
        let own = links.filter(|(_, tag)| **tag == asset(number));
        own.map(|(slot, _)| slot).collect()
    }

    /// What is wrong with an asset now.
    fn complaint(&self, number: u8) -> Option<String> {
        let slots = self.slots_of(number);
        if slots.len() > 1 {
            return Some(format!("{} is in {slots:?}", asset(number)));
        }
        for generation in 0..GENERATIONS {
            let of = |generation, unlink| Sent {
                asset: number,
                generation,
                unlink,
            };
            let over = self.told.get(&of(generation, true)) == Some(&Outcome::Unlinked);
            if over && !self.sent.contains(&of(generation + 1, false)) && !slots.is_empty() {
                let what = of(generation, true);
                return Some(format!("{what:?} was acknowledged, yet it is in {slots:?}"));
            }
            let unlinking = self.sent.contains(&of(generation, true));
            if let Some(Outcome::Linked(slot)) = self.told.get(&of(generation, false))
                && !unlinking
                && slots != [*slot]
            {
                let what = of(generation, false);
                return Some(format!(
                    "{what:?} was told {slot:?}, and it is in {slots:?}"
                ));
            }
        }
        None
    }

    fn complaints(&self) -> Vec<String> {
        let mut complaints: Vec<String> = (0..ASSETS).filter_map(|it| self.complaint(it)).collect();
        let strange = self.controller.unaccounted(&self.hardware);
        if !strange.is_empty() {
            complaints.push(format!("nobody asked for {strange:?}"));
        }
        complaints
    }
}

fn any_act() -> impl Strategy<Value = Act> {
    let sent =
        (0..ASSETS, 0..GENERATIONS, any::<bool>()).prop_map(|(asset, generation, unlink)| {
            Act::Send(Sent {
                asset,
                generation,
                unlink,
            })
        });
    let advance = (any::<u8>(), prop::bool::weighted(0.1))
        .prop_map(|(which, jams)| Act::Advance { which, jams });
    prop_oneof![
        4 => sent,
        12 => advance,
        4 => Just(Act::Sync),
        1 => any::<u8>().prop_map(|kept| Act::Crash { kept: kept % 4 }),
    ]
}

fn any_case() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(any_act(), 1..120)
}

fn check(way: Way, acts: &[Act]) -> Result<(), TestCaseError> {
    let mut device = Device::new(way);
    for (number, act) in acts.iter().enumerate() {
        device.act(act);
        let complaints = device.complaints();
        prop_assert!(complaints.is_empty(), "after act {number}: {complaints:?}");
    }
    device.settle();
    let complaints = device.complaints();
    prop_assert!(complaints.is_empty(), "settled: {complaints:?}");
    // Another start knows what the life before knew.
    let (again, found) = Controller::recover(way.rules, &device.journal, &device.hardware);
    prop_assert_eq!((again.unfinished().count(), found), (0, vec![]));
    for sent in &device.sent {
        let command = sent.command();
        prop_assert_eq!(
            again.known(&command, &device.hardware),
            device.controller.known(&command, &device.hardware),
            "{:?}",
            sent
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_asset_is_in_one_slot_and_after_its_unlink_in_none(acts in any_case()) {
        let way = Way { rules: RIGHT, journals_first: true };
        check(way, &acts)?;
    }
}

#[test]
fn each_wrong_way_is_found_by_some_interleaving() {
    let ways = [
        (
            "it does not recognise repeated links",
            Way {
                rules: Rules {
                    recognises_links: false,
                    ..RIGHT
                },
                journals_first: true,
            },
        ),
        (
            "it executes links that were taken back",
            Way {
                rules: Rules {
                    refuses_cancelled: false,
                    ..RIGHT
                },
                journals_first: true,
            },
        ),
        (
            "it remembers one operation",
            Way {
                rules: Rules {
                    operations_remembered: 1,
                    ..RIGHT
                },
                journals_first: true,
            },
        ),
        (
            "it moves latches before it journals",
            Way {
                rules: RIGHT,
                journals_first: false,
            },
        ),
    ];
    for (about, way) in ways {
        let config = Config {
            cases: 3_000,
            failure_persistence: None,
            ..Config::default()
        };
        let random = TestRng::deterministic_rng(config.rng_algorithm);
        let mut runner = TestRunner::new_with_rng(config, random);
        let found = runner.run(&any_case(), |acts| check(way, &acts));
        assert!(matches!(found, Err(TestError::Fail(..))), "{about}");
    }
}
