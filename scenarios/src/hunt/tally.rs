//! The tally of a hunt: what several searches amount to.

use std::collections::BTreeMap;

use model::defects::{Defect, Difficulty, Trigger};
use reports::hunt::{ByTrigger, Compared, HuntDocument, Hunted, Noise};
use reports::hunt_shrinking::{Shrinking, ShrunkRun};

use super::HuntOrder;
use super::difference::difference;
use super::trial::Searched;
use crate::strategy::Strategy;

/// Folds the searches of a hunt, in any order.
pub fn tally(order: &HuntOrder, searched: &[Searched]) -> HuntDocument {
    let mut by_kind: BTreeMap<(String, Strategy), Vec<&Searched>> = BTreeMap::new();
    let mut searched: Vec<&Searched> = searched.iter().collect();
    // They come as threads finish; what is told of them must not.
    searched.sort_by_key(|search| search.repetition);
    for search in searched.iter().copied() {
        let defect = search.defect.clone().unwrap_or_default();
        by_kind
            .entry((defect, search.strategy))
            .or_default()
            .push(search);
    }
    let mut hunted = Vec::new();
    for defect in &order.defects {
        for strategy in &order.strategies {
            let key = (defect.to_string(), *strategy);
            if let Some(searches) = by_kind.get(&key) {
                hunted.push(hunted_by(*defect, *strategy, searches));
            }
        }
    }
    let noise = searched.iter().filter(|it| it.defect.is_none());
    let noise = noise.map(|it| Noise {
        situation: it.situation.clone(),
        strategy: it.strategy.name().to_owned(),
        repetition: it.repetition,
        runs: it.runs,
        first_check: it.first_check.clone(),
        reproduce: it.reproduce.clone(),
    });
    let mut noise: Vec<Noise> = noise.collect();
    noise.sort_by(|one, other| {
        let place = |it: &Noise| (it.situation.clone(), it.strategy.clone(), it.repetition);
        place(one).cmp(&place(other))
    });
    let passed_over = order
        .defects
        .iter()
        .filter(|it| super::situation::of(**it).is_none());
    HuntDocument {
        schema: reports::schema::Schema::new(),
        seeds_max: order.seeds,
        repetitions: order.repetitions,
        by_trigger: by_trigger(&hunted, order),
        compared: compared(&hunted, &searched, order),
        passed_over: passed_over.map(ToString::to_string).collect(),
        hunted,
        noise,
        shrinking: order.shrink_s.and_then(|budget_s| {
            let shrunk = searched.iter().filter_map(|it| it.shrunk.clone());
            let mut shrunk: Vec<ShrunkRun> = shrunk.collect();
            let place = |it: &ShrunkRun| (it.defect.clone(), it.strategy.clone(), it.repetition);
            shrunk.sort_by_key(place);
            Shrinking::of(budget_s, shrunk)
        }),
    }
}

fn hunted_by(defect: Defect, strategy: Strategy, searches: &[&Searched]) -> Hunted {
    let mut runs: Vec<Option<u64>> = searches.iter().map(|it| it.runs_to_detection).collect();
    // Never is later than any seed.
    runs.sort_by_key(|runs| runs.unwrap_or(u64::MAX));
    let caught = runs.iter().flatten().count() as u32;
    let mut firsts: BTreeMap<&str, u32> = BTreeMap::new();
    for check in searches.iter().filter_map(|it| it.first_check.as_deref()) {
        *firsts.entry(check).or_default() += 1;
    }
    let most = firsts.iter().max_by_key(|(_, times)| **times);
    let (median, interval) = (median(&runs), interval(&runs));
    Hunted {
        defect: defect.to_string(),
        trigger: defect.info().trigger.name().to_owned(),
        strategy: strategy.name().to_owned(),
        situation: searches
            .first()
            .map_or(String::new(), |it| it.situation.clone()),
        caught: caught > 0,
        searches: runs.len() as u32,
        searches_that_caught: caught,
        seeds_to_detection: median,
        seeds_to_detection_95: interval,
        difficulty: Difficulty::of_runs(median).name().to_owned(),
        difficulty_known: defect.difficulty().name().to_owned(),
        difficulty_differs: strategy == Strategy::default()
            && interval.is_some_and(|bounds| is_outside(defect.difficulty(), bounds)),
        searches_misled: searches.iter().filter(|it| it.misled).count() as u32,
        check: most.map(|(check, _)| (*check).to_owned()),
        expected_check: defect.info().caught_by.to_owned(),
        reproduce: searches.iter().find_map(|it| it.reproduce.clone()),
    }
}

/// The middle one of an ascending list in which nothing stands for more than all; of two in the middle the
/// later, so that what half of the searches did not find has no median.
fn median(sorted: &[Option<u64>]) -> Option<u64> {
    sorted.get(sorted.len() / 2).copied().flatten()
}

/// Bounds on the median of seeds to detection at 95 % confidence: the order statistics that leave at most
/// 2.5 % outside on each side, whatever the distribution. Fewer than six searches allow none.
fn interval(sorted: &[Option<u64>]) -> Option<[Option<u64>; 2]> {
    let searches = sorted.len() as u32;
    if !(6..=60).contains(&searches) {
        return None;
    }
    // How many of 2^n outcomes of n fair coins have at most k heads.
    let (mut ways, mut at_most, mut outside) = (1_u64, 1_u64, 0_usize);
    let all = 1_u64 << searches;
    for heads in 1..=u64::from(searches) {
        // at_most counts fewer than `heads` heads: that the median lies below the heads-th smallest.
        if u128::from(at_most) * 40 > u128::from(all) {
            break;
        }
        outside = heads as usize;
        ways = ways * (u64::from(searches) - heads + 1) / heads;
        at_most += ways;
    }
    let low = outside.checked_sub(1)?;
    Some([sorted[low], sorted[sorted.len() - 1 - low]])
}

/// Whether all medians between these bounds are of other classes.
fn is_outside(known: Difficulty, bounds: [Option<u64>; 2]) -> bool {
    let [low, high] = bounds.map(Difficulty::of_runs);
    known < low || high < known
}

/// What was found of the defects that each trigger brings out, for triggers that are hunted.
fn by_trigger(hunted: &[Hunted], order: &HuntOrder) -> Vec<ByTrigger> {
    let mut by_trigger = Vec::new();
    for trigger in Trigger::ALL {
        for strategy in &order.strategies {
            let own = hunted
                .iter()
                .filter(|it| (&*it.trigger, &*it.strategy) == (trigger.name(), strategy.name()));
            let mut own: Vec<&Hunted> = own.collect();
            own.sort_by_key(|it| it.seeds_to_detection.unwrap_or(u64::MAX));
            let medians: Vec<Option<u64>> = own.iter().map(|it| it.seeds_to_detection).collect();
            let Some(worst) = own.last() else { continue };
            by_trigger.push(ByTrigger {
                trigger: trigger.name().to_owned(),
                strategy: strategy.name().to_owned(),
                defects: own.len() as u64,
                defects_caught: own.iter().filter(|it| it.caught).count() as u64,
                median_of_medians: median(&medians),
                worst_median: worst.seeds_to_detection,
                worst_defect: worst.defect.clone(),
            });
        }
    }
    by_trigger
}

/// For each defect the mean number of runs of a strategy's searches. One that did not catch counts as the bound,
/// so this is the mean restricted to it: what lies beyond is not known, and not guessed.
fn mean_runs(
    searched: &[&Searched],
    strategy: Strategy,
    bound: u64,
) -> BTreeMap<String, (u64, u64)> {
    let mut runs: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for search in searched.iter().filter(|it| it.strategy == strategy) {
        let Some(defect) = &search.defect else {
            continue;
        };
        let (sum, searches) = runs.entry(defect.clone()).or_default();
        *sum += search.runs_to_detection.unwrap_or(bound);
        *searches += 1;
    }
    runs
}

/// Strategies side by side, the best first: the one that catches in most searches, and of equals the one
/// that needs fewest runs over all defects.
fn compared(hunted: &[Hunted], searched: &[&Searched], order: &HuntOrder) -> Vec<Compared> {
    let of_default = mean_runs(searched, Strategy::default(), order.seeds);
    let mut compared: Vec<Compared> = order
        .strategies
        .iter()
        .map(|strategy| {
            let own = || hunted.iter().filter(|it| it.strategy == strategy.name());
            let mut medians: Vec<Option<u64>> = own().map(|it| it.seeds_to_detection).collect();
            medians.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
            let runs = mean_runs(searched, *strategy, order.seeds);
            let (sum, searches) = runs
                .values()
                .fold((0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
            let at_least = medians.iter().map(|seeds| seeds.unwrap_or(order.seeds));
            Compared {
                strategy: strategy.name().to_owned(),
                defects: own().count() as u64,
                defects_caught: own().filter(|it| it.caught).count() as u64,
                searches: own().map(|it| u64::from(it.searches)).sum(),
                searches_that_caught: own().map(|it| u64::from(it.searches_that_caught)).sum(),
                median_of_medians: median(&medians),
                sum_of_medians: at_least.sum(),
                mean_runs_hundredths: (100 * sum).checked_div(searches).unwrap_or(0),
                against_default: match *strategy == Strategy::default() {
                    true => None,
                    false => difference(&runs, &of_default),
                },
            }
        })
        .collect();
    compared.sort_by_key(|it| {
        (
            std::cmp::Reverse(it.searches_that_caught),
            it.sum_of_medians,
        )
    });
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_half_of_the_searches_did_not_find_has_no_median() {
        for (sorted, expected) in [
            (&[][..], None),
            (&[Some(4)], Some(4)),
            (&[Some(1), Some(2)], Some(2)),
            (&[Some(1), Some(2), None], Some(2)),
            (&[Some(1), Some(1), Some(1), None, None, None], None),
            (&[Some(1), None, None], None),
        ] {
            assert_eq!(median(sorted), expected, "{sorted:?}");
        }
    }

    #[test]
    fn a_known_difficulty_stands_unless_the_whole_interval_is_of_others() {
        for (known, bounds, outside) in [
            (Difficulty::Easy, [Some(1), Some(1)], false),
            (Difficulty::Easy, [Some(2), None], false),
            (Difficulty::Easy, [Some(3), Some(4)], true),
            (Difficulty::Medium, [Some(1), Some(40)], false),
            (Difficulty::Medium, [Some(1), Some(2)], true),
            (Difficulty::Medium, [Some(11), None], true),
            (Difficulty::Hard, [Some(1), Some(10)], true),
            (Difficulty::Hard, [Some(9), Some(11)], false),
            (Difficulty::Hard, [None, None], false),
        ] {
            assert_eq!(is_outside(known, bounds), outside, "{known} {bounds:?}");
        }
    }

    fn search(defect: Defect, strategy: Strategy, repetition: u32, runs: Option<u64>) -> Searched {
        Searched {
            name: format!("{defect}/{}/{repetition}", strategy.name()),
            written_by: String::new(),
            defect: Some(defect.to_string()),
            situation: "everything".to_owned(),
            strategy,
            repetition,
            runs_to_detection: runs,
            runs: runs.unwrap_or(100),
            first_check: None,
            misled: false,
            reproduce: None,
            shrunk: None,
        }
    }

    /// Six searches of one defect that is easy to the catalogue, and three of another of the same trigger.
    fn tallied(strategy: Strategy, runs: [Option<u64>; 6]) -> HuntDocument {
        let [one, other] = [Defect::LinkNotIdempotent, Defect::NoIdempotencyKey];
        let order = HuntOrder {
            defects: vec![one, other],
            strategies: vec![strategy],
            seeds: 100,
            repetitions: 6,
            silence: 0,
            jobs: 1,
            save: None,
            shrink_s: None,
        };
        let mut searched: Vec<Searched> = (0..)
            .zip(runs)
            .map(|(repetition, runs)| search(one, strategy, repetition, runs))
            .collect();
        searched.extend((0..3).map(|repetition| search(other, strategy, repetition, Some(5))));
        tally(&order, &searched)
    }

    #[test]
    fn what_was_never_caught_counts_as_the_bound_and_never_as_nothing() {
        let runs = [Some(1), Some(1), Some(1), Some(1), None, None];
        let tallied = tallied(Strategy::Uniform, runs);
        // (4 × 1 + 2 × 100 + 3 × 5) / 9
        assert_eq!(tallied.compared[0].mean_runs_hundredths, 2_433);
        assert_eq!(tallied.compared[0].searches_that_caught, 7);
        let [of_trigger] = &tallied.by_trigger[..] else {
            panic!("both are brought out by the same: {:?}", tallied.by_trigger);
        };
        assert_eq!((&*of_trigger.trigger, of_trigger.defects), ("duplicate", 2));
        assert_eq!(of_trigger.worst_median, Some(5));
        assert_eq!(of_trigger.worst_defect, "no_idempotency_key");
    }

    #[test]
    fn a_trigger_with_a_defect_that_escapes_has_no_worst_median_but_its_name() {
        let tallied = tallied(Strategy::Uniform, [None; 6]);
        assert_eq!(tallied.by_trigger[0].worst_median, None);
        assert_eq!(tallied.by_trigger[0].worst_defect, "link_not_idempotent");
        assert_eq!(tallied.by_trigger[0].defects_caught, 1);
    }

    #[test]
    fn only_the_default_strategy_contradicts_the_catalogue() {
        for (strategy, runs, differs) in [
            (Strategy::default(), Some(40), true),
            (Strategy::default(), Some(1), false),
            (Strategy::Uniform, Some(40), false),
        ] {
            let tallied = tallied(strategy, [runs; 6]);
            assert_eq!(tallied.hunted[0].difficulty_differs, differs);
            // Three searches leave every doubt.
            assert!(!tallied.hunted[1].difficulty_differs);
        }
    }

    #[test]
    fn the_interval_of_the_median_is_that_of_the_sign_test() {
        let runs = |count: u64| (1..=count).map(Some).collect::<Vec<_>>();
        assert_eq!(interval(&runs(5)), None, "five allow none");
        assert_eq!(interval(&runs(6)), Some([Some(1), Some(6)]));
        assert_eq!(interval(&runs(8)), Some([Some(1), Some(8)]));
        assert_eq!(interval(&runs(9)), Some([Some(2), Some(8)]));
        assert_eq!(interval(&runs(20)), Some([Some(6), Some(15)]));
        let mut some_never = runs(4);
        some_never.extend([None, None]);
        assert_eq!(interval(&some_never), Some([Some(1), None]));
    }
}
