//! Criterion 2: whether everything that was accepted is still there, once. Any loss is zero for all of it.
//!
//! What must not happen at all has an item, and beside it one that falls in a line with how often it happened:
//! one effect twice is a mistake, ten thousand are another one.

use model::incident::episode::{LENGTH, Outcome};

use super::{Judged, Marker};
use crate::document::Item;
use crate::evidence::Evidence;

/// Of so many accepted verifications one may be disturbed before nothing is left of what falls in a line.
const ONE_IN: u64 = 100;

/// What is wrong, if anything, and what it is seen by.
struct Finding {
    name: &'static str,
    points: u32,
    wrong: Option<String>,
    evidence: Vec<Evidence>,
}

fn finding(
    (name, points): (&'static str, u32),
    wrong: Option<String>,
    counts: &[(&str, u64)],
) -> Finding {
    let counts = counts.iter();
    Finding {
        name,
        points,
        wrong,
        evidence: counts
            .map(|(count, value)| Evidence::books(count, *value))
            .collect(),
    }
}

/// Judges it.
pub fn judge(marker: &Marker, outcome: &Outcome) -> Vec<Item> {
    let books = &outcome.balance;
    let end = LENGTH.as_secs() as i64;
    let sum = books.completed + books.rejected + books.queued;
    let some = |count: u64, told: &str| (count > 0).then(|| format!("{count} {told}"));
    let unequal = (sum != books.accepted).then(|| {
        format!(
            "accepted {} = completed {} + rejected {} + queued {} does not hold: {} lost, {} falsified",
            books.accepted, books.completed, books.rejected, books.queued, books.lost, books.falsified
        )
    });
    let chain =
        (!books.chain_intact).then(|| "the audit's chain of hashes does not verify".to_owned());
    let twice = some(books.duplicates, "effects happened twice");
    let late = some(
        books.disordered,
        "deliveries overtook an earlier one of their asset",
    );
    let balance = [
        ("accepted", books.accepted),
        ("completed", books.completed),
        ("rejected", books.rejected),
        ("queued", books.queued),
    ];
    let duplicates = [("duplicates", books.duplicates)];
    let disordered = [("disordered", books.disordered)];
    let findings = [
        finding(
            ("lost", 25),
            some(books.lost, "verifications are gone"),
            &[("lost", books.lost)],
        ),
        finding(
            ("falsified", 25),
            some(
                books.falsified,
                "verifications are said to be done that nobody did",
            ),
            &[("falsified", books.falsified)],
        ),
        finding(("balance", 20), unequal, &balance),
        finding(("once", 20), twice.clone(), &duplicates),
        finding(("order", 20), late.clone(), &disordered),
        finding(
            ("audit", 25),
            some(books.unaudited, "changes have no audit entry"),
            &[("unaudited", books.unaudited)],
        ),
        finding(
            ("audit_chain", 25),
            chain,
            &[("chain_intact", u64::from(books.chain_intact))],
        ),
    ];
    let gone = findings[..3].iter().find_map(|it| it.wrong.clone());
    let in_line = [
        (
            finding(("seldom_twice", 20), twice, &duplicates),
            books.duplicates,
        ),
        (
            finding(("seldom_late", 20), late, &disordered),
            books.disordered,
        ),
    ];
    let item = |it: &Finding| {
        Judged::of(
            &format!("integrity.{}", it.name),
            it.points,
            it.evidence.clone(),
        )
    };
    let lost = |it: &Finding| it.wrong.clone().or(gone.clone());
    let whole = findings
        .iter()
        .map(|it| item(it).all_or_nothing(lost(it).map(|told| marker.lost_at(told, end))));
    let most = (books.accepted / ONE_IN).max(1);
    let shares = in_line.iter().map(|(it, count)| match lost(it) {
        None => item(it).all_or_nothing(None),
        Some(told) => {
            let left = match gone {
                Some(_) => 0,
                None => most.saturating_sub(*count),
            };
            item(it).share(left, most, marker.lost_at(told, end))
        }
    });
    whole.chain(shares).collect()
}
