//! Clocks: skew, drift, jumps, and timers under them.

use sim::fault::{Fault, FaultKind};

use super::cast::{CLOCKS, asks, reads_clocks};
use super::faults::Case;
use super::stage::{Stage, during, expect_lines, ms, program};

pub(super) const CASES: &[Case] = &[
    Case {
        scene: &CLOCKS,
        fault: || during(FaultKind::ClockSkew { offset_ms: 500 }, "watch", 15, 35),
        disturbed: &[
            "10 watch wall 10, monotonic 10",
            "20 watch wall 520, monotonic 20",
            "30 watch wall 530, monotonic 30",
            "40 watch wall 40, monotonic 40",
        ],
    },
    Case {
        scene: &CLOCKS,
        fault: || {
            let parts_per_million = 1_000_000;
            during(FaultKind::ClockDrift { parts_per_million }, "watch", 10, 20)
        },
        disturbed: &[
            "10 watch wall 10, monotonic 10",
            "15 watch wall 20, monotonic 20",
            "20 watch wall 30, monotonic 30",
            "30 watch wall 40, monotonic 40",
            "40 watch wall 50, monotonic 50",
        ],
    },
    Case {
        scene: &CLOCKS,
        fault: || during(FaultKind::ClockJump { offset_ms: -500 }, "watch", 15, 35),
        disturbed: &[
            "10 watch wall 10, monotonic 10",
            "20 watch wall -480, monotonic 20",
            "30 watch wall -470, monotonic 30",
            "40 watch wall -460, monotonic 40",
        ],
    },
];

fn drift(parts_per_million: i64, from_ms: u64, until_ms: u64) -> Fault {
    during(
        FaultKind::ClockDrift { parts_per_million },
        "watch",
        from_ms,
        until_ms,
    )
}

/// What the watch says until 35 ms.
#[track_caller]
fn check(faults: impl IntoIterator<Item = Fault>, expected: &[&str]) {
    let stage = Stage::new([("watch", reads_clocks())])
        .with(faults)
        .lasting(35);
    let lines: Vec<String> = stage
        .lines()
        .iter()
        .map(|line| line.replace("watch ", ""))
        .collect();
    expect_lines(&lines, expected, "the watch");
}

#[test]
fn a_slow_clock_counts_less_and_rings_late() {
    check(
        [drift(-500_000, 10, 30)],
        &["10 wall 10, monotonic 10", "30 wall 20, monotonic 20"],
    );
}

#[test]
fn what_is_wrong_with_a_clock_adds_up_and_is_taken_away_again() {
    let skew =
        |offset_ms, from, until| during(FaultKind::ClockSkew { offset_ms }, "watch", from, until);
    check(
        [skew(100, 5, 25), skew(-40, 15, 35)],
        &[
            "10 wall 110, monotonic 10",
            "20 wall 80, monotonic 20",
            "30 wall -10, monotonic 30",
        ],
    );
    // Together these would stop the clock; it crawls, and runs at its rate afterwards.
    check(
        [drift(-900_000, 10, 20), drift(-900_000, 10, 20)],
        &["10 wall 10, monotonic 10"],
    );
    check(
        [drift(-900_000, 1, 5), drift(-900_000, 1, 5)],
        &[
            "10 wall 6, monotonic 6",
            "20 wall 16, monotonic 16",
            "30 wall 26, monotonic 26",
        ],
    );
}

#[test]
fn healing_sets_the_wall_clock_right_and_never_steps_the_monotonic_one() {
    let jump = during(FaultKind::ClockJump { offset_ms: 500 }, "watch", 5, 8);
    let faults = [drift(1_000_000, 0, 1_000), jump];
    let stage = Stage::new([("watch", reads_clocks())]).with(faults);
    let stage = stage.directed(|world, director| async move {
        director.sleep(ms(12)).await;
        world.heal();
        director.sleep(ms(15)).await;
    });
    expect_lines(
        &stage.lines(),
        &[
            // The first timer was set before anything else happened, hence before the drift.
            "10 watch wall 520, monotonic 20",
            "15 watch wall 15, monotonic 27",
            "25 watch wall 25, monotonic 37",
        ],
        "healed at 12 ms, twice as fast before",
    );
}

#[test]
fn a_fast_clock_gives_up_early() {
    for (fault, expected) in [
        (None, "50 watch 0 timed out"),
        (Some(drift(1_000_000, 5, 90)), "30 watch 0 timed out"),
    ] {
        let deaf = program(|_| async {});
        let cast = [("watch", asks("deaf", &[10], 40)), ("deaf", deaf)];
        expect_lines(
            &Stage::new(cast).with(fault).lines(),
            &[expected],
            "40 ms of patience",
        );
    }
}
