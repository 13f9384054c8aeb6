//! What a Locker's process knows and decides: a pure value over its journal and its hardware.
//!
//! Its state is what the journal's entries make, applied in their order; recovery applies the same
//! entries again. The slots themselves are the hardware's: after a crash the controller compares the
//! two (see [`Controller::recover`]).
//!
//! A closed latch that no entry accounts for is left alone and never vouched for: the controller
//! cannot know who closed it, and a vault that took a stranger's tag for its own link would let an
//! asset in by the back door. Its slot is lost until people look at it.

use std::collections::BTreeMap;

use super::command::{Command, Entry, Outcome};
use super::hardware::{Hardware, Movement};
use super::memory::{Memory, Remembered};
use super::protocol::HardwareFault;
use crate::defects::{Defect, Defects};
use crate::ids::{AssetId, DeviceOperation, SlotNumber};

/// How a device treats commands it has seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many operations are remembered.
    pub operations_remembered: usize,
    /// Whether a repeated link is recognised, by its operation or by the asset's tag.
    pub recognises_links: bool,
    /// Whether a link that was taken back is refused from then on.
    pub refuses_cancelled: bool,
}

impl Rules {
    /// The right rules, save for the defects.
    pub fn of(operations_remembered: u32, defects: &Defects) -> Rules {
        let remembered = match defects.has(Defect::DedupMemoryOfOne) {
            true => 1,
            false => operations_remembered,
        };
        Rules {
            operations_remembered: remembered as usize,
            recognises_links: !defects.has(Defect::LinkNotIdempotent),
            refuses_cancelled: !defects.has(Defect::UnlinkForgetsLateLink),
        }
    }
}

/// A link of this device: accounted for by the journal, and kept for as long as it lasts, however
/// many operations come after it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assignment {
    slot: SlotNumber,
    operation: DeviceOperation,
}

/// What the process knows.
#[derive(Clone, Debug)]
pub struct Controller {
    rules: Rules,
    assigned: BTreeMap<AssetId, Assignment>,
    memory: Memory,
    /// Commands that are accepted and not finished, with how many copies of each: a copy that failed
    /// says nothing of another, which may have moved the latch.
    unfinished: BTreeMap<DeviceOperation, (Command, u32)>,
}

/// What there is to do about a command.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    Settled(Outcome),
    Move(Movement),
}

impl Controller {
    /// A controller that knows nothing.
    pub fn new(rules: Rules) -> Controller {
        Controller {
            rules,
            assigned: BTreeMap::new(),
            memory: Memory::new(rules.operations_remembered),
            unfinished: BTreeMap::new(),
        }
    }

    /// What the process knows after a start: its journal, corrected by what physically is. A latch
    /// moves before its completion is durable, so after a crash the hardware may be ahead of the
    /// journal, and only for commands that are unfinished there. Those are to be executed again
    /// (see [`Controller::unfinished`]), and find what they have done already. Gives also the entries
    /// that are to be journalled before anything else.
    pub fn recover(
        rules: Rules,
        journal: &[Entry],
        hardware: &Hardware,
    ) -> (Controller, Vec<Entry>) {
        let mut controller = Controller::new(rules);
        for entry in journal {
            controller.apply(entry);
        }
        let opened = |asset: &AssetId, link: &Assignment| hardware.tag(link.slot) != Some(asset);
        controller
            .assigned
            .retain(|asset, link| !opened(asset, link));
        let found = controller.moved_already(hardware);
        for entry in &found {
            controller.apply(entry);
        }
        (controller, found)
    }

    /// The unfinished links whose latches have moved.
    fn moved_already(&self, hardware: &Hardware) -> Vec<Entry> {
        let commands = self.unfinished.values().map(|(command, _)| command);
        let links = commands.filter(|command| matches!(command, Command::Link { .. }));
        let unknown = links.filter(|command| self.slot_of(command.asset()).is_none());
        let moved = unknown.filter_map(|command| {
            let slot = hardware.slot_of(command.asset())?;
            Some(Entry::Found(command.clone(), slot))
        });
        moved.collect()
    }

    /// Commands that were accepted and not finished: each copy of them, with its number among its
    /// like.
    pub fn unfinished(&self) -> impl Iterator<Item = (&Command, u32)> {
        let commands = self.unfinished.values();
        commands.flat_map(|(command, copies)| (0..*copies).map(move |copy| (command, copy)))
    }

    /// The closed latches that nothing in the journal accounts for.
    pub fn unaccounted(&self, hardware: &Hardware) -> Vec<(SlotNumber, AssetId)> {
        let closed = hardware.links();
        let strange = closed.filter(|(slot, asset)| self.slot_of(asset) != Some(*slot));
        strange.map(|(slot, asset)| (slot, asset.clone())).collect()
    }

    /// The slot that is closed for an asset, as far as the journal accounts for it.
    pub fn slot_of(&self, asset: &AssetId) -> Option<SlotNumber> {
        self.assigned.get(asset).map(|link| link.slot)
    }

    /// What a command came to before, when it needs no execution now.
    pub fn known(&self, command: &Command, hardware: &Hardware) -> Option<Outcome> {
        let remembered = self.memory.recall(command.operation());
        match (command, remembered) {
            (Command::Link { .. }, Some(Remembered::Cancelled)) => Some(Outcome::Cancelled),
            (Command::Link { .. }, _) if !self.rules.recognises_links => None,
            (Command::Link { .. }, Some(Remembered::Linked(slot))) => Some(Outcome::Linked(slot)),
            // However old the command is: the asset's tag is behind the latch that it was given.
            (Command::Link { asset, .. }, _) => {
                let slot = self.slot_of(asset)?;
                (hardware.tag(slot) == Some(asset)).then_some(Outcome::Linked(slot))
            }
            (Command::Unlink { .. }, Some(Remembered::Unlinked)) => Some(Outcome::Unlinked),
            (Command::Unlink { .. }, _) => None,
        }
    }

    fn decide(&self, command: &Command, hardware: &Hardware) -> Decision {
        if let Some(outcome) = self.known(command, hardware) {
            return Decision::Settled(outcome);
        }
        match command {
            Command::Link { asset, .. } => match hardware.open_slot() {
                Some(slot) => Decision::Move(Movement::Close(slot, asset.clone())),
                None => Decision::Settled(Outcome::Failed(HardwareFault::Full)),
            },
            Command::Unlink { asset, .. } => match self.slot_of(asset) {
                Some(slot) => Decision::Move(Movement::Open(slot)),
                None => Decision::Settled(Outcome::Unlinked),
            },
        }
    }

    /// Decides about a command and moves the latch: one indivisible step, so that two commands under
    /// way at once see each other's work or none of it. Gives the entry that is now to be journalled.
    pub fn execute(&mut self, command: &Command, hardware: &mut Hardware, jams: bool) -> Entry {
        let outcome = match self.decide(command, hardware) {
            Decision::Settled(outcome) => outcome,
            Decision::Move(movement) => match hardware.move_latch(&movement, jams) {
                Ok(()) => done(&movement),
                Err(fault) => Outcome::Failed(fault),
            },
        };
        let entry = Entry::Done(command.clone(), outcome);
        self.apply(&entry);
        entry
    }

    /// Accepts a command. Gives the entry that must be durable before the command is executed.
    pub fn accept(&mut self, command: &Command) -> Entry {
        let entry = Entry::Intent(command.clone());
        self.apply(&entry);
        entry
    }

    /// What an entry of the journal changes, at once and when it is read again.
    fn apply(&mut self, entry: &Entry) {
        match entry {
            Entry::Intent(command) => {
                let operation = command.operation().clone();
                let accepted = self.unfinished.entry(operation);
                let (_, copies) = accepted.or_insert_with(|| (command.clone(), 0));
                *copies += 1;
                if let Command::Unlink { cancels, .. } = command {
                    self.cancel(cancels);
                }
            }
            Entry::Found(command, slot) => self.assign(command, *slot),
            Entry::Done(command, outcome) => {
                self.close(command.operation());
                self.finish(command, *outcome);
            }
        }
    }

    /// Closes one copy. There is none when the device moves before it journals, which is a defect.
    fn close(&mut self, operation: &DeviceOperation) {
        if let Some((_, copies)) = self.unfinished.get_mut(operation) {
            *copies -= 1;
            if *copies == 0 {
                self.unfinished.remove(operation);
            }
        }
    }

    fn finish(&mut self, command: &Command, outcome: Outcome) {
        match (command, outcome) {
            (_, Outcome::Failed(_) | Outcome::Cancelled) => {}
            // Another copy has done it before; what came since is not this one's to undo.
            (Command::Unlink { operation, .. }, Outcome::Unlinked)
                if self.memory.recall(operation) == Some(Remembered::Unlinked) => {}
            (Command::Link { operation, .. }, Outcome::Linked(slot)) => {
                let remembered = Remembered::Linked(slot);
                self.memory.remember(operation, remembered);
                self.assign(command, slot);
            }
            (
                Command::Unlink {
                    operation,
                    cancels,
                    asset,
                },
                Outcome::Unlinked,
            ) => {
                // The link may have come by another operation than the one taken back: neither
                // may bring the asset back.
                if let Some(link) = self.assigned.remove(asset) {
                    self.cancel(&link.operation);
                }
                self.cancel(cancels);
                self.memory.remember(operation, Remembered::Unlinked);
            }
            (command, outcome) => {
                panic!("{command:?} comes to an outcome of its own kind, not {outcome:?}")
            }
        }
    }

    fn assign(&mut self, link: &Command, slot: SlotNumber) {
        let operation = link.operation().clone();
        let assignment = Assignment { slot, operation };
        self.assigned.insert(link.asset().clone(), assignment);
    }

    fn cancel(&mut self, link: &DeviceOperation) {
        match self.rules.refuses_cancelled {
            true => self.memory.remember(link, Remembered::Cancelled),
            false => self.memory.forget(link),
        }
    }
}

fn done(movement: &Movement) -> Outcome {
    match movement {
        Movement::Close(slot, _) => Outcome::Linked(*slot),
        Movement::Open(_) => Outcome::Unlinked,
    }
}

#[cfg(test)]
mod tests;
