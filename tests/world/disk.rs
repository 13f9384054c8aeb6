//! Files: what survives a crash, and what a failed or slow disk does.

use std::collections::BTreeSet;

use sim::fault::FaultKind;
use sim::random::Seeds;
use sim::ratio::Ratio;
use sim::record::Record;

use super::cast::LETTERS;
use super::faults::Case;
use super::stage::{Program, Stage, during, expect_lines, program, said, said_by, say};

pub(super) const CASES: &[Case] = &[
    Case {
        scene: &LETTERS,
        fault: || during(FaultKind::TornWrite, "store", 25, 30),
        disturbed: &[
            "1 store finds []",
            "14 store a kept",
            "31 store finds [a]",
            "44 store a kept",
            "57 store b kept",
            "70 store c kept",
            "83 store d kept",
            "96 store e kept",
            "97 store has [aabcde]",
        ],
    },
    Case {
        scene: &LETTERS,
        fault: || during(FaultKind::SlowSync { extra_ms: 20 }, "store", 20, 30),
        disturbed: &[
            "1 store finds []",
            "14 store a kept",
            "47 store b kept",
            "60 store c kept",
            "73 store d kept",
            "86 store e kept",
            "87 store has [abcde]",
        ],
    },
    Case {
        scene: &LETTERS,
        fault: || {
            let ratio = Ratio::ALWAYS;
            during(FaultKind::SyncError { ratio }, "store", 20, 30)
        },
        disturbed: &[
            "1 store finds []",
            "14 store a kept",
            "27 store b: the sync failed; unsynced bytes are lost",
            "40 store c kept",
            "53 store d kept",
            "66 store e kept",
            "67 store has [acde]",
        ],
    },
    Case {
        scene: &LETTERS,
        fault: || during(FaultKind::DiskFull, "store", 20, 30),
        disturbed: &[
            "1 store finds []",
            "14 store a kept",
            "25 store b: no space left on the disk",
            "38 store c kept",
            "51 store d kept",
            "64 store e kept",
            "65 store has [acde]",
        ],
    },
    Case {
        scene: &LETTERS,
        fault: || {
            let ratio = Ratio::ALWAYS;
            during(FaultKind::BitRot { ratio }, "store", 60, 70)
        },
        disturbed: &[
            "1 store finds []",
            "14 store a kept",
            "27 store b kept",
            "40 store c kept",
            "53 store d kept",
            "66 store e kept",
            "67 store has [Abcde]",
        ],
    },
];

/// In its first life writes and syncs `durable`, writes ` and pending`, and lets time pass; in any
/// life says what it finds at first.
fn writes_half_synced() -> Program {
    program(|node| async move {
        let disk = node.disk();
        let found = disk.read("file").await.unwrap_or_default();
        say(
            &node,
            format!("finds [{}]", String::from_utf8_lossy(&found)),
        );
        if node.incarnation() == 0 {
            let written = disk.append("file", b"durable").await;
            let synced = disk.sync("file").await;
            let pending = disk.append("file", b" and pending").await;
            say(
                &node,
                format!("{}", written.and(synced).and(pending).is_ok()),
            );
        }
    })
}

/// Two such nodes, both hit by the fault at the same moment.
fn after_a_crash(what: FaultKind, seed: u64) -> Record {
    let cast = [("x", writes_half_synced()), ("y", writes_half_synced())];
    let stage = Stage::new(cast).with([during(what, "x, y", 50, 60)]);
    stage
        .configured(|config| config.seeds = Seeds::derive(seed))
        .play()
}

#[test]
fn a_process_crash_keeps_what_was_written_and_a_power_loss_what_was_synced() {
    for (what, left) in [
        (FaultKind::Crash, "61 finds [durable and pending]"),
        (FaultKind::PowerLoss, "61 finds [durable]"),
    ] {
        let found = said_by(&after_a_crash(what, 1), "x");
        expect_lines(&found, &["1 finds []", "5 true", left], "what is left");
    }
}

#[test]
fn a_torn_write_leaves_some_prefix_on_each_disk_by_itself() {
    let mut cuts = BTreeSet::new();
    let mut apart = 0;
    for seed in 0..48 {
        let record = after_a_crash(FaultKind::TornWrite, seed);
        let [x, y] = ["x", "y"].map(|node| {
            let found = said_by(&record, node).pop().expect("it says what it finds");
            let found = found
                .strip_prefix("61 finds [")
                .and_then(|rest| rest.strip_suffix(']'));
            found.expect("it is the second life").to_owned()
        });
        for left in [&x, &y] {
            assert!("durable and pending".starts_with(left.as_str()), "[{left}]");
            assert!(
                left.starts_with("durable"),
                "[{left}]: what was synced stays"
            );
        }
        apart += usize::from(x != y);
        cuts.extend([x.len(), y.len()]);
    }
    assert!(cuts.len() >= 10, "of 13 possible cuts: {cuts:?}");
    assert!(
        apart > 24,
        "{apart} of 48 pairs were torn at different places"
    );
}

/// Says each step's result: what the steps give while a fault may hold from 10 to 20 ms.
fn steps_through() -> Program {
    program(|node| async move {
        let disk = node.disk();
        say(
            &node,
            format!("append {:?}", disk.append("file", b"first").await),
        );
        say(&node, format!("sync {:?}", disk.sync("file").await));
        node.sleep(std::time::Duration::from_millis(7)).await;
        say(
            &node,
            format!("append {:?}", disk.append("file", b" second").await),
        );
        say(&node, format!("sync {:?}", disk.sync("file").await));
        node.sleep(std::time::Duration::from_millis(10)).await;
        say(&node, format!("sync {:?}", disk.sync("file").await));
        let found = disk.read("file").await.unwrap_or_default();
        say(&node, format!("read [{}]", String::from_utf8_lossy(&found)));
    })
}

#[test]
fn after_a_failed_sync_the_next_one_succeeds_without_the_bytes() {
    let fault = during(
        FaultKind::SyncError {
            ratio: Ratio::ALWAYS,
        },
        "x",
        10,
        20,
    );
    expect_lines(
        &Stage::new([("x", steps_through())]).with([fault]).lines(),
        &[
            "1 x append Ok(())",
            "3 x sync Ok(())",
            "11 x append Ok(())",
            "13 x sync Err(SyncFailed)",
            "25 x sync Ok(())",
            "26 x read [first]",
        ],
        "the second sync tells nothing",
    );
}

#[test]
fn a_full_disk_takes_nothing_and_leaves_other_disks_alone() {
    let cast = [("x", steps_through()), ("y", steps_through())];
    let record = Stage::new(cast)
        .with([during(FaultKind::DiskFull, "x", 10, 20)])
        .play();
    let of_x = said_by(&record, "x");
    assert_eq!(of_x[2], "11 append Err(Full)");
    assert_eq!(of_x.last().map(String::as_str), Some("26 read [first]"));
    let of_y = said_by(&record, "y");
    assert_eq!(of_y[2], "11 append Ok(())");
    assert_eq!(
        of_y.last().map(String::as_str),
        Some("26 read [first second]")
    );
}

#[test]
fn bit_rot_flips_one_bit_of_what_is_read_and_not_of_what_is_kept() {
    let reader = program(|node| async move {
        let kept = [0_u8; 64];
        let wrote = node.disk().append("file", &kept).await;
        for _ in 0..40 {
            let read = node.disk().read("file").await.unwrap_or_default();
            let flipped: u32 = read.iter().map(|byte| byte.count_ones()).sum();
            let length = read.len();
            say(
                &node,
                format!("{flipped} of {length} bytes, {}", wrote.is_ok()),
            );
        }
    });
    let half = Ratio::new(1, 2);
    let fault = during(FaultKind::BitRot { ratio: half }, "x", 0, 90);
    let lines = said_by(&Stage::new([("x", reader)]).with([fault]).play(), "x");
    let of = |bits: &str| lines.iter().filter(|line| line.ends_with(bits)).count();
    let (clean, rotten) = (of(" 0 of 64 bytes, true"), of(" 1 of 64 bytes, true"));
    assert_eq!(clean + rotten, 40, "never more than one bit: {lines:?}");
    assert!(clean >= 8 && rotten >= 8, "{clean} clean, {rotten} rotten");
}

#[test]
fn a_cut_is_durable_at_once() {
    let cutter = program(|node| async move {
        let found = node.disk().read("file").await.unwrap_or_default();
        say(
            &node,
            format!("finds [{}]", String::from_utf8_lossy(&found)),
        );
        if node.incarnation() == 0 {
            let written = node.disk().append("file", b"good torn").await;
            let cut = node.disk().truncate("file", 4).await;
            say(&node, format!("{}", written.and(cut).is_ok()));
        }
    });
    let record = Stage::new([("x", cutter)])
        .with([during(FaultKind::PowerLoss, "x", 20, 30)])
        .play();
    expect_lines(
        &said(&record),
        &["1 x finds []", "3 x true", "31 x finds [good]"],
        "a cut",
    );
}
