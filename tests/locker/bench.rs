//! The verbs of these tests: a device, a caller that follows a script, and what is true at the end.
//!
//! A message takes 1 ms, an access of the disk 1 ms, a sync 2 ms, a latch 10 ms, evidence 5 ms. So a
//! link that is sent at 10 arrives at 11, is journalled at 14, has moved its latch at 24, is done at
//! 27 and answered at 28.
//!
//! The caller keeps books as a Ledger would: what it was last told of each asset. At the end the
//! director reads the device's links through its ordinary interface, and `link_agreement` judges.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use model::config::Timing;
use model::defects::{Defect, Defects};
use model::ids::{AssetId, DeviceOperation, SlotNumber};
use model::invariants::CHECKS;
use model::locker::hardware::Hardware;
use model::locker::node::{LockerSetup, run};
use model::locker::protocol::{LockerRequest, LockerResponse};
use model::locker::trouble::HardwareConfig;
use sim::NodeContext;
use sim::check::Verdict;
use sim::fault::Fault;
use sim::latency::LatencyTable;
use sim::network::CallError;
use sim::random::{Lineage, Randomness, Seeds};
use sim::record::Record;
use sim::record::value::Value;

use crate::world::stage::{Program, Stage, ms, program, said_by, say};

/// The device's name.
pub const LOCKER: &str = "locker-1";

const SEED: u64 = 1;
/// When the director looks at the device.
const END_MS: u64 = 4_000;
/// How long the caller waits before it sends a command again.
const AGAIN_MS: u64 = 50;

/// What the caller asks for. Each asset has one link and one unlink that takes it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Link this asset.
    Link(&'static str),
    /// Take its link back.
    Unlink(&'static str),
    /// Take evidence of it.
    Evidence(&'static str),
}

/// One line of the caller's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    at_ms: u64,
    ask: Ask,
    until_answered: bool,
}

/// Asks once, and waits for a second.
pub fn once(at_ms: u64, ask: Ask) -> Step {
    Step {
        at_ms,
        ask,
        until_answered: false,
    }
}

/// Asks again and again until there is an answer that is no hardware error.
pub fn until_answered(at_ms: u64, ask: Ask) -> Step {
    Step {
        until_answered: true,
        ..once(at_ms, ask)
    }
}

/// A device and its caller.
pub struct Bench {
    /// How the hardware fails.
    pub trouble: HardwareConfig,
    slots: u32,
    defects: Defects,
    script: Vec<Step>,
    plan: Vec<Fault>,
}

/// What a bench came to.
pub struct Played {
    /// The whole record.
    pub record: Record,
    /// Which latches are physically closed, by slot.
    pub closed: Vec<(u32, String)>,
}

/// What the caller was last told of each asset; nothing once its link was taken back.
type Books = Rc<RefCell<BTreeMap<AssetId, Option<SlotNumber>>>>;

impl Bench {
    /// A device with four slots and a caller with this script.
    pub fn new(script: impl IntoIterator<Item = Step>) -> Bench {
        Bench {
            trouble: HardwareConfig::default(),
            slots: 4,
            defects: Defects::default(),
            script: script.into_iter().collect(),
            plan: Vec::new(),
        }
    }

    /// With this many slots.
    pub fn slots(self, slots: u32) -> Bench {
        Bench { slots, ..self }
    }

    /// With this bug.
    pub fn defect(self, defect: Defect) -> Bench {
        let defects = Defects::of([defect]);
        Bench { defects, ..self }
    }

    /// With hardware that fails like this.
    pub fn trouble(mut self, change: impl FnOnce(&mut HardwareConfig)) -> Bench {
        change(&mut self.trouble);
        self
    }

    /// With these faults.
    pub fn with(mut self, faults: impl IntoIterator<Item = Fault>) -> Bench {
        self.plan.extend(faults);
        self
    }

    /// Runs it.
    pub fn play(self) -> Played {
        let randomness = Randomness::new(Seeds::derive(SEED));
        let hardware = Hardware::new(LOCKER, self.slots, &self.trouble, randomness);
        let hardware = Rc::new(RefCell::new(hardware));
        let books = Books::default();
        let cast = [
            (LOCKER, device(&self, hardware.clone())),
            ("caller", caller(self.script, books.clone())),
        ];
        let stage = Stage::new(cast).with(self.plan);
        let stage = stage.configured(|config| config.seeds = Seeds::derive(SEED));
        let record = stage
            .directed(|world, director| async move {
                director.sleep(ms(END_MS)).await;
                let links = list(&director).await;
                world.with_record(|record| {
                    let rows = books.borrow();
                    record
                        .facts
                        .add("assets", rows.iter().filter_map(asset_row));
                    record.facts.add("jobs", []);
                    record.facts.add("device_links", links.iter().map(link_row));
                });
            })
            .play();
        let closed = hardware.borrow();
        let closed = closed
            .links()
            .map(|(slot, asset)| (slot.0, asset.0.clone()));
        Played {
            closed: closed.collect(),
            record,
        }
    }
}

impl Played {
    /// What the caller said: when it was answered, what it had asked, and the answer.
    pub fn lines(&self) -> Vec<String> {
        said_by(&self.record, "caller")
    }

    /// What `link_agreement` makes of the device's links and the caller's books.
    pub fn verdict(&self) -> Verdict {
        assert_eq!(self.record.findings, [], "nothing panicked");
        let check = CHECKS.iter().find(|check| check.name == "link_agreement");
        check.expect("it is a check").verdict(&self.record)
    }

    /// Fails when the device and the books disagree, or other latches are closed than expected.
    #[track_caller]
    pub fn expect_closed(&self, expected: &[(u32, &str)], about: &str) {
        let closed: Vec<(u32, &str)> = self
            .closed
            .iter()
            .map(|(slot, asset)| (*slot, asset.as_str()))
            .collect();
        let lines = self.lines().join("\n  ");
        assert_eq!(closed, expected, "{about}\n  {lines}");
        assert_eq!(self.verdict(), Verdict::Held, "{about}\n  {lines}");
    }
}

fn device(bench: &Bench, hardware: Rc<RefCell<Hardware>>) -> Program {
    let micros = |span: u64| LatencyTable::of([span; 5]);
    let timing = Timing {
        link: micros(10_000),
        evidence: micros(5_000),
        ..Timing::default()
    };
    let setup = LockerSetup::of(&timing, &bench.trouble, &bench.defects);
    let setup = Rc::new(setup);
    program(move |node| run(node, setup.clone(), hardware.clone()))
}

fn caller(script: Vec<Step>, books: Books) -> Program {
    program(move |node| {
        let (script, books) = (script.clone(), books.clone());
        async move {
            for (number, step) in script.iter().copied().enumerate() {
                let (asker, books) = (node.clone(), books.clone());
                let like = script[..number].iter().filter(|other| **other == step);
                let lineage = Lineage::of(&format!("{step:?}")).child("copy", like.count() as u64);
                node.spawn_for(lineage, async move { follow(asker, step, books).await });
            }
        }
    })
}

async fn follow(node: NodeContext, step: Step, books: Books) {
    node.sleep(ms(step.at_ms)).await;
    loop {
        let to = node.find(LOCKER);
        let answer = node.call(to, request(step.ask), ms(1_000)).await;
        say(
            &node,
            format!("{}: {}", words(step.ask), told(answer.as_deref())),
        );
        let settled = match answer.as_deref() {
            Ok(LockerResponse::HardwareError(_)) | Err(_) => false,
            Ok(answer) => {
                enter(&mut books.borrow_mut(), step.ask, answer);
                true
            }
        };
        if settled || !step.until_answered {
            return;
        }
        node.sleep(ms(AGAIN_MS)).await;
    }
}

/// Enters an answer into the books. A link that was taken back counts no more, whatever is told of
/// it late.
fn enter(books: &mut BTreeMap<AssetId, Option<SlotNumber>>, ask: Ask, answer: &LockerResponse) {
    match (ask, answer) {
        (Ask::Link(name), LockerResponse::Linked(slot)) => {
            books.entry(AssetId(name.into())).or_insert(Some(*slot));
        }
        (Ask::Unlink(name), LockerResponse::Unlinked) => {
            books.insert(AssetId(name.into()), None);
        }
        _ => {}
    }
}

fn request(ask: Ask) -> LockerRequest {
    let link = |name: &str| DeviceOperation(format!("link-{name}"));
    let asset = |name: &str| AssetId(name.to_owned());
    match ask {
        Ask::Link(name) => LockerRequest::Link {
            operation: link(name),
            asset: asset(name),
        },
        Ask::Unlink(name) => LockerRequest::Unlink {
            operation: DeviceOperation(format!("unlink-{name}")),
            cancels: link(name),
            asset: asset(name),
        },
        Ask::Evidence(name) => LockerRequest::CollectEvidence { asset: asset(name) },
    }
}

fn words(ask: Ask) -> String {
    match ask {
        Ask::Link(name) => format!("link {name}"),
        Ask::Unlink(name) => format!("unlink {name}"),
        Ask::Evidence(name) => format!("evidence {name}"),
    }
}

fn told(answer: Result<&LockerResponse, &CallError>) -> String {
    match answer {
        Ok(LockerResponse::Linked(slot)) => format!("slot {}", slot.0),
        Ok(LockerResponse::Unlinked) => "unlinked".to_owned(),
        Ok(LockerResponse::Cancelled) => "cancelled".to_owned(),
        Ok(LockerResponse::HardwareError(fault)) => fault.to_string(),
        Ok(LockerResponse::Evidence(evidence)) => {
            let slot = evidence.slot.map(|slot| slot.0);
            format!(
                "{:?} in {slot:?}, {:?}, at {}",
                evidence.occupant, evidence.sensor, evidence.taken_at_ms
            )
        }
        Ok(LockerResponse::Links(_)) => "links".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

async fn list(director: &NodeContext) -> Vec<(SlotNumber, AssetId)> {
    let to = director.find(LOCKER);
    let answer = director.call(to, LockerRequest::ListLinks, ms(1_000)).await;
    match answer.as_deref() {
        Ok(LockerResponse::Links(links)) => links.clone(),
        other => panic!("the device is up at the end and lists its links, not {other:?}"),
    }
}

fn asset_row((asset, slot): (&AssetId, &Option<SlotNumber>)) -> Option<Value> {
    let slot = (*slot)?;
    Some(Value::map([
        ("asset", asset.0.as_str().into()),
        ("status", "linked".into()),
        ("locker", LOCKER.into()),
        ("slot", slot.0.into()),
    ]))
}

fn link_row((slot, asset): &(SlotNumber, AssetId)) -> Value {
    Value::map([
        ("locker", LOCKER.into()),
        ("slot", slot.0.into()),
        ("asset", asset.0.as_str().into()),
    ])
}
