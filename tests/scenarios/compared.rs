//! Scenarios with variants: what a mitigation is worth, in figures from runs.

use reports::comparison::Figures;
use scenarios::compare::compare;
use scenarios::file::{self, builtin};

/// The variants of a scenario over a few seeds, by name.
fn figures(scenario: &str, names: &[&str]) -> Vec<Figures> {
    const SEEDS: u64 = 3;
    let selected = file::select(scenario, &[]).expect("a built-in scenario");
    let document = compare(&selected, SEEDS, &mut |_| ()).expect("its variants make sense");
    let by_name = |name: &&str| {
        let found = document.variants.iter().find(|it| it.variant == **name);
        found
            .unwrap_or_else(|| panic!("{scenario} has a variant {name:?}"))
            .clone()
    };
    names.iter().map(by_name).collect()
}

fn nothing_is_violated(figures: &Figures) {
    assert!(
        figures.violated.is_empty(),
        "{}: {:?}",
        figures.variant,
        figures.violated
    );
}

#[test]
fn every_variant_of_a_built_in_scenario_makes_sense() {
    for built_in in builtin::BUILT_INS {
        let selected = file::select(built_in.name, &[]).expect("a built-in scenario");
        for variant in &selected.scenario.variants {
            let set = variant
                .set
                .iter()
                .map(|text| text.parse().expect("KEY=VALUE"));
            let overrides: Vec<_> = set.collect();
            let own = file::select(built_in.name, &overrides);
            assert!(
                own.is_ok(),
                "{}, {}: {}",
                built_in.name,
                variant.name,
                own.unwrap_err()
            );
        }
    }
}

#[test]
fn a_bounded_queue_spares_users_the_wait_and_the_ledger_the_work_nobody_waits_for() {
    let [naive, mitigated] = &figures("backlog-surge", &["naive", "mitigated"])[..] else {
        unreachable!("two were asked for");
    };
    nothing_is_violated(mitigated);
    assert!(
        mitigated.waiting_max <= 20 && naive.waiting_max > 100,
        "{naive:?} {mitigated:?}"
    );
    assert!(mitigated.turned_away > 0 && mitigated.unknown == 0);
    assert!(mitigated.p50_us < naive.p50_us, "{naive:?} {mitigated:?}");
    assert!(mitigated.p99_us < naive.p99_us, "{naive:?} {mitigated:?}");
    assert!(
        mitigated.ledger_reads < naive.ledger_reads,
        "{naive:?} {mitigated:?}"
    );
}

#[test]
fn a_limiter_that_goes_by_the_time_of_day_turns_away_who_may_come() {
    let [naive, mitigated] = &figures("limiter-clock-skew", &["naive", "mitigated"])[..] else {
        unreachable!("two were asked for");
    };
    nothing_is_violated(mitigated);
    assert!(naive.violated.contains_key("queue_bounded"));
    assert!(
        mitigated.turned_away < naive.turned_away,
        "{naive:?} {mitigated:?}"
    );
}

#[test]
fn a_shared_fetch_spares_the_ledger_what_expiry_brings_upon_it() {
    let names = ["uncached", "naive", "mitigated"];
    let [uncached, naive, mitigated] = &figures("cache-stampede", &names)[..] else {
        unreachable!("three were asked for");
    };
    nothing_is_violated(mitigated);
    assert!(
        naive.ledger_reads < uncached.ledger_reads / 2,
        "{uncached:?} {naive:?}"
    );
    assert!(
        mitigated.ledger_reads * 4 < naive.ledger_reads * 3,
        "{naive:?} {mitigated:?}"
    );
    let [naive, mitigated] = &figures("hot-key", &["naive", "mitigated"])[..] else {
        unreachable!("two were asked for");
    };
    nothing_is_violated(mitigated);
    assert!(
        mitigated.ledger_reads * 10 < naive.ledger_reads,
        "{naive:?} {mitigated:?}"
    );
    assert!(mitigated.p50_us < naive.p50_us && mitigated.outdated_reads > naive.outdated_reads);
}

#[test]
fn the_more_reads_must_show_the_fewer_are_outdated_and_the_more_come_to_the_primary() {
    let names = ["naive", "mitigated", "primary only"];
    let all = figures("replica-lag", &names);
    all.iter().for_each(nothing_is_violated);
    let falls = all.is_sorted_by(|one, next| one.outdated_reads > next.outdated_reads);
    let grows = all.is_sorted_by(|one, next| one.ledger_reads < next.ledger_reads);
    assert!(falls && grows, "{all:?}");
    assert_eq!(all[2].outdated_reads, 0);
}

#[test]
fn at_most_once_loses_some_at_least_once_repeats_some_and_effectively_once_does_neither() {
    let names = ["at most once", "at least once", "effectively once"];
    let modes = figures("delivery-modes", &names);
    let lost = [0, 1, 2].map(|mode| modes[mode].deliveries_lost > 0);
    let repeated = [0, 1, 2].map(|mode| modes[mode].effects_repeated > 0);
    assert_eq!(lost, [true, false, false], "{modes:?}");
    assert_eq!(repeated, [false, true, false], "{modes:?}");
    nothing_is_violated(&modes[2]);
}

#[test]
fn the_fewer_partitions_the_busier_is_one_and_the_longer_wait_those_in_it() {
    let all = figures(
        "partition-skew",
        &["one for all", "four", "sixty-four", "one each"],
    );
    all.iter().for_each(nothing_is_violated);
    let falls = |of: fn(&Figures) -> u64| all.is_sorted_by(|one, next| of(one) > of(next));
    assert!(falls(|it| it.in_busiest_lane), "{all:?}");
    assert!(
        falls(|it| it.delivered_p50_us.expect("all are acknowledged")),
        "{all:?}"
    );
    let [_, four, _, one_each] = [0, 1, 2, 3].map(|it| all[it].delivered_p99_us);
    assert!(four > one_each.map(|slowest| 2 * slowest), "{all:?}");
}

#[test]
fn a_queue_with_a_bound_and_priorities_spares_registrations_the_wait_behind_requests() {
    let [naive, mitigated] = &figures("verification-surge", &["naive", "mitigated"])[..] else {
        unreachable!("two were asked for");
    };
    nothing_is_violated(naive);
    nothing_is_violated(mitigated);
    assert_eq!(
        (naive.turned_away, naive.unknown, mitigated.unknown),
        (0, 0, 0)
    );
    assert!(mitigated.turned_away > 100, "{mitigated:?}");
    let [slow, fast] =
        [naive, mitigated].map(|it| it.registered_p90_us.expect("they have results"));
    assert!(fast * 2 < slow, "{naive:?} {mitigated:?}");
    // Who asked is let in late instead of waiting inside: their verifications are done no later.
    assert!(
        mitigated.requested_p90_us < naive.requested_p90_us,
        "{naive:?} {mitigated:?}"
    );
}
