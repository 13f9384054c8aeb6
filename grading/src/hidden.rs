//! Hidden seeds: derived from a course key and the submission, committed to before, revealed after.
//!
//! Whoever has the key can derive them again and check the commitment; nobody else can guess them.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::submission::Files;

/// How many seeds each kind of hidden run has.
pub const HIDDEN: usize = 10;

/// The key of a course.
#[derive(Clone)]
pub struct CourseKey {
    bytes: Vec<u8>,
    hidden: usize,
}

/// The seeds of one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenSeeds {
    /// With the incident.
    pub incident: Vec<u64>,
    /// Healthy ones.
    pub healthy: Vec<u64>,
    /// The hash they are committed to by.
    pub commitment: String,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A hash as a grade writes it.
pub fn hash_of(parts: &[&[u8]]) -> String {
    format!("sha256:{}", hex(&digest(parts)))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

impl CourseKey {
    /// A key from what a file holds.
    pub fn new(bytes: &[u8]) -> CourseKey {
        CourseKey {
            bytes: bytes.to_vec(),
            hidden: HIDDEN,
        }
    }

    /// The same key with another number of seeds for each kind of hidden run.
    #[must_use]
    pub fn with_hidden(self, hidden: usize) -> CourseKey {
        CourseKey { hidden, ..self }
    }

    /// The key in hexadecimal digits, for who may know it: see [`reveal`](crate::reveal).
    pub fn to_hex(&self) -> String {
        hex(&self.bytes)
    }

    /// The key of such digits; nothing when they are none.
    pub fn from_hex(digits: &str) -> Option<CourseKey> {
        let pairs = digits.as_bytes().chunks(2);
        let bytes = pairs.map(|pair| {
            let pair = std::str::from_utf8(pair).ok()?;
            (pair.len() == 2).then(|| u8::from_str_radix(pair, 16).ok())?
        });
        Some(CourseKey::new(&bytes.collect::<Option<Vec<u8>>>()?))
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.bytes).expect("a key has any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The hash to publish before the course begins, which commits to all seeds of all submissions.
    pub fn commitment(&self) -> String {
        format!(
            "sha256:{}",
            hex(&Sha256::digest(self.mac(&[b"commitment"])))
        )
    }

    /// The seeds of a submission that is one file and is run in these labs: so many for each, one lab after the
    /// other. None of them is a healthy one.
    pub fn file_seeds(&self, labs: &[&str], file: &[u8], count: u64) -> HiddenSeeds {
        let hash = Sha256::digest(file);
        let all = labs.iter().flat_map(|lab| {
            let seed = |number: u64| self.seed(lab, &hash, number);
            (0..count).map(seed).collect::<Vec<u64>>()
        });
        let all: Vec<u64> = all.collect();
        HiddenSeeds {
            commitment: self.commitment_to(&all, &hash),
            incident: all,
            healthy: Vec::new(),
        }
    }

    fn seed(&self, assignment: &str, hash: &[u8], number: u64) -> u64 {
        let mac = self.mac(&[assignment.as_bytes(), hash, &number.to_le_bytes()]);
        u64::from_le_bytes(mac[..8].try_into().expect("eight of 32 bytes"))
    }

    fn commitment_to(&self, seeds: &[u64], hash: &[u8]) -> String {
        let mut committed = Sha256::new();
        for seed in seeds {
            committed.update(seed.to_le_bytes());
        }
        committed.update(self.mac(&[b"salt", hash]));
        format!("sha256:{}", hex(&committed.finalize()))
    }

    /// The seeds of a submission.
    pub fn seeds(&self, assignment: &str, files: &Files) -> HiddenSeeds {
        let hash = digest(&files.parts());
        let numbers = 0..2 * self.hidden as u64;
        let all: Vec<u64> = numbers.map(|it| self.seed(assignment, &hash, it)).collect();
        HiddenSeeds {
            commitment: self.commitment_to(&all, &hash),
            incident: all[..self.hidden].to_vec(),
            healthy: all[self.hidden..].to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_follow_from_key_and_submission_and_from_nothing_else() {
        let files = |text: &str| Files {
            actions: text.as_bytes().to_vec(),
            ..Files::default()
        };
        let seeds = |key: &str, text: &str| CourseKey::new(key.as_bytes()).seeds("a", &files(text));
        assert_eq!(seeds("key", "x"), seeds("key", "x"));
        for other in [seeds("key", "y"), seeds("other", "x")] {
            assert_ne!(seeds("key", "x").incident, other.incident);
            assert_ne!(seeds("key", "x").commitment, other.commitment);
        }
    }
}
