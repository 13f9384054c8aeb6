//! Criterion 2: whether everything that was accepted is still there, once. Any loss is zero for all of it.

use model::incident::episode::{LENGTH, Outcome};

use super::Marker;
use crate::document::Item;

/// Judges it.
pub fn judge(marker: &Marker, outcome: &Outcome) -> Vec<Item> {
    let books = &outcome.balance;
    let end = LENGTH.as_secs() as i64;
    let sum = books.completed + books.rejected + books.queued;
    let gone = (books.loses() || sum != books.accepted).then(|| {
        format!(
            "accepted {} = completed {} + rejected {} + queued {} does not hold: {} lost, {} falsified",
            books.accepted, books.completed, books.rejected, books.queued, books.lost, books.falsified
        )
    });
    let or_gone = |wrong: Option<String>| {
        let told = gone.clone().or(wrong);
        told.map(|told| (told, end))
    };
    let duplicates = (books.duplicates > 0).then(|| format!("{} effects twice", books.duplicates));
    let disordered = (books.disordered > 0).then(|| {
        format!(
            "{} deliveries overtook an earlier one of their asset",
            books.disordered
        )
    });
    let audit = match (books.unaudited, books.chain_intact) {
        (0, true) => None,
        (0, false) => Some("the audit's chain of hashes does not verify".to_owned()),
        (missing, _) => Some(format!("{missing} changes have no audit entry")),
    };
    vec![
        marker.predicate("integrity.conserved", 80, or_gone(None)),
        marker.predicate("integrity.once", 40, or_gone(duplicates)),
        marker.predicate("integrity.order", 40, or_gone(disordered)),
        marker.predicate("integrity.audit", 40, or_gone(audit)),
    ]
}
