//! Power loss at every moment of a command: what was begun is finished once, and nothing is lost.

use model::points;
use sim::fault::{Fault, FaultKind};
use sim::record::trace::Happening;

use super::bench::{Ask, Bench, LOCKER, once, until_answered};
use crate::world::stage::{at_point, during};

use Ask::{Link, Unlink};

/// The moments of a command, in their order.
const MOMENTS: [&str; 4] = [
    points::COMMAND_RECEIVED,
    points::COMMAND_JOURNALLED,
    points::LATCH_MOVED,
    points::COMMAND_EXECUTED,
];

/// The ways in which a process ends, by what they leave of its files.
const ENDS: [FaultKind; 3] = [FaultKind::Crash, FaultKind::PowerLoss, FaultKind::TornWrite];

fn every_end(nth: u32) -> impl Iterator<Item = Fault> {
    MOMENTS.into_iter().flat_map(move |moment| {
        ENDS.into_iter()
            .map(move |end| at_point(end, LOCKER, moment, nth, 100))
    })
}

#[test]
fn a_command_repeated_after_power_loss_at_any_moment_takes_one_slot() {
    for end in every_end(1) {
        let script = [
            until_answered(10, Link("a")),
            until_answered(2_000, Link("b")),
        ];
        let about = end.to_string();
        let played = Bench::new(script).with([end]).play();
        played.expect_closed(&[(0, "a"), (1, "b")], &about);
        assert_eq!(played.record.struck.len(), 1, "{about}: it struck");
    }
}

#[test]
fn an_unlink_repeated_after_power_loss_at_any_moment_frees_the_slot_for_good() {
    for end in every_end(2) {
        let script = [
            once(10, Link("a")),
            until_answered(50, Unlink("a")),
            // A late copy of the link, after the unlink was acknowledged.
            once(3_000, Link("a")),
        ];
        let about = end.to_string();
        let played = Bench::new(script).with([end]).play();
        played.expect_closed(&[], &about);
        let last = played.lines().pop();
        assert_eq!(last.as_deref(), Some("3002 link a: cancelled"), "{about}");
    }
}

#[test]
fn power_loss_at_every_moment_one_after_the_other_takes_one_slot() {
    // Each life gets one moment further than the one before.
    let ends = MOMENTS.map(|moment| at_point(FaultKind::PowerLoss, LOCKER, moment, 1, 50));
    let played = Bench::new([until_answered(10, Link("a")), until_answered(12, Link("b"))])
        .with(ends)
        .play();
    assert_eq!(played.record.struck.len(), MOMENTS.len());
    played.expect_closed(&[(0, "a"), (1, "b")], "four lives");
}

#[test]
fn accepted_commands_are_executed_after_the_start_though_nobody_asks_again() {
    // Three commands are accepted at 14; the power goes before any latch has moved.
    let fails = during(FaultKind::PowerLoss, LOCKER, 20, 120);
    let names = ["a", "b", "c"];
    let played = Bench::new(names.map(|name| once(10, Link(name))))
        .with([fails])
        .play();
    let mut assets: Vec<&str> = played
        .closed
        .iter()
        .map(|(_, name)| name.as_str())
        .collect();
    assets.sort_unstable();
    assert_eq!(assets, names, "{:?}", played.lines());
    assert!(played.record.reached.contains("device_resumed_a_command"));
}

#[test]
fn commands_that_were_not_accepted_leave_nothing() {
    // The intent is synced at 14.
    let fails = during(FaultKind::PowerLoss, LOCKER, 13, 120);
    let played = Bench::new([once(10, Link("a"))]).with([fails]).play();
    played.expect_closed(&[], "lost with the unsynced intent");
}

#[test]
fn a_queued_link_that_is_taken_back_before_the_start_executes_it_stays_out() {
    // The link is accepted at 14, the power fails at 20; the device is back at 61 and would move the
    // latch at 71. The unlink arrives in between.
    let fails = || during(FaultKind::PowerLoss, LOCKER, 20, 60);
    for unlink_at in [60, 62, 65, 68, 70] {
        let script = [once(10, Link("a")), until_answered(unlink_at, Unlink("a"))];
        let played = Bench::new(script).with([fails()]).play();
        played.expect_closed(&[], &format!("the unlink is sent at {unlink_at}"));
    }
}

#[test]
fn what_was_answered_before_a_power_loss_is_so_after_it() {
    let script = [
        once(10, Link("a")),
        once(11, Link("b")),
        once(40, Unlink("a")),
        once(300, Link("b")),
        once(310, Link("a")),
        once(320, Link("c")),
    ];
    let fails = during(FaultKind::PowerLoss, LOCKER, 100, 200);
    let played = Bench::new(script).with([fails]).play();
    played.expect_closed(&[(0, "c"), (1, "b")], "a second life");
    let answers: Vec<String> = played.lines().split_off(3);
    assert_eq!(
        answers,
        [
            "302 link b: slot 1",
            "312 link a: cancelled",
            "338 link c: slot 0"
        ]
    );
}

#[test]
fn a_journal_that_cannot_be_written_ends_the_process_before_a_latch_moves() {
    let full = during(FaultKind::DiskFull, LOCKER, 0, 2_000);
    let played = Bench::new([until_answered(10, Link("a"))])
        .with([full])
        .play();
    let first_moved = played.record.trace.events().iter().find(|event| {
        matches!(event.what, Happening::PointReached { point } if point == points::LATCH_MOVED)
    });
    let moved_at = first_moved.expect("it moved in the end").at.millis();
    assert!(moved_at > 2_000, "it moved at {moved_at} ms");
    played.expect_closed(&[(0, "a")], "once there is space");
}
