//! Failovers as scripts: who is heard when, and who leads afterwards.

use super::*;
use sim::latency::LatencyTable;

fn config(mode: ReplicationMode) -> ReplicaConfig {
    ReplicaConfig {
        count: 2,
        mode,
        apply_lag: LatencyTable::of([0, 0, 0, 0, 0]),
        lease_ms: 3_000,
        loss_accepted_ms: 1_000,
    }
}

fn overseer(mode: ReplicationMode, in_sync: &[&str], defects: &[Defect]) -> Overseer {
    let view = View {
        number: 7,
        epoch: 1,
        primary: "a".into(),
        in_sync: in_sync.iter().map(|name| (*name).to_owned()).collect(),
    };
    let defects = Defects::of(defects.iter().copied());
    Overseer::new(config(mode), defects, view, Duration::ZERO)
}

fn report(server: &str, durable: u64) -> Report {
    Report {
        server: server.into(),
        life: 0,
        epoch: 1,
        durable: Lsn(durable),
        view: 7,
        joining: vec![],
        lagging: vec![],
    }
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Reports as (at, server, durable); then who leads at a time.
fn leads(mut overseer: Overseer, reports: &[(u64, &str, u64)], at: u64) -> String {
    for (at, server, durable) in reports {
        overseer.hear(&report(server, *durable), ms(*at));
    }
    overseer.consider(ms(at));
    overseer.view().primary.clone()
}

#[test]
fn primary_is_followed_only_when_its_lease_is_surely_over_by_who_lacks_nothing_confirmed() {
    use ReplicationMode::{Asynchronous, Synchronous};
    // (mode, set, reports, asked at, who leads)
    type Case<'a> = (
        ReplicationMode,
        &'a [&'a str],
        &'a [(u64, &'a str, u64)],
        u64,
        &'a str,
    );
    let cases: &[Case<'_>] = &[
        (
            Synchronous,
            &["b"],
            &[(100, "a", 10), (3_900, "b", 10)],
            3_999,
            "a",
        ),
        (
            Synchronous,
            &["b"],
            &[(100, "a", 10), (3_900, "b", 10)],
            4_000,
            "b",
        ),
        (
            Synchronous,
            &["b"],
            &[(100, "a", 10), (3_900, "c", 99)],
            4_000,
            "a",
        ),
        (
            Synchronous,
            &["b"],
            &[(100, "a", 10), (1_900, "b", 10)],
            4_000,
            "a",
        ),
        (
            Synchronous,
            &["b", "c"],
            &[(0, "a", 9), (3_900, "b", 9), (3_900, "c", 12)],
            4_000,
            "c",
        ),
        (
            Synchronous,
            &[],
            &[(0, "a", 9), (3_900, "b", 9)],
            4_000,
            "a",
        ),
        (
            Asynchronous,
            &[],
            &[(0, "a", 9), (3_900, "b", 9)],
            4_000,
            "b",
        ),
        (
            Asynchronous,
            &[],
            &[(0, "a", 9), (3_900, "b", 8)],
            4_000,
            "a",
        ),
        (
            Asynchronous,
            &[],
            &[(0, "a", 5), (900, "a", 9), (4_900, "b", 5)],
            5_000,
            "b",
        ),
        (
            Asynchronous,
            &[],
            &[(0, "a", 5), (500, "a", 7), (1_100, "a", 9), (5_000, "b", 6)],
            5_100,
            "a",
        ),
    ];
    for (mode, set, reports, at, expected) in cases {
        let led = leads(overseer(*mode, set, &[]), reports, *at);
        assert_eq!(led, *expected, "{mode:?} {set:?} {reports:?} at {at}");
    }
}

#[test]
fn most_lagging_server_is_promoted_by_a_defect_only() {
    let reports = [(0, "a", 90), (3_900, "b", 90), (3_900, "c", 10)];
    let synchronous = ReplicationMode::Synchronous;
    let right = overseer(synchronous, &["b"], &[]);
    assert_eq!(leads(right, &reports, 4_000), "b");
    let wrong = overseer(synchronous, &["b"], &[Defect::PromotesMostLagging]);
    assert_eq!(leads(wrong, &reports, 4_000), "c");
}

#[test]
fn set_changes_by_reports_of_the_primary_that_know_the_view_and_come_from_its_present_life() {
    let mut overseer = overseer(ReplicationMode::Synchronous, &["b"], &[]);
    let joins = |view: u64, life: u32| Report {
        joining: vec!["c".into()],
        view,
        life,
        ..report("a", 10)
    };
    let set = |overseer: &Overseer| (overseer.view().number, overseer.view().in_sync.join(" "));
    overseer.hear(&joins(6, 0), ms(1));
    assert_eq!(set(&overseer), (7, "b".into()), "it knew another view");
    overseer.hear(&report("a", 10).clone(), ms(2));
    overseer.hear(
        &Report {
            life: 1,
            ..report("a", 10)
        },
        ms(3),
    );
    overseer.hear(&joins(7, 0), ms(4));
    assert_eq!(
        set(&overseer),
        (7, "b".into()),
        "it came from an earlier life"
    );
    overseer.hear(
        &Report {
            server: "b".into(),
            ..joins(7, 0)
        },
        ms(4),
    );
    assert_eq!(
        set(&overseer),
        (7, "b".into()),
        "only the primary's word counts"
    );
    overseer.hear(&joins(7, 1), ms(5));
    assert_eq!(set(&overseer), (8, "b c".into()));
    let leaves = Report {
        lagging: vec!["b".into()],
        view: 8,
        life: 1,
        ..report("a", 10)
    };
    overseer.hear(&leaves, ms(6));
    assert_eq!(set(&overseer), (9, "c".into()));
}

#[test]
fn new_reign_has_its_number_and_nobody_in_its_set() {
    let mut overseer = overseer(ReplicationMode::Synchronous, &["b"], &[]);
    overseer.hear(&report("a", 10), ms(0));
    overseer.hear(&report("b", 12), ms(4_000));
    let failover = overseer.consider(ms(4_100));
    let expected = Failover {
        epoch: 2,
        from: "a".into(),
        to: "b".into(),
        position: Lsn(12),
        silent: ms(4_100),
    };
    assert_eq!(failover, Some(expected));
    let view = View {
        number: 8,
        epoch: 2,
        primary: "b".into(),
        in_sync: vec![],
    };
    assert_eq!(overseer.view(), &view);
    assert_eq!(overseer.consider(ms(4_200)), None, "it has its time");
    // A server whose log ends in an earlier reign is nobody's successor.
    overseer.hear(&report("a", 99), ms(8_900));
    assert_eq!(overseer.consider(ms(9_000)), None);
}
