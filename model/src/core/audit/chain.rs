//! The chain of seals over the audit: who changes an entry later, or takes one out, breaks it.
//!
//! The seal of an entry is the SHA-256 digest of the seal before it and of the entry's content, as in
//! Haber and Stornetta, "How to time-stamp a digital document" (1991). The chain stands in the order in
//! which entries were sealed, which is not that of their numbers. It proves that nothing before its head
//! was changed, to whoever kept a head; it keeps nobody from writing the whole chain anew.

use std::collections::BTreeMap;
use std::fmt;

use sha2::{Digest, Sha256};

/// A seal, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal(pub String);

/// What an entry says: each column's name, and its value as text, or nothing.
pub type Content<'a> = Vec<(&'a str, Option<String>)>;

/// A link of the chain as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place, from 1.
    pub position: i64,
    /// The number of the entry it seals.
    pub entry: i64,
    /// Its seal.
    pub seal: Seal,
}

/// Where a chain is broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A link is missing before this one.
    Gap(Link),
    /// The entry was taken out of the audit.
    Missing(Link),
    /// The entry, or a seal before it, is not what was sealed.
    Changed(Link),
    /// The entry was sealed twice.
    Repeated(Link),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (link, what) = match self {
            Broken::Gap(link) => (link, "the link before it is missing"),
            Broken::Missing(link) => (link, "its entry was taken out of the audit"),
            Broken::Changed(link) => (link, "its entry does not say what was sealed"),
            Broken::Repeated(link) => (link, "its entry was sealed before"),
        };
        let Link {
            position, entry, ..
        } = link;
        write!(f, "link {position}, of entry {entry}: {what}")
    }
}

impl Seal {
    /// The seal before the first link.
    pub fn genesis() -> Seal {
        Seal("0".repeat(64))
    }

    /// The seal of an entry after this one. Every part goes in with its length, so that no two entries
    /// give the same bytes.
    #[must_use]
    pub fn then(&self, content: &Content<'_>) -> Seal {
        let mut digest = Sha256::new();
        let mut absorb = |part: &str| {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        };
        absorb(&self.0);
        for (column, value) in content {
            absorb(column);
            match value {
                Some(value) => {
                    absorb("=");
                    absorb(value);
                }
                None => absorb("null"),
            }
        }
        let bytes = digest.finalize();
        Seal(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// Goes along a chain, in order of its positions, and looks at every entry it seals.
///
/// # Errors
/// The first place where it is broken. What comes after it proves nothing.
pub fn verify(links: &[Link], entries: &BTreeMap<i64, Content<'_>>) -> Result<Seal, Broken> {
    let mut head = Seal::genesis();
    let mut sealed = Vec::new();
    for (expected, link) in (1..).zip(links) {
        if link.position != expected {
            return Err(Broken::Gap(link.clone()));
        }
        let Some(content) = entries.get(&link.entry) else {
            return Err(Broken::Missing(link.clone()));
        };
        head = head.then(content);
        if head != link.seal {
            return Err(Broken::Changed(link.clone()));
        }
        sealed.push((link.entry, link));
    }
    sealed.sort_by_key(|(entry, _)| *entry);
    match sealed.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(Broken::Repeated(pair[1].1.clone())),
        None => Ok(head),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(action: &str) -> Content<'static> {
        vec![("action", Some(action.to_owned())), ("failure", None)]
    }

    fn audit() -> BTreeMap<i64, Content<'static>> {
        let actions = [(3, "created"), (1, "linked"), (4, "deleted")];
        actions
            .map(|(entry, action)| (entry, content(action)))
            .into()
    }

    fn chain(entries: &[i64]) -> Vec<Link> {
        let mut seal = Seal::genesis();
        let links = (1..).zip(entries).map(|(position, entry)| {
            seal = seal.then(&audit()[entry]);
            Link {
                position,
                entry: *entry,
                seal: seal.clone(),
            }
        });
        links.collect()
    }

    fn check(claim: &str, links: &[Link], entries: &BTreeMap<i64, Content<'_>>, breaks: &str) {
        let found = verify(links, entries);
        let found = found.map_or_else(|broken| broken.to_string(), |_| "whole".to_owned());
        assert_eq!(found, breaks, "{claim}");
    }

    #[test]
    fn a_chain_breaks_where_anything_was_changed_that_it_sealed() {
        let whole = chain(&[3, 1, 4]);
        check("as sealed", &whole, &audit(), "whole");
        check("entries not sealed yet", &whole[..2], &audit(), "whole");

        let mut other = audit();
        other.insert(1, content("relinked"));
        let changed = "link 2, of entry 1: its entry does not say what was sealed";
        check("an entry changed", &whole, &other, changed);

        let mut fewer = audit();
        fewer.remove(&4);
        let missing = "link 3, of entry 4: its entry was taken out of the audit";
        check("an entry taken out", &whole, &fewer, missing);

        let gap = "link 3, of entry 4: the link before it is missing";
        let holed = [whole[0].clone(), whole[2].clone()];
        check("a link taken out", &holed, &audit(), gap);

        let again = "link 3, of entry 3: its entry was sealed before";
        check("an entry sealed twice", &chain(&[3, 1, 3]), &audit(), again);
    }

    #[test]
    fn no_two_contents_give_the_same_seal() {
        let contents: [Content<'_>; 6] = [
            vec![("a", Some("bc".to_owned()))],
            vec![("ab", Some("c".to_owned()))],
            vec![("a", Some(String::new()))],
            vec![("a", None)],
            vec![("a", Some("null".to_owned()))],
            vec![],
        ];
        let seals: Vec<Seal> = contents
            .iter()
            .map(|content| Seal::genesis().then(content))
            .collect();
        for (index, seal) in seals.iter().enumerate() {
            assert!(
                !seals[..index].contains(seal),
                "{:?} is told from those before",
                contents[index]
            );
        }
    }
}
