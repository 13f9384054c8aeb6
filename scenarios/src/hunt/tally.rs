//! The tally of a hunt: what several searches amount to.

use std::collections::BTreeMap;

use model::defects::Defect;
use reports::hunt::{Compared, HuntDocument, Hunted, Noise};
use reports::hunt_shrinking::{Shrinking, ShrunkRun};

use super::HuntOrder;
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
        compared: compared(&hunted, order),
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
    Hunted {
        defect: defect.to_string(),
        strategy: strategy.name().to_owned(),
        situation: searches
            .first()
            .map_or(String::new(), |it| it.situation.clone()),
        caught: caught > 0,
        searches: runs.len() as u32,
        searches_that_caught: caught,
        seeds_to_detection: median(&runs),
        seeds_to_detection_95: interval(&runs),
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

/// Strategies side by side, the best first: the one that catches in most searches, and of equals the one
/// that needs fewest runs over all defects.
fn compared(hunted: &[Hunted], order: &HuntOrder) -> Vec<Compared> {
    let mut compared: Vec<Compared> = order
        .strategies
        .iter()
        .map(|strategy| {
            let own = || hunted.iter().filter(|it| it.strategy == strategy.name());
            let mut medians: Vec<Option<u64>> = own().map(|it| it.seeds_to_detection).collect();
            medians.sort_by_key(|seeds| seeds.unwrap_or(u64::MAX));
            let at_least = medians.iter().map(|seeds| seeds.unwrap_or(order.seeds));
            Compared {
                strategy: strategy.name().to_owned(),
                defects: own().count() as u64,
                defects_caught: own().filter(|it| it.caught).count() as u64,
                searches: own().map(|it| u64::from(it.searches)).sum(),
                searches_that_caught: own().map(|it| u64::from(it.searches_that_caught)).sum(),
                median_of_medians: median(&medians),
                sum_of_medians: at_least.sum(),
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
