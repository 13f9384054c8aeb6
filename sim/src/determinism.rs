//! Comparing two runs: the first event in which they differ.
//!
//! Equal fingerprints end the comparison; only when they differ are events rendered. The rendered
//! form is what crosses process borders, since a payload's type is not known there.

use crate::record::Record;

/// Where two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The position of the first differing event.
    pub event: usize,
    /// The last events both runs have in common, oldest first.
    pub common: Vec<String>,
    /// That event in the first run; nothing when the run had ended.
    pub first: Option<String>,
    /// That event in the second run; nothing when the run had ended.
    pub second: Option<String>,
}

/// How many common events are shown before the first differing one.
const CONTEXT_EVENTS: usize = 6;

/// Every event as one line: time, node, what, cause.
pub fn event_lines(record: &Record) -> Vec<String> {
    record
        .trace
        .events()
        .iter()
        .enumerate()
        .map(|(index, event)| {
            format!(
                "#{index} {}ns {} {} (after #{})",
                event.at.nanos(),
                record.node_name(event.node),
                event.what,
                event.cause.0
            )
        })
        .collect()
}

/// The first difference between two runs' events; nothing when there is none.
pub fn first_divergence(first: &[String], second: &[String]) -> Option<Divergence> {
    let event =
        (0..first.len().max(second.len())).find(|&event| first.get(event) != second.get(event))?;
    Some(Divergence {
        event,
        common: first[event.saturating_sub(CONTEXT_EVENTS)..event].to_vec(),
        first: first.get(event).cloned(),
        second: second.get(event).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn the_first_difference_is_named_with_what_came_before() {
        let first = lines(&["a", "b", "c", "d"]);
        assert_eq!(first_divergence(&first, &first), None);
        let other = first_divergence(&first, &lines(&["a", "b", "x"])).unwrap();
        assert_eq!((other.event, other.common), (2, lines(&["a", "b"])));
        assert_eq!(
            (other.first.as_deref(), other.second.as_deref()),
            (Some("c"), Some("x"))
        );
    }

    #[test]
    fn a_run_that_ends_early_differs_where_it_ends() {
        let first = lines(&["a", "b"]);
        let found = first_divergence(&first, &lines(&["a"])).unwrap();
        assert_eq!((found.event, found.second), (1, None));
    }
}
