//! Accepted, rejected and drawn transaction histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::isolation::{Anomaly, Isolation};
use super::report::{Limits, Report};
use super::rw_register::Assumptions;
use super::specimen::{lists, registers, serial_lists, serial_registers};
use super::transaction::ListStep;
use super::{list_append, rw_register};
use crate::checkers::specimen::{Crowd, altered};
use crate::checkers::verdict::Verdict;

fn found(report: &Report) -> String {
    report
        .anomalies()
        .map(Anomaly::name)
        .collect::<Vec<_>>()
        .join(" ")
}

fn in_lists(text: &str) -> Report {
    list_append::analyse(&lists(text), Limits::USUAL)
}

fn in_registers(text: &str) -> Report {
    rw_register::analyse(&registers(text), &Assumptions::none(), Limits::USUAL)
}

#[test]
fn list_histories_without_anomaly_are_strictly_serializable() {
    let cases = [
        ("in sequence", "0: ax1 rx:1\n1: rx:1 ax2\n0: rx:1,2"),
        (
            "two reads of one version before its replacement",
            "0: rx: rx: ax1\n1: rx:1 rx:1\n2: rx:1 ax2",
        ),
        (
            "a read and an append of the same transaction",
            "0: rx: ax1\n1: rx:1 ax2 rx:1,2 ax3\n2: rx:1,2,3",
        ),
        (
            "an aborted append nobody saw",
            "0 begins\n0 aborts ax1\n1: rx:",
        ),
        (
            "an unknown append that was seen",
            "0 begins\n0 loses ax1\n1: rx:\n2: rx:1",
        ),
        (
            "an unknown append nobody saw",
            "0 begins\n0 loses ax1 ay1\n1: rx: ry:",
        ),
        (
            "concurrent transactions in either order",
            "0 begins\n1 begins\n0 commits ax1 rx:2,1\n1 commits ax2 ry:",
        ),
        ("appends never read", "0: ax1\n1: ax2\n2: ax3 ay1"),
    ];
    for (claim, text) in cases {
        let report = in_lists(text);
        assert_eq!(found(&report), "", "{claim}");
        assert_eq!(
            report.verdict(Isolation::StrictSerializable),
            Verdict::Held,
            "{claim}"
        );
    }
}

#[test]
fn list_anomalies_are_found_and_named() {
    let concurrent = |first: &str, second: &str, rest: &str| {
        format!("0 begins\n1 begins\n0 commits {first}\n1 commits {second}\n{rest}")
    };
    let cases = [
        ("G0", concurrent("ax1 ay1", "ax2 ay2", "2: rx:1,2 ry:2,1")),
        ("G1a", "0 begins\n0 aborts ax1\n1: rx:1".into()),
        ("G1b G-single", concurrent("ax1 ax2", "rx:1", "2: rx:1,2")),
        ("G1c", concurrent("ax1 ry:1", "ay1 rx:1", "")),
        (
            "incompatible-order",
            concurrent("ax1", "ax2", "2: rx:1\n3: rx:2,1"),
        ),
        ("unwritten-value", "0: rx:9".into()),
        ("duplicate-element", "0: ax1\n1: rx:1,1".into()),
        ("future-read", "0: rx:1 ax1".into()),
        ("internal", "0: ax1 rx:".into()),
        (
            "lost-update G-single",
            concurrent("rx: ax1", "rx: ax2", "2: rx:1,2"),
        ),
        ("lost-update G2-item", concurrent("rx: ax1", "rx: ax2", "")),
        ("G-single", concurrent("ax1 ay1", "rx:1 ry:", "2: ry:1")),
        ("write-skew", concurrent("rx: ry: ax1", "rx: ry: ay1", "")),
        ("real-time", "0: ax1\n1: rx:\n2: rx:1".into()),
    ];
    for (names, text) in cases {
        assert_eq!(found(&in_lists(&text)), names, "{text}");
    }
}

#[test]
fn three_transactions_in_a_ring_of_antidependencies_are_g2() {
    let text =
        "0 begins\n1 begins\n2 begins\n0 commits rx: ay1\n1 commits ry: az1\n2 commits rz: ax1";
    assert_eq!(found(&in_lists(text)), "G2-item");
}

#[test]
fn antidependencies_apart_break_snapshot_isolation() {
    // 0 -rw-> 1 -wr-> 2 -rw-> 3 -wr-> 0: two anti-dependencies, never in a row (long fork).
    let text = "0 begins\n1 begins\n2 begins\n3 begins\n1 commits ax1\n3 commits ay1\n0 commits rx: ry:1\n2 commits rx:1 ry:";
    let report = in_lists(text);
    assert_eq!(found(&report), "G-nonadjacent");
    assert_eq!(
        report.verdict(Isolation::SnapshotIsolation).word(),
        "violated"
    );
    assert_eq!(report.verdict(Isolation::ReadCommitted), Verdict::Held);
}

#[test]
fn each_level_allows_what_it_should() {
    let skew = "0 begins\n1 begins\n0 commits rx: ry: ax1\n1 commits rx: ry: ay1";
    let levels: Vec<_> = in_lists(skew)
        .broken_levels()
        .into_iter()
        .map(Isolation::name)
        .collect();
    assert_eq!(
        levels,
        ["repeatable-read", "serializable", "strict-serializable"]
    );
    assert_eq!(
        in_lists(skew).verdict(Isolation::SnapshotIsolation),
        Verdict::Held
    );
}

#[test]
fn an_unknown_transaction_seen_to_commit_takes_part_in_cycles() {
    let text = "0 begins\n1 begins\n0 loses rx: ax1 ay1\n1 commits rx:1 ry:\n2: ry:1";
    assert_eq!(found(&in_lists(text)), "G-single");
}

#[test]
fn an_element_appended_twice_makes_the_history_ambiguous() {
    insta::assert_snapshot!(in_lists("0: ax1\n1: ax1\n2: rx:1").verdict(Isolation::ReadUncommitted), @"unknown: 1 was appended to x by both T0 and T1; the order of versions can only be found if every element is appended once");
}

#[test]
fn a_history_without_a_commit_is_unknown() {
    let report = in_lists("0 begins\n0 aborts ax1\n1 begins\n1 loses ax2");
    assert_eq!(report.verdict(Isolation::ReadUncommitted).word(), "unknown");
}

#[test]
fn a_cycle_is_told_as_a_contradiction() {
    let text = "0 begins\n1 begins\n0 commits ax3 ay1\n1 commits rx:3 ry:\n2: ry:1";
    insta::assert_snapshot!(in_lists(text).verdict(Isolation::Serializable), @r#"
    violated
    G-single: T1 = {read x as [3]; read y as []}
    T0 = {append 3 to x; append 1 to y}
    T1 read y as [], without T0's append of 1, so T1 < T0;
    however, T1 observed T0's append of 3 to x, so T0 < T1: a contradiction
    "#);
}

#[test]
fn a_real_time_cycle_names_the_events() {
    insta::assert_snapshot!(in_lists("0: ax1\n1: rx:\n2: rx:1").verdict(Isolation::StrictSerializable), @r#"
    violated
    real-time: T0 = {append 1 to x}
    T1 = {read x as []}
    T0 was answered at event 1, before T1 was invoked at event 2, so T0 < T1;
    however, T1 read x as [], without T0's append of 1, so T1 < T0: a contradiction
    "#);
}

#[test]
fn a_register_cycle_is_told_as_a_contradiction() {
    let text = "0 begins\n1 begins\n0 commits wx3 wy1\n1 commits rx:3 ry:\n2: ry:1";
    insta::assert_snapshot!(in_registers(text).verdict(Isolation::Serializable), @r#"
    violated
    G-single: T1 = {read x as 3; read y as empty}
    T0 = {write 3 to x; write 1 to y}
    T1 read y as empty, which T0's write of 1 replaced, so T1 < T0;
    however, T1 observed T0's write of 3 to x, so T0 < T1: a contradiction
    "#);
}

#[test]
fn register_anomalies_are_found_and_named() {
    let concurrent = |first: &str, second: &str| {
        format!("0 begins\n1 begins\n0 commits {first}\n1 commits {second}")
    };
    let cases = [
        ("", "0: wx1\n1: rx:1 wx2\n2: rx:2".to_string()),
        ("", "0: rx: rx: wx1\n1: rx:1 rx:1\n2: rx:1 wx2".to_string()),
        ("", "0 begins\n0 loses wx1\n1: rx:\n2: rx:1".to_string()),
        ("G1a", "0 begins\n0 aborts wx1\n1: rx:1".to_string()),
        ("G1b", concurrent("wx1 wx2", "rx:1")),
        ("G1c", concurrent("wx1 ry:1", "wy1 rx:1")),
        ("unwritten-value", "0: rx:9".to_string()),
        ("future-read", "0: rx:1 wx1".to_string()),
        ("internal", "0: wx1 rx:".to_string()),
        ("lost-update G2-item", concurrent("rx: wx1", "rx: wx2")),
        ("G-single", concurrent("wx1 wy1", "rx:1 ry:")),
        ("write-skew", concurrent("rx: ry: wx1", "rx: ry: wy1")),
        ("real-time", "0: wx1\n1: rx:".to_string()),
    ];
    for (names, text) in cases {
        assert_eq!(found(&in_registers(&text)), names, "{text}");
    }
}

#[test]
fn what_is_known_of_versions_sharpens_the_verdict() {
    let stale = "0: wx1\n0: rx:1 wx2\n1: rx:2\n1: rx:1";
    let assume = |change: fn(&mut Assumptions<String, u32>)| {
        let mut assumptions = Assumptions::none();
        change(&mut assumptions);
        found(&rw_register::analyse(
            &registers(stale),
            &assumptions,
            Limits::USUAL,
        ))
    };
    assert_eq!(assume(|_| {}), "");
    assert_eq!(
        assume(|known| known.writes_follow_reads = true),
        "real-time"
    );
    assert_eq!(
        assume(|known| known.sequential_keys = true),
        "cyclic-versions"
    );
    assert_eq!(
        assume(|known| known.linearizable_keys = true),
        "cyclic-versions"
    );
    assert_eq!(
        assume(|known| known.known_orders = BTreeMap::from([("x".into(), vec![1, 2])])),
        "real-time"
    );
}

#[test]
fn proofs_are_limited_and_all_are_counted() {
    let aborted: String = (1..=20)
        .map(|value| format!("0 begins\n0 aborts ax{value}\n"))
        .collect();
    let history = lists(&format!("{aborted}{}", "1: rx:1\n".repeat(20)));
    let report = list_append::analyse(
        &history,
        Limits {
            proofs_max: 3,
            ..Limits::USUAL
        },
    );
    assert_eq!(report.count(Anomaly::G1a), 20);
    assert_eq!(report.verdict(Isolation::ReadCommitted).evidence().len(), 3);
}

#[test]
fn a_chain_of_fifty_thousand_transactions_closed_into_a_ring_is_one_cycle() {
    // Each transaction reads what the one before appended; the first reads what the last appended.
    let size = 50_000;
    let begins: String = (0..size)
        .map(|process| format!("{process} begins\n"))
        .collect();
    let commits = (0..size).map(|process| {
        let before = (process + size - 1) % size;
        format!(
            "{process} commits a{}1 r{}:1\n",
            letters(process),
            letters(before)
        )
    });
    let report = in_lists(&format!("{begins}{}", commits.collect::<String>()));
    assert_eq!(
        (found(&report).as_str(), report.count(Anomaly::G1c)),
        ("G1c", 1)
    );
}

/// A key of letters for a number.
fn letters(mut number: usize) -> String {
    let mut key = String::new();
    loop {
        key.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return key;
        }
    }
}

fn crowd(clients: usize) -> Crowd {
    Crowd {
        clients,
        operations: 150,
        unknown_per_thousand: 30,
        failed_per_thousand: 50,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_took_effect_one_at_a_time_is_strictly_serializable(seed: u64, clients in 1usize..10) {
        let report = list_append::analyse(&serial_lists(seed, crowd(clients), 4), Limits::USUAL);
        prop_assert_eq!(report.verdict(Isolation::StrictSerializable), Verdict::Held);
        let everything = Assumptions { writes_follow_reads: true, sequential_keys: true, linearizable_keys: true, known_orders: BTreeMap::new() };
        let history = serial_registers(seed, crowd(clients), 4);
        for assumptions in [Assumptions::none(), everything] {
            let report = rw_register::analyse(&history, &assumptions, Limits::USUAL);
            prop_assert_eq!(report.verdict(Isolation::StrictSerializable), Verdict::Held);
        }
    }

    #[test]
    fn an_element_taken_out_of_one_read_is_caught(seed: u64, victim in 0usize..100) {
        let history = serial_lists(seed, crowd(5), 3);
        // Another read of the same key must disagree, or the shorter list might be what really happened.
        let mut reads: BTreeMap<u32, u32> = BTreeMap::new();
        for step in history.operations().iter().filter_map(|one| one.output()).flatten() {
            if let ListStep::Read { key, seen: Some(seen) } = step && !seen.is_empty() {
                *reads.entry(*key).or_default() += 1;
            }
        }
        let mut struck = false;
        let mutated = altered(&history, |id, steps| {
            let place = steps.iter().position(|step| {
                matches!(step, ListStep::Read { key, seen: Some(seen) } if seen.len() >= 2 && reads[key] >= 2)
            })?;
            if struck || (id.0 as usize) < victim {
                return None;
            }
            struck = true;
            let mut steps = steps.clone();
            if let ListStep::Read { seen: Some(seen), .. } = &mut steps[place] {
                seen.remove(0);
            }
            Some(steps)
        });
        prop_assume!(struck);
        let report = list_append::analyse(&mutated, Limits::USUAL);
        prop_assert_eq!(report.verdict(Isolation::ReadCommitted).word(), "violated");
    }
}
