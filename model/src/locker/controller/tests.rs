//! The controller's cases: repetition, tags, and starts after a crash.

use super::*;
use crate::locker::trouble::HardwareConfig;
use sim::random::{Randomness, Seeds};

/// A device whose journal is written at once, and cut where a test says so.
struct Device {
    hardware: Hardware,
    controller: Controller,
    journal: Vec<Entry>,
}

fn rules() -> Rules {
    Rules::of(1_000, &Defects::default())
}

fn device(slots: u32) -> Device {
    let randomness = Randomness::new(Seeds::derive(1));
    let config = HardwareConfig::default();
    Device {
        hardware: Hardware::new("locker-1", slots, &config, randomness),
        controller: Controller::new(rules()),
        journal: Vec::new(),
    }
}

fn link(name: &str) -> Command {
    Command::Link {
        operation: DeviceOperation(format!("link {name}")),
        asset: AssetId(name.into()),
    }
}

/// What takes `link(name)` back.
fn unlink(name: &str) -> Command {
    Command::Unlink {
        operation: DeviceOperation(format!("unlink {name}")),
        cancels: DeviceOperation(format!("link {name}")),
        asset: AssetId(name.into()),
    }
}

fn slot(number: u32) -> Outcome {
    Outcome::Linked(SlotNumber(number))
}

impl Device {
    fn accept(&mut self, command: &Command) {
        self.journal.push(self.controller.accept(command));
    }

    fn execute(&mut self, command: &Command, jams: bool) -> Outcome {
        let entry = self.controller.execute(command, &mut self.hardware, jams);
        self.journal.push(entry.clone());
        match entry {
            Entry::Done(_, outcome) => outcome,
            other => panic!("what was executed is done, not {other:?}"),
        }
    }

    fn does(&mut self, command: &Command) -> Outcome {
        self.accept(command);
        self.execute(command, false)
    }

    /// Loses this many entries from the end of the journal, and starts anew.
    fn crash(&mut self, lost: usize) {
        self.journal.truncate(self.journal.len() - lost);
        let (controller, found) = Controller::recover(rules(), &self.journal, &self.hardware);
        self.controller = controller;
        self.journal.extend(found);
    }

    fn resume(&mut self) {
        let unfinished = self.controller.unfinished();
        let commands: Vec<Command> = unfinished.map(|(command, _)| command.clone()).collect();
        for command in commands {
            self.execute(&command, false);
        }
    }

    #[track_caller]
    fn expect(&self, expected: &[(u32, &str)]) {
        let closed = self.hardware.links();
        let closed: Vec<_> = closed.map(|(slot, tag)| (slot.0, tag.0.as_str())).collect();
        assert_eq!(closed, expected);
        assert_eq!(self.controller.unaccounted(&self.hardware), []);
    }
}

#[test]
fn a_repeated_command_comes_to_what_it_came_to_before() {
    let mut device = device(2);
    for _ in 0..2 {
        assert_eq!(device.does(&link("a")), slot(0));
        assert_eq!(device.does(&link("b")), slot(1));
        let full = Outcome::Failed(HardwareFault::Full);
        assert_eq!(device.does(&link("c")), full);
    }
    device.expect(&[(0, "a"), (1, "b")]);
    for _ in 0..2 {
        assert_eq!(device.does(&unlink("a")), Outcome::Unlinked);
        assert_eq!(device.does(&link("a")), Outcome::Cancelled);
    }
    device.expect(&[(1, "b")]);
    device.crash(0);
    assert_eq!(device.does(&link("a")), Outcome::Cancelled);
    assert_eq!(device.does(&link("b")), slot(1));
    device.expect(&[(1, "b")]);
}

#[test]
fn an_asset_that_is_still_linked_is_recognised_by_its_tag_whatever_the_operation() {
    let mut device = device(2);
    device.does(&link("a"));
    let other = Command::Link {
        operation: DeviceOperation("another".into()),
        asset: AssetId("a".into()),
    };
    assert_eq!(
        device.controller.known(&other, &device.hardware),
        Some(slot(0))
    );
    assert_eq!(device.does(&other), slot(0));
    device.expect(&[(0, "a")]);
}

#[test]
fn what_had_moved_before_a_crash_is_found_and_finished() {
    for finished in [link("a"), unlink("a")] {
        let mut device = device(2);
        if finished == unlink("a") {
            device.does(&link("a"));
        }
        let before = device.does(&finished);
        device.crash(1);
        assert_eq!(device.controller.unfinished().count(), 1);
        assert_eq!(device.execute(&finished, false), before);
        let closed: &[(u32, &str)] = match before {
            Outcome::Linked(_) => &[(0, "a")],
            _ => &[],
        };
        device.expect(closed);
    }
}

#[test]
fn a_copy_that_failed_says_nothing_of_one_that_moved() {
    let mut device = device(2);
    device.accept(&link("a"));
    device.accept(&link("a"));
    let jammed = Outcome::Failed(HardwareFault::Jammed);
    assert_eq!(device.execute(&link("a"), true), jammed);
    assert_eq!(device.execute(&link("a"), false), slot(0));
    device.crash(1);
    device.expect(&[(0, "a")]);
    device.resume();
    device.expect(&[(0, "a")]);
}

#[test]
fn what_a_start_found_stays_known_when_its_link_is_refused_afterwards() {
    let mut device = device(2);
    device.does(&link("a"));
    device.crash(1);
    device.accept(&unlink("a"));
    assert_eq!(device.execute(&link("a"), false), Outcome::Cancelled);
    device.crash(0);
    device.expect(&[(0, "a")]);
    device.resume();
    device.expect(&[]);
}

#[test]
fn a_late_copy_of_an_unlink_does_not_undo_what_came_since() {
    let mut device = device(2);
    device.does(&link("a"));
    device.accept(&unlink("a"));
    device.does(&unlink("a"));
    let anew = Command::Link {
        operation: DeviceOperation("link a anew".into()),
        asset: AssetId("a".into()),
    };
    assert_eq!(device.does(&anew), slot(0));
    assert_eq!(device.execute(&unlink("a"), false), Outcome::Unlinked);
    device.expect(&[(0, "a")]);
    device.crash(0);
    device.expect(&[(0, "a")]);
}

#[test]
fn a_latch_that_nothing_accounts_for_is_not_vouched_for() {
    let mut device = device(2);
    let command = link("a");
    device.execute(&command, false);
    device.crash(1);
    let strange = device.controller.unaccounted(&device.hardware);
    assert_eq!(strange, [(SlotNumber(0), AssetId("a".into()))]);
    assert_eq!(device.controller.known(&command, &device.hardware), None);
    assert_eq!(device.does(&unlink("a")), Outcome::Unlinked);
    assert_eq!(device.hardware.links().count(), 1, "it is left alone");
}
