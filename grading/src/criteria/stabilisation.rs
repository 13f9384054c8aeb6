//! Criterion 1: how soon the figures were good for ten minutes, between an expert on the same seed and doing
//! nothing; and whether they stayed so.

use model::incident::episode::{LENGTH, Outcome};

use super::{Judged, Lost, Marker};
use crate::document::Item;
use crate::evidence::Evidence;

/// Points for the time; the rest is for no relapse afterwards, and for the queue that is left.
const TIME: u32 = 160;
const KEPT: u32 = 20;
const DRAINED: u32 = 20;

/// `points` scaled down by how much of the way from `full` to `zero` was gone, rounded down.
fn between(points: u32, value: u64, full: u64, zero: u64) -> u32 {
    if value <= full {
        return points;
    }
    let left = zero.saturating_sub(value);
    let way = (zero - full.min(zero)).max(1);
    (u64::from(points) * left / way) as u32
}

/// Judges it.
pub fn judge(marker: &Marker, outcome: &Outcome, expert: &Outcome, nothing: &Outcome) -> Vec<Item> {
    let end = LENGTH.as_secs();
    let stable = outcome.stable_at_s.unwrap_or(end);
    let best = expert.stable_at_s.unwrap_or(end);
    let zero = nothing.stable_at_s.unwrap_or(end);
    let told = match outcome.stable_at_s {
        Some(at) => format!("stable from {at} s on; an expert is at {best} s"),
        None => format!("never stable until the end, {end} s; an expert is at {best} s"),
    };
    let relapse = match (outcome.stable_at_s, outcome.relapse()) {
        (None, _) => Some(("it was never stable".to_owned(), end)),
        (Some(_), Some((at, what))) => Some((format!("a relapse at {at} s: {what}"), at)),
        (Some(_), None) => None,
    };
    let relapse = relapse.map(|(told, at)| marker.lost_at(told, at as i64));
    let time = between(TIME, stable, best, zero);
    // Whoever empties the queue by losing it has not drained it.
    let open = outcome.open + outcome.balance.lost + outcome.balance.falsified;
    let drained = between(DRAINED, open, expert.open, nothing.open);
    let left = format!(
        "{open} verifications are open at the end; an expert leaves {}",
        expert.open
    );
    let moment = |at: u64| Evidence::Moment { at_s: at as i64 };
    let at_end = vec![
        Evidence::books("open", outcome.open),
        Evidence::books("lost", outcome.balance.lost),
        Evidence::books("falsified", outcome.balance.falsified),
    ];
    let item = |name: &str, points, evidence| {
        Judged::of(&format!("stabilisation.{name}"), points, evidence)
    };
    let late = Lost::by(told, marker.moment(stable as i64));
    vec![
        item("time", TIME, vec![moment(stable)]).worth(time, late),
        item("kept", KEPT, vec![moment(stable)]).all_or_nothing(relapse),
        item("drained", DRAINED, at_end).worth(drained, marker.lost_at(left, end as i64)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_fall_in_a_line_and_are_never_rounded_up() {
        for (value, points) in [
            (0, 180),
            (300, 180),
            (301, 179),
            (2_850, 90),
            (5_399, 0),
            (5_400, 0),
        ] {
            assert_eq!(between(180, value, 300, 5_400), points, "{value}");
        }
    }
}
