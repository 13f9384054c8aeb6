//! The difference of two strategies over the same defects, and how far chance alone goes.
//!
//! Each defect gives one difference of means, so the hard ones do not weigh more because they were searched for
//! more often. The interval is that of the normal distribution for the mean of these differences, which holds
//! for many defects and is rough for a few. It says nothing of defects that are not in the corpus.

use std::collections::BTreeMap;

use reports::hunt::Difference;

/// How many standard errors leave 2.5 % outside on each side.
const STANDARD_ERRORS: f64 = 1.96;

/// How many more runs the one needs than the other, from the sum of runs and the number of searches of each
/// defect; nothing for fewer than two defects that both have.
pub fn difference(
    one: &BTreeMap<String, (u64, u64)>,
    other: &BTreeMap<String, (u64, u64)>,
) -> Option<Difference> {
    let mean = |(runs, searches): &(u64, u64)| *runs as f64 / *searches as f64;
    let both = one.iter().filter_map(|(defect, own)| {
        let others = other.get(defect)?;
        Some(mean(own) - mean(others))
    });
    let differences: Vec<f64> = both.collect();
    let count = differences.len() as f64;
    if differences.len() < 2 {
        return None;
    }
    let middle = differences.iter().sum::<f64>() / count;
    let squares = differences.iter().map(|it| (it - middle).powi(2));
    let variance = squares.sum::<f64>() / (count - 1.0);
    let doubt = STANDARD_ERRORS * (variance / count).sqrt();
    let hundredths = |runs: f64| (100.0 * runs).round() as i64;
    Some(Difference {
        mean_hundredths: hundredths(middle),
        interval_hundredths: [hundredths(middle - doubt), hundredths(middle + doubt)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(means: &[(u64, u64)]) -> BTreeMap<String, (u64, u64)> {
        let named = means.iter().enumerate();
        named
            .map(|(index, own)| (format!("defect {index}"), *own))
            .collect()
    }

    #[test]
    fn the_difference_is_that_of_means_and_the_interval_that_of_its_error() {
        // Differences 1, 2, 3: mean 2, deviation 1, error 1/√3.
        let one = runs(&[(4, 2), (9, 3), (4, 1)]);
        let other = runs(&[(6, 6), (2, 2), (3, 3)]);
        let expected = Difference {
            mean_hundredths: 200,
            interval_hundredths: [87, 313],
        };
        assert_eq!(difference(&one, &other), Some(expected));
        let turned = difference(&other, &one).expect("the same defects");
        assert_eq!(turned.mean_hundredths, -200);
        assert_eq!(turned.interval_hundredths, [-313, -87]);
    }

    #[test]
    fn only_defects_that_both_have_count_and_one_is_too_few() {
        let (one, three) = (runs(&[(5, 1)]), runs(&[(1, 1), (2, 1), (3, 1)]));
        assert_eq!(difference(&one, &three), None);
        assert_eq!(difference(&three, &BTreeMap::new()), None);
        let same = difference(&three, &three).expect("three defects");
        assert_eq!(
            (same.mean_hundredths, same.interval_hundredths),
            (0, [0, 0])
        );
    }
}
