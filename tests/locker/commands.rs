//! Commands that are repeated, late or taken back, while nothing is broken but patience.

use model::locker::protocol::HardwareFault;
use model::points::{COMMAND_JOURNALLED, COMMAND_RECEIVED};
use sim::fault::{Fault, FaultKind};

use super::bench::{Ask, Bench, LOCKER, Step, once};
use crate::world::stage::{at_point, during, expect_lines};

use Ask::{Link, Unlink};

/// The nth command to pass a point stands still there.
fn stall(point: &str, nth: u32, lasts_ms: u64) -> Fault {
    at_point(FaultKind::Stall, LOCKER, point, nth, lasts_ms)
}

#[track_caller]
fn check(about: &str, script: &[Step], faults: &[Fault], lines: &[&str], closed: &[(u32, &str)]) {
    let bench = Bench::new(script.iter().copied());
    let played = bench.with(faults.iter().cloned()).play();
    expect_lines(&played.lines(), lines, about);
    played.expect_closed(closed, about);
}

#[test]
fn a_link_and_an_unlink_are_journalled_moved_and_answered() {
    check(
        "one after the other",
        &[
            once(10, Link("a")),
            once(20, Link("b")),
            once(50, Unlink("a")),
        ],
        &[],
        &[
            "28 link a: slot 0",
            "38 link b: slot 1",
            "68 unlink a: unlinked",
        ],
        &[(1, "b")],
    );
}

#[test]
fn a_repeated_command_gets_its_former_answer_without_a_movement() {
    check(
        "after the first is answered",
        &[
            once(10, Link("a")),
            once(40, Link("a")),
            once(50, Unlink("a")),
            once(80, Unlink("a")),
        ],
        &[],
        &[
            "28 link a: slot 0",
            "42 link a: slot 0",
            "68 unlink a: unlinked",
            "82 unlink a: unlinked",
        ],
        &[],
    );
}

#[test]
fn two_commands_of_one_operation_at_once_take_one_slot() {
    for later in [10, 11, 13, 15, 22, 25] {
        let script = [
            once(10, Link("a")),
            once(later, Link("a")),
            once(60, Link("b")),
        ];
        let about = format!("the second is sent at {later}");
        let played = Bench::new(script).play();
        played.expect_closed(&[(0, "a"), (1, "b")], &about);
        let linked = played
            .lines()
            .iter()
            .filter(|line| line.ends_with("link a: slot 0"))
            .count();
        assert_eq!(linked, 2, "{about}: {:?}", played.lines());
    }
}

#[test]
fn a_command_is_executed_after_its_caller_lost_patience() {
    // The caller waits a second, the device stands still for two.
    let late = stall(COMMAND_RECEIVED, 1, 2_000);
    let played = Bench::new([once(10, Link("a"))]).with([late]).play();
    assert_eq!(played.lines(), ["1010 link a: TimedOut"]);
    assert_eq!(played.closed, [(0, "a".to_owned())]);
    // The caller never learns of it, and that is what the check is for.
    assert_eq!(played.verdict().name(), "violated");
}

#[test]
fn the_late_execution_and_the_repeated_command_take_one_slot() {
    for (point, lasts_ms) in [(COMMAND_RECEIVED, 2_000), (COMMAND_JOURNALLED, 2_000)] {
        let script = [
            once(10, Link("a")),
            once(1_100, Link("a")),
            once(2_500, Link("a")),
        ];
        let played = Bench::new(script).with([stall(point, 1, lasts_ms)]).play();
        played.expect_closed(&[(0, "a")], point);
        assert!(
            played
                .record
                .reached
                .contains("device_recognised_a_repeated_command")
        );
    }
}

#[test]
fn a_link_that_comes_after_its_unlink_is_refused() {
    check(
        "the unlink overtakes the link that stands still",
        &[
            once(10, Link("a")),
            once(20, Unlink("a")),
            once(400, Link("a")),
        ],
        &[stall(COMMAND_RECEIVED, 1, 300)],
        &[
            "38 unlink a: unlinked",
            "312 link a: cancelled",
            "402 link a: cancelled",
        ],
        &[],
    );
    check(
        "the link comes for the first time",
        &[once(10, Unlink("a")), once(40, Link("a"))],
        &[],
        &["28 unlink a: unlinked", "42 link a: cancelled"],
        &[],
    );
}

#[test]
fn a_link_under_way_while_its_unlink_comes_is_not_in_the_device_afterwards() {
    // Sent at 10, the link is journalled at 14 and moves its latch at 24.
    for unlink_at in 10..=30 {
        let script = [once(10, Link("a")), once(unlink_at, Unlink("a"))];
        let played = Bench::new(script).play();
        let about = format!("the unlink is sent at {unlink_at}");
        played.expect_closed(&[], &about);
        let unlinked = |line: &String| line.ends_with("unlink a: unlinked");
        assert!(played.lines().iter().any(unlinked), "{about}");
    }
    for unlink_at in [12, 30] {
        let script = [once(10, Link("a")), once(unlink_at, Unlink("a"))];
        let stalled = [stall(COMMAND_JOURNALLED, 1, 200)];
        let about = format!("accepted, and stands still; the unlink is sent at {unlink_at}");
        Bench::new(script)
            .with(stalled)
            .play()
            .expect_closed(&[], &about);
    }
}

#[test]
fn a_late_unlink_takes_back_only_once() {
    // The first copy of the unlink stands still until long after the second was answered.
    check(
        "a copy executed late changes nothing more",
        &[
            once(10, Link("a")),
            once(40, Unlink("a")),
            once(50, Unlink("a")),
            once(100, Link("b")),
        ],
        &[stall(COMMAND_JOURNALLED, 2, 200)],
        &[
            "28 link a: slot 0",
            "68 unlink a: unlinked",
            "118 link b: slot 0",
            "258 unlink a: unlinked",
        ],
        &[(0, "b")],
    );
}

#[test]
fn a_full_device_says_so_and_takes_the_next_when_a_slot_is_free() {
    let script = [
        once(10, Link("a")),
        once(40, Link("b")),
        once(70, Unlink("a")),
        once(100, Link("b")),
    ];
    let played = Bench::new(script).slots(1).play();
    let full = format!("58 link b: {}", HardwareFault::Full);
    expect_lines(
        &played.lines(),
        &[
            "28 link a: slot 0",
            &full,
            "88 unlink a: unlinked",
            "118 link b: slot 0",
        ],
        "one slot",
    );
    played.expect_closed(&[(0, "b")], "one slot");
}

#[test]
fn commands_are_answered_once_when_the_network_doubles_them() {
    let ratio = sim::ratio::Ratio::ALWAYS;
    let doubled = during(FaultKind::Duplicate { ratio }, "*", 0, 3_000);
    let script = [
        once(10, Link("a")),
        once(12, Link("b")),
        once(60, Unlink("a")),
    ];
    let played = Bench::new(script).with([doubled]).play();
    played.expect_closed(&[(1, "b")], "every message arrives twice");
}
