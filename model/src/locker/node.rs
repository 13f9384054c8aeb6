//! A Locker as a node: it executes commands, late if need be.
//!
//! A device knows nothing of its caller's patience: a command that waited longer than its caller is
//! executed all the same. The order of a command's steps is what makes it survive a power failure at
//! any moment: the intent is durable, then the latch moves, then the completion is durable, then it
//! answers. A start executes what was accepted and not finished, with nobody to answer to.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;
use sim::random::{Lineage, Root};
use sim::ratio::Ratio;
use sim::record::value::Value;

use super::command::{Command, Entry, Outcome};
use super::controller::{Controller, Rules};
use super::evidence::{self, Condition};
use super::hardware::Hardware;
use super::protocol::{LockerRequest, LockerResponse};
use super::trouble::HardwareConfig;
use super::writer::{JOURNAL, Writer};
use crate::config::Timing;
use crate::defects::{Defect, Defects};
use crate::ids::AssetId;
use crate::journal;
use crate::points;

/// What all Lockers are made of.
#[derive(Clone)]
pub struct LockerSetup {
    link: Latency,
    evidence: Latency,
    trouble: HardwareConfig,
    defects: Defects,
}

impl LockerSetup {
    /// The Lockers' part of the system.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(timing: &Timing, trouble: &HardwareConfig, defects: &Defects) -> LockerSetup {
        let latency = |table| Latency::try_from(table).expect("validated tables ascend");
        LockerSetup {
            link: latency(timing.link),
            evidence: latency(timing.evidence),
            trouble: trouble.clone(),
            defects: defects.clone(),
        }
    }

    fn rules(&self) -> Rules {
        Rules::of(self.trouble.operations_remembered, &self.defects)
    }
}

/// One life of a Locker.
struct Locker {
    context: NodeContext,
    setup: Rc<LockerSetup>,
    /// The same in all lives.
    hardware: Rc<RefCell<Hardware>>,
    controller: RefCell<Controller>,
    writer: Writer,
}

/// A Locker's program: recover, then serve.
pub async fn run(context: NodeContext, setup: Rc<LockerSetup>, hardware: Rc<RefCell<Hardware>>) {
    let entries: Vec<Entry> = journal::recover(&context, JOURNAL).await;
    let (controller, found) = Controller::recover(setup.rules(), &entries, &hardware.borrow());
    let writer = Writer::new(context.clone());
    for entry in &found {
        writer.enter(entry);
    }
    let locker = Rc::new(Locker {
        context: context.clone(),
        setup,
        hardware,
        controller: RefCell::new(controller),
        writer,
    });
    locker.resume();
    loop {
        let incoming = context.receive().await;
        let locker = locker.clone();
        context.spawn_for(
            incoming.lineage,
            async move { locker.serve(incoming).await },
        );
    }
}

impl Locker {
    /// Executes what an earlier life accepted and did not finish.
    fn resume(self: &Rc<Self>) {
        let controller = self.controller.borrow();
        for (slot, asset) in controller.unaccounted(&self.hardware.borrow()) {
            tracing::error!(slot = slot.0, %asset, "a latch is closed that nobody asked to close");
        }
        let life = u64::from(self.context.incarnation());
        for (command, copy) in controller.unfinished() {
            self.context.reached("device_resumed_a_command");
            let cause = format!("{} {}", self.context.name(), command.operation());
            let lineage = Lineage::of(&cause).child("resume", life);
            let lineage = lineage.child("copy", u64::from(copy));
            let command = command.clone();
            let locker = self.clone();
            self.context.spawn_for(lineage, async move {
                locker.execute(&command).await;
                locker.writer.durable().await;
            });
        }
    }

    async fn serve(&self, incoming: Incoming) {
        let request: Arc<LockerRequest> = incoming
            .payload()
            .expect("a Locker is asked in its own protocol");
        let response = match (*request).clone() {
            LockerRequest::Link { operation, asset } => {
                self.command(Command::Link { operation, asset }).await
            }
            LockerRequest::Unlink {
                operation,
                cancels,
                asset,
            } => {
                let command = Command::Unlink {
                    operation,
                    cancels,
                    asset,
                };
                self.command(command).await
            }
            LockerRequest::CollectEvidence { asset } => self.collect_evidence(&asset).await,
            LockerRequest::ListLinks => self.list(),
        };
        self.context.reply(&incoming, response);
    }

    async fn command(&self, command: Command) -> LockerResponse {
        self.context.pass(points::COMMAND_RECEIVED).await;
        let known = self
            .controller
            .borrow()
            .known(&command, &self.hardware.borrow());
        let outcome = match known {
            Some(outcome) => {
                self.recognised(outcome);
                outcome
            }
            None => {
                let outcome = self.begin(&command).await;
                if self.chance(self.setup.trouble.double_execution, "double_execution") {
                    self.begin(&command).await;
                }
                outcome
            }
        };
        // What is recognised may not be durable yet, hence this wait for both.
        self.writer.durable().await;
        self.context.pass(points::COMMAND_EXECUTED).await;
        outcome.into()
    }

    async fn begin(&self, command: &Command) -> Outcome {
        if !self.setup.defects.has(Defect::LatchBeforeJournal) {
            let intent = self.controller.borrow_mut().accept(command);
            self.writer.enter(&intent);
            self.writer.durable().await;
        }
        self.context.pass(points::COMMAND_JOURNALLED).await;
        self.execute(command).await
    }

    /// Works for as long as the hardware takes, then moves the latch.
    async fn execute(&self, command: &Command) -> Outcome {
        self.context.work(&self.setup.link).await;
        let jams = self.chance(self.setup.trouble.jam, "jam");
        self.notice_opened_doors();
        let known = self
            .controller
            .borrow()
            .known(command, &self.hardware.borrow());
        if let Some(outcome) = known {
            self.recognised(outcome);
        }
        let done =
            self.controller
                .borrow_mut()
                .execute(command, &mut self.hardware.borrow_mut(), jams);
        self.writer.enter(&done);
        let Entry::Done(_, outcome) = done else {
            panic!("what was executed is done");
        };
        if let Outcome::Failed(fault) = outcome {
            tracing::error!(asset = %command.asset(), %fault, "the hardware did not move");
        }
        self.context.pass(points::LATCH_MOVED).await;
        outcome
    }

    fn recognised(&self, outcome: Outcome) {
        self.context.reached(match outcome {
            Outcome::Cancelled => "device_refused_a_cancelled_link",
            _ => "device_recognised_a_repeated_command",
        });
    }

    async fn collect_evidence(&self, asset: &AssetId) -> LockerResponse {
        self.context.work(&self.setup.evidence).await;
        self.notice_opened_doors();
        let trouble = &self.setup.trouble;
        let condition = Condition {
            taken_at_ms: self.context.wall_clock().millis(),
            stale: self.chance(trouble.stale_sensor, "stale_sensor"),
            contradicts: self.chance(trouble.contradicting_sensor, "contradicting_sensor"),
        };
        let slot = self.controller.borrow().slot_of(asset);
        let hardware = self.hardware.borrow();
        LockerResponse::Evidence(evidence::collect(&hardware, slot, asset, condition))
    }

    fn list(&self) -> LockerResponse {
        self.notice_opened_doors();
        let hardware = self.hardware.borrow();
        let links = hardware.links().map(|(slot, asset)| (slot, asset.clone()));
        LockerResponse::Links(links.collect())
    }

    /// Lets what people did by hand until now have happened, before anything is moved or read.
    fn notice_opened_doors(&self) {
        let now = self.context.monotonic();
        for taken in self.hardware.borrow_mut().open_doors(now) {
            let at_ms = i64::try_from(taken.at.as_millis()).unwrap_or(i64::MAX);
            let detail = Value::map([
                ("slot", taken.slot.0.into()),
                ("asset", taken.asset.0.into()),
                ("at_ms", at_ms.into()),
            ]);
            self.context.note("asset_taken_out_by_hand", detail);
        }
    }

    /// Whether something goes wrong this time, by a draw of the command's own cause.
    fn chance(&self, ratio: Ratio, what: &'static str) -> bool {
        ratio != Ratio::NEVER && self.context.stream(Root::Plan, what).chance(ratio)
    }
}
