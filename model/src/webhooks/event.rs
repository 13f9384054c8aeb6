//! What is told: an event of an asset, its kind, its id and its body.
//!
//! An event is a row of the outbox, written in the transaction of the change it tells of. Its place
//! there gives its id, so every attempt to every endpoint carries the same. A body is made once and
//! kept as text: what is signed is what is kept.

use serde_json::json;

/// The kinds of events, by the audit's word for the change. What the audit calls otherwise is nobody's
/// business outside.
pub const KINDS: [(&str, &str); 7] = [
    ("created", "asset.created"),
    ("linked", "asset.linked"),
    ("renamed", "asset.renamed"),
    ("edited", "asset.edited"),
    ("verified", "asset.verified"),
    ("rejected", "asset.rejected"),
    ("deleted", "asset.deleted"),
];

/// The kind of event that a change makes, if it makes one.
pub fn kind_of(action: &str) -> Option<&'static str> {
    let found = KINDS.iter().find(|(word, _)| *word == action);
    found.map(|(_, kind)| *kind)
}

/// An event's id by its place in the outbox.
pub fn id(position: i64) -> String {
    format!("evt_{position}")
}

/// The name of an event's delivery to an endpoint. Names of one endpoint sort as its events do.
pub fn delivery(position: i64, endpoint: &str) -> String {
    format!("delivery-{position:010}-{endpoint}")
}

/// An event's body: the standard's `type`, `timestamp` and `data`.
pub fn body(kind: &str, at: i64, asset: &str, version: Option<i64>) -> String {
    let data = json!({ "asset": asset, "version": version });
    // Not in the order of the alphabet: who writes the body anew after parsing it gets other bytes.
    format!("{{\"type\":\"{kind}\",\"timestamp\":{at},\"data\":{data}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_json_and_its_bytes_are_not_those_of_a_rewriting() {
        let body = body("asset.renamed", 7, "asset \"a\"", Some(2));
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["data"]["asset"], "asset \"a\"");
        assert_eq!(read["data"]["version"], 2);
        assert_ne!(read.to_string(), body);
    }

    #[test]
    fn names_sort_as_their_events_do_and_ids_hold_no_dot() {
        assert!(delivery(9, "e") < delivery(10, "e"));
        assert!(!id(10).contains('.'));
    }

    #[test]
    fn only_changes_of_assets_are_events() {
        let kinds = ["linked", "link_postponed"].map(kind_of);
        assert_eq!(kinds, [Some("asset.linked"), None]);
    }
}
