//! Hardware that fails: what each trouble does, and that none is there when it is off.

use model::locker::trouble::{HardwareConfig, ScriptedJam};
use sim::ratio::Ratio;

use super::bench::{Ask, Bench, LOCKER, Step, once, until_answered};
use crate::world::stage::expect_lines;

use Ask::{Evidence, Link, Unlink};

#[track_caller]
fn check(
    about: &str,
    trouble: impl FnOnce(&mut HardwareConfig),
    script: &[Step],
    lines: &[&str],
    closed: &[(u32, &str)],
) {
    let bench = Bench::new(script.iter().copied()).trouble(trouble);
    let played = bench.play();
    expect_lines(&played.lines(), lines, about);
    played.expect_closed(closed, about);
}

fn jams(nth: &[u32]) -> Vec<ScriptedJam> {
    let jam = |nth: &u32| ScriptedJam {
        locker: LOCKER.to_owned(),
        nth: *nth,
    };
    nth.iter().map(jam).collect()
}

#[test]
fn a_jam_on_the_script_strikes_that_movement_and_no_other() {
    check(
        "the second and the third movement jam",
        |trouble| trouble.jams = jams(&[2, 3]),
        &[
            once(10, Link("a")),
            once(40, Link("a")),
            once(50, Link("b")),
            once(80, Unlink("a")),
            once(110, Link("b")),
            once(140, Link("a")),
        ],
        &[
            "28 link a: slot 0",
            "42 link a: slot 0",
            "68 link b: the latch is jammed",
            "98 unlink a: the latch is jammed",
            "128 link b: slot 1",
            // The unlink is accepted, although its latch is stuck.
            "142 link a: cancelled",
        ],
        &[(0, "a"), (1, "b")],
    );
}

#[test]
fn a_jam_by_chance_strikes_now_and_then_and_another_try_succeeds() {
    let names = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p",
    ];
    let script = (0..)
        .zip(names)
        .map(|(at, name)| until_answered(10 + at, Link(name)));
    let bench = Bench::new(script).slots(16);
    let played = bench
        .trouble(|trouble| trouble.jam = Ratio::new(1, 2))
        .play();
    let lines = played.lines();
    let jammed = lines.iter().filter(|line| line.ends_with("jammed")).count();
    assert!((6..=40).contains(&jammed), "{lines:?}");
    assert_eq!(played.closed.len(), names.len());
    check(
        "always",
        |trouble| trouble.jam = Ratio::ALWAYS,
        &[once(10, Link("a"))],
        &["28 link a: the latch is jammed"],
        &[],
    );
}

#[test]
fn without_one_command_the_others_jam_as_before() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let lines_without = |left_out: &str| -> Vec<String> {
        let asked = (0..)
            .zip(names)
            .filter(|(_, name)| *name != left_out && *name != "a");
        let script = asked.map(|(at, name)| until_answered(10 + 100 * at, Link(name)));
        let bench = Bench::new(script).slots(8);
        let trouble = bench.trouble(|trouble| trouble.jam = Ratio::new(1, 2));
        let lines = trouble.play().lines();
        let jammed = lines.into_iter().filter(|line| line.ends_with("jammed"));
        jammed.collect()
    };
    let all = lines_without("a");
    assert!(all.len() > 2, "{all:?}");
    for left_out in &names[1..] {
        let mut others = all.clone();
        others.retain(|line| !line.contains(&format!("link {left_out}:")));
        assert_eq!(lines_without(left_out), others, "without {left_out}");
    }
}

#[test]
fn a_command_executed_twice_by_the_firmware_has_one_effect() {
    check(
        "always twice",
        |trouble| trouble.double_execution = Ratio::ALWAYS,
        &[
            once(10, Link("a")),
            once(60, Link("b")),
            once(110, Unlink("a")),
        ],
        &[
            "41 link a: slot 0",
            "91 link b: slot 1",
            "141 unlink a: unlinked",
        ],
        &[(1, "b")],
    );
}

#[test]
fn a_serial_that_is_already_in_the_device_is_refused_at_every_try() {
    let tell = "the tag's serial is already in another slot";
    check(
        "always",
        |trouble| trouble.duplicate_serial = Ratio::ALWAYS,
        &[
            once(10, Link("a")),
            once(40, Link("b")),
            once(70, Link("b")),
        ],
        &[
            "28 link a: slot 0",
            &format!("58 link b: {tell}"),
            &format!("88 link b: {tell}"),
        ],
        &[(0, "a")],
    );
}

#[test]
fn evidence_tells_what_sensors_see_and_how_far_to_trust_them() {
    let script = [
        once(10, Link("a")),
        once(40, Unlink("a")),
        once(70, Link("b")),
        once(100, Evidence("b")),
        once(110, Evidence("a")),
    ];
    let linked = [
        "28 link a: slot 0",
        "58 unlink a: unlinked",
        "88 link b: slot 0",
    ];
    let told = |evidence: [&'static str; 2]| [&linked[..], &evidence].concat();
    type Change = fn(&mut HardwareConfig);
    let cases: [(&str, Change, [&str; 2]); 3] = [
        (
            "sound",
            |_| (),
            [
                "107 evidence b: Expected in Some(0), Fresh, at 106",
                "117 evidence a: Empty in None, Fresh, at 116",
            ],
        ),
        (
            "stale",
            |trouble| trouble.stale_sensor = Ratio::ALWAYS,
            [
                "107 evidence b: Other in Some(0), Stale, at 106",
                "117 evidence a: Empty in None, Stale, at 116",
            ],
        ),
        (
            "contradicting",
            |trouble| trouble.contradicting_sensor = Ratio::ALWAYS,
            [
                "107 evidence b: Contradiction in Some(0), Fresh, at 106",
                "117 evidence a: Empty in None, Fresh, at 116",
            ],
        ),
    ];
    for (about, change, evidence) in cases {
        check(about, change, &script, &told(evidence), &[(0, "b")]);
    }
}

#[test]
fn an_asset_taken_out_by_hand_is_missed_by_evidence_and_stays_linked() {
    let script = [
        once(10, Link("a")),
        once(30, Evidence("a")),
        once(3_900, Evidence("a")),
    ];
    let played = Bench::new(script)
        .trouble(|trouble| trouble.door_opened_every_ms = Some(1_000))
        .play();
    let lines = played.lines();
    assert_eq!(lines[1], "37 evidence a: Expected in Some(0), Fresh, at 36");
    assert_eq!(
        lines[2],
        "3907 evidence a: Empty in Some(0), Fresh, at 3906"
    );
    played.expect_closed(&[(0, "a")], "the latch was not asked");
    let notes = &played.record.notes;
    let taken = notes
        .iter()
        .filter(|note| note.name == "asset_taken_out_by_hand");
    assert_eq!(taken.count(), 1);
}
