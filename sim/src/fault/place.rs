//! Places: where a fault acts, as a person writes it.
//!
//! | written | means |
//! |---|---|
//! | `*` | everything |
//! | `core-1`, `core-*, ledger` | these nodes, and all their links |
//! | `core-1 -> ledger` | messages from the left to the right |
//! | `core-* <-> ledger` | messages between the two sides, both ways |
//! | `core-1, ledger \| core-2` | messages between different groups; unnamed nodes are in none |
//!
//! A `*` at the end of a name stands for any ending. [`Route`] is a place resolved against the nodes
//! of a run.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::node::NodeId;

/// Where a fault acts.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Place {
    /// These nodes and all their links.
    Nodes(Names),
    /// Messages from the first to the second.
    OneWay(Names, Names),
    /// Messages between the two, both ways.
    BothWays(Names, Names),
    /// Messages between different groups.
    Groups(Vec<Names>),
}

/// Node names, each possibly ending in `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Names(Vec<String>);

/// A text that is no place, or a name that no node has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The text has none of the known forms.
    #[error("`{0}` names no place: write nodes, `a -> b`, `a <-> b` or `a, b | c`")]
    Form(String),
    /// No node of the run has this name.
    #[error("there is no node `{0}`")]
    UnknownNode(String),
}

impl PlaceError {
    /// How to mend it, given the nodes there are.
    pub fn hint(&self, nodes: &[String]) -> String {
        match self {
            PlaceError::Form(_) => "see `proveniq list --schema`".to_owned(),
            PlaceError::UnknownNode(name) => {
                match crate::nearest::nearest(name, nodes.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the nodes are: {}", nodes.join(", ")),
                }
            }
        }
    }
}

impl Names {
    fn parse(text: &str) -> Option<Names> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        let legal = |name: &String| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_*".contains(c))
        };
        names.iter().all(legal).then_some(Names(names))
    }

    fn resolve(&self, nodes: &[String]) -> Vec<NodeId> {
        nodes
            .iter()
            .enumerate()
            .filter(|(_, node)| self.0.iter().any(|pattern| fits(pattern, node)))
            .map(|(index, _)| NodeId::at(index))
            .collect()
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => pattern == name,
    }
}

impl Place {
    /// Whether two or more sides are named, rather than nodes.
    pub fn has_sides(&self) -> bool {
        !matches!(self, Place::Nodes(_))
    }

    /// Checks that every name fits some node.
    ///
    /// # Errors
    /// The first name that fits none.
    pub fn check_names(&self, nodes: &[String]) -> Result<(), PlaceError> {
        for names in self.sides() {
            for pattern in &names.0 {
                if !nodes.iter().any(|node| fits(pattern, node)) {
                    return Err(PlaceError::UnknownNode(pattern.clone()));
                }
            }
        }
        Ok(())
    }

    /// The nodes named, for a fault that acts on nodes.
    pub fn nodes(&self, nodes: &[String]) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = self
            .sides()
            .into_iter()
            .flat_map(|names| names.resolve(nodes))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The links meant, for a fault that acts on messages.
    pub fn route(&self, nodes: &[String]) -> Route {
        match self {
            Place::Nodes(names) if names.0 == ["*"] => Route::Everywhere,
            Place::Nodes(names) => Route::Touching(names.resolve(nodes)),
            Place::OneWay(from, to) => Route::OneWay(from.resolve(nodes), to.resolve(nodes)),
            Place::BothWays(a, b) => Route::BothWays(a.resolve(nodes), b.resolve(nodes)),
            Place::Groups(groups) => {
                Route::Groups(groups.iter().map(|names| names.resolve(nodes)).collect())
            }
        }
    }

    fn sides(&self) -> Vec<&Names> {
        match self {
            Place::Nodes(names) => vec![names],
            Place::OneWay(a, b) | Place::BothWays(a, b) => vec![a, b],
            Place::Groups(groups) => groups.iter().collect(),
        }
    }
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Place, PlaceError> {
        let names =
            |part: &str| Names::parse(part).ok_or_else(|| PlaceError::Form(text.to_owned()));
        if text.contains('|') {
            let groups: Result<Vec<Names>, PlaceError> = text.split('|').map(names).collect();
            return Ok(Place::Groups(groups?));
        }
        if let Some((a, b)) = text.split_once("<->") {
            return Ok(Place::BothWays(names(a)?, names(b)?));
        }
        if let Some((a, b)) = text.split_once("->") {
            return Ok(Place::OneWay(names(a)?, names(b)?));
        }
        Ok(Place::Nodes(names(text)?))
    }
}

impl TryFrom<String> for Place {
    type Error = PlaceError;
    fn try_from(text: String) -> Result<Place, PlaceError> {
        text.parse()
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        place.to_string()
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Nodes(names) => write!(f, "{names}"),
            Place::OneWay(from, to) => write!(f, "{from} -> {to}"),
            Place::BothWays(a, b) => write!(f, "{a} <-> {b}"),
            Place::Groups(groups) => {
                let groups: Vec<String> = groups.iter().map(Names::to_string).collect();
                f.write_str(&groups.join(" | "))
            }
        }
    }
}

/// A place resolved against the nodes of a run. Node lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// Every link.
    Everywhere,
    /// Links from or to these nodes.
    Touching(Vec<NodeId>),
    /// Links from the first to the second.
    OneWay(Vec<NodeId>, Vec<NodeId>),
    /// Links from either to the other; a node may stand on both sides, as in `* <-> a`.
    BothWays(Vec<NodeId>, Vec<NodeId>),
    /// Links between different groups.
    Groups(Vec<Vec<NodeId>>),
}

impl Route {
    /// Whether a message from one node to another takes this route.
    pub fn carries(&self, from: NodeId, to: NodeId) -> bool {
        let has = |nodes: &[NodeId], node: NodeId| nodes.binary_search(&node).is_ok();
        match self {
            Route::Everywhere => true,
            Route::Touching(nodes) => has(nodes, from) || has(nodes, to),
            Route::OneWay(senders, receivers) => has(senders, from) && has(receivers, to),
            Route::BothWays(a, b) => (has(a, from) && has(b, to)) || (has(b, from) && has(a, to)),
            Route::Groups(groups) => {
                let group_of = |node| groups.iter().position(|group| has(group, node));
                matches!((group_of(from), group_of(to)), (Some(a), Some(b)) if a != b)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: [&str; 4] = ["core-1", "core-2", "ledger", "locker-1"];

    fn carries(place: &str, from: &str, to: &str) -> bool {
        let nodes = NODES.map(str::to_owned);
        let id = |name| NodeId::at(NODES.iter().position(|node| *node == name).unwrap());
        place
            .parse::<Place>()
            .unwrap()
            .route(&nodes)
            .carries(id(from), id(to))
    }

    #[test]
    fn each_notation_carries_what_it_says() {
        for (place, from, to, expected) in [
            ("*", "core-1", "ledger", true),
            ("ledger", "core-1", "ledger", true),
            ("ledger", "ledger", "core-1", true),
            ("ledger", "core-1", "locker-1", false),
            ("core-* -> ledger", "core-2", "ledger", true),
            ("core-* -> ledger", "ledger", "core-2", false),
            ("core-* <-> ledger", "ledger", "core-2", true),
            ("* <-> ledger", "core-1", "ledger", true),
            ("* <-> ledger", "core-1", "core-2", false),
            ("core-1, ledger | core-2", "core-1", "ledger", false),
            ("core-1, ledger | core-2", "core-2", "ledger", true),
            ("core-1, ledger | core-2", "locker-1", "ledger", false),
        ] {
            assert_eq!(
                carries(place, from, to),
                expected,
                "{place}: {from} to {to}"
            );
        }
    }

    #[test]
    fn a_place_prints_as_it_reads() {
        for text in ["*", "a, b-*", "a -> b", "a <-> b, c", "a | b | c, d"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        assert!("".parse::<Place>().is_err() && "a -> ".parse::<Place>().is_err());
    }
}
