//! Figures as people read them: counts with separators, spans with three digits and a unit.

use std::time::Duration;

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// `2.50`, `−0.08`: so many hundredths.
pub(crate) fn hundredths(number: i64) -> String {
    let sign = if number < 0 { "−" } else { "" };
    let number = number.unsigned_abs();
    format!("{sign}{}.{:02}", count(number / 100), number % 100)
}

/// `1 check`, `2 checks`: a count with its noun.
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// Units of a span, from the largest, with their length in nanoseconds.
const UNITS: [(&str, u64); 4] = [
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("µs", 1_000),
    ("ns", 1),
];

/// `41.2 s`, `180 ms`, `1.50 ms`: three digits where there are that many, integer arithmetic.
pub(crate) fn span(span: Duration) -> String {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let (unit, length) = UNITS
        .into_iter()
        .find(|(_, length)| nanos >= *length)
        .unwrap_or(("ns", 1));
    let (whole, rest) = (nanos / length, nanos % length);
    let decimals = match (whole, length) {
        (_, 1) => 0,
        (0..=9, _) => 2,
        (10..=99, _) => 1,
        _ => 0,
    };
    let fraction = format!("{rest:0>width$}", width = length.ilog10() as usize);
    let fraction = fraction[..decimals].trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{}{dot}{fraction} {unit}", count(whole))
}

/// `12 %`, `0.3 %`, `0.012 %`: two digits that count, by integers.
pub(crate) fn percentage(part: u64, whole: u64) -> String {
    in_percent(part.saturating_mul(1_000_000) / whole.max(1))
}

/// The same of a bound from above: rounded up, so that it stays one.
pub(crate) fn percentage_at_most(part: u64, whole: u64) -> String {
    let millionths = part.saturating_mul(1_000_000).div_ceil(whole.max(1));
    let last_digit = match millionths {
        100_000.. => 10_000,
        10_000.. => 1_000,
        1_000.. => 100,
        100.. => 10,
        _ => 1,
    };
    in_percent(millionths.next_multiple_of(last_digit))
}

fn in_percent(millionths: u64) -> String {
    let (percent, rest) = (millionths / 10_000, millionths % 10_000);
    if percent >= 10 || rest == 0 {
        return format!("{percent} %");
    }
    let digits = format!("{rest:04}");
    let kept = match percent {
        0 => digits.len() - digits.trim_start_matches('0').len() + 2,
        _ => 1,
    };
    let digits = digits[..kept.min(4)].trim_end_matches('0');
    let dot = if digits.is_empty() { "" } else { "." };
    format!("{percent}{dot}{digits} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three() {
        for (number, shown) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (52_847, "52,847"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn spans_show_three_digits_at_most_below_a_thousand() {
        for (nanos, shown) in [
            (0, "0 ns"),
            (7, "7 ns"),
            (1_000, "1 µs"),
            (1_500_000, "1.5 ms"),
            (12_340_000, "12.3 ms"),
            (180_000_000, "180 ms"),
            (1_005_000_000, "1 s"),
            (1_050_000_000, "1.05 s"),
            (41_200_000_000, "41.2 s"),
            (86_400_000_000_000, "86,400 s"),
        ] {
            assert_eq!(span(Duration::from_nanos(nanos)), shown, "{nanos} ns");
        }
    }

    #[test]
    fn percentages_show_two_digits_that_count() {
        for (part, whole, shown) in [
            (0, 10, "0 %"),
            (1, 1, "100 %"),
            (1, 8, "12 %"),
            (1, 80, "1.2 %"),
            (3, 1_000, "0.3 %"),
            (3, 2_000, "0.15 %"),
            (1, 1_007, "0.099 %"),
            (3, 100_000, "0.003 %"),
        ] {
            assert_eq!(percentage(part, whole), shown, "{part} of {whole}");
        }
    }

    #[test]
    fn a_bound_from_above_is_never_rounded_down() {
        for (part, whole, shown) in [
            (0, 10, "0 %"),
            (1, 1, "100 %"),
            (3, 8, "38 %"),
            (1, 80, "1.3 %"),
            (3, 31, "9.7 %"),
            (999, 10_000, "10 %"),
            (3, 1_000, "0.3 %"),
            (3, 2_000, "0.15 %"),
            (3, 1_007, "0.3 %"),
            (1, 1_007, "0.1 %"),
            (1, 999_999_999, "0.0001 %"),
        ] {
            assert_eq!(percentage_at_most(part, whole), shown, "{part} of {whole}");
        }
    }
}
