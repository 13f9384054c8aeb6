//! The statistics of reports: bounds and estimates from counts. They are told and never judged by.

/// The exact one-sided 95 % upper bound on a rate, from so many hits in so many trials (Clopper and
/// Pearson, Biometrika 26, 1934), with two digits that count; nothing without trials.
pub(crate) fn upper_bound(hits: u64, trials: u64) -> Option<String> {
    const DOUBT: f64 = 0.05;
    if trials == 0 || hits > trials {
        return None;
    }
    if hits == trials {
        return Some("1".to_owned());
    }
    // The chance of so few hits falls as the rate grows.
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..60 {
        let rate = f64::midpoint(low, high);
        match chance_of_at_most(hits, trials, rate) > DOUBT {
            true => low = rate,
            false => high = rate,
        }
    }
    Some(two_digits(high))
}

/// The chance of at most so many hits at a rate strictly between 0 and 1.
fn chance_of_at_most(hits: u64, trials: u64, rate: f64) -> f64 {
    let trials = trials as f64;
    // In logarithms, since the first term of many trials is too small for a float.
    let mut term = trials * (-rate).ln_1p();
    let mut sum = term.exp();
    for hit in 1..=hits {
        let hit = hit as f64;
        term += ((trials - hit + 1.0) / hit).ln() + rate.ln() - (-rate).ln_1p();
        sum += term.exp();
    }
    sum
}

/// Rounded up, so that a bound stays one.
fn two_digits(rate: f64) -> String {
    let mut decimals = 2;
    let mut scaled = rate * 100.0;
    while scaled < 10.0 && decimals < 15 {
        scaled *= 10.0;
        decimals += 1;
    }
    let rounded = (scaled - 1e-9).ceil() / 10_f64.powi(decimals);
    format!("{rounded:.width$}", width = decimals as usize)
}

/// How many kinds so many draws without replacement show on average, in tenths, from how often each
/// kind is there (rarefaction: Hurlbert, Ecology 52, 1971).
pub(crate) fn rarefied_tenths(counts: &[u64], draws: u64) -> u64 {
    let total: u64 = counts.iter().sum();
    let draws = draws.min(total);
    let shown = counts
        .iter()
        .map(|count| 1.0 - chance_of_missing(*count, total, draws));
    (shown.sum::<f64>() * 10.0).round() as u64
}

/// The chance that none of `draws` out of `total` is one of `count`.
fn chance_of_missing(count: u64, total: u64, draws: u64) -> f64 {
    if draws > total - count {
        return 0.0;
    }
    // C(total - count, draws) / C(total, draws), as a product over the smaller of the two.
    let (factors, rest) = (count.min(draws), count.max(draws));
    let factor = |at: u64| (total - rest - at) as f64 / (total - at) as f64;
    (0..factors).map(factor).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_those_of_the_tables() {
        // One-sided 95 % Clopper-Pearson, as R's `qbeta(0.95, x + 1, n - x)` gives it, rounded up.
        for (hits, trials, expected) in [
            (0, 1, "0.95"),
            (0, 10, "0.26"),
            (0, 100, "0.030"),
            (0, 1_000, "0.0030"),
            (1, 10, "0.40"),
            (5, 10, "0.78"),
            (10, 10, "1"),
        ] {
            assert_eq!(
                upper_bound(hits, trials).as_deref(),
                Some(expected),
                "{hits}/{trials}"
            );
        }
        assert_eq!(upper_bound(0, 0), None);
    }

    #[test]
    fn a_bound_is_one_for_many_trials_too() {
        let bound = upper_bound(3, 1_000_000).unwrap();
        assert_eq!(bound, "0.0000078", "7.75 per million");
    }

    #[test]
    fn all_draws_show_all_kinds_and_one_draw_shows_one() {
        let counts = [7, 2, 1];
        assert_eq!(rarefied_tenths(&counts, 1), 10);
        assert_eq!(rarefied_tenths(&counts, 10), 30);
        // By hand: 3 - (C(3,2) + C(8,2) + C(9,2)) / C(10,2) = 3 - 67/45.
        assert_eq!(rarefied_tenths(&counts, 2), 15);
        assert_eq!(rarefied_tenths(&[], 5), 0);
    }
}
