//! The fingerprint: one 128-bit hash over every event of a run, in order.
//!
//! Two runs with equal fingerprints did the same things at the same simulated times. The hash is
//! XXH3-128, fed through [`Hash`] with every integer widened and in little-endian order, so that it
//! does not depend on the machine. It is taken while the run goes, whether or not the trace is kept.
//!
//! Every so often the hash so far is kept as a *checkpoint*, so that a later replay can say after
//! which event it went another way without the old trace at hand.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// The identity of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fingerprint: it has 32 hexadecimal digits")]
pub struct FingerprintError(String);

impl FromStr for Fingerprint {
    type Err = FingerprintError;
    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        if text.len() != 32 {
            return Err(FingerprintError(text.to_owned()));
        }
        u128::from_str_radix(text, 16)
            .map(Fingerprint)
            .map_err(|_| FingerprintError(text.to_owned()))
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;
    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> String {
        fingerprint.to_string()
    }
}

/// The fingerprint after the first `events` events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How many events had happened.
    pub events: u64,
    /// The hash over them.
    pub fingerprint: Fingerprint,
}

/// How many checkpoints a run keeps; their spacing doubles when there would be more.
const CHECKPOINTS_MAX: usize = 128;

/// Takes events in and gives the fingerprint at the end.
pub struct Fingerprinter {
    hash: Xxh3,
    events: u64,
    /// A power of two, so that no division is spent on each event.
    spacing: u64,
    checkpoints: Vec<Checkpoint>,
}

impl Default for Fingerprinter {
    fn default() -> Self {
        Fingerprinter {
            hash: Xxh3::new(),
            events: 0,
            spacing: 1,
            checkpoints: Vec::new(),
        }
    }
}

impl Fingerprinter {
    /// Adds one event.
    pub fn absorb(&mut self, event: &impl Hash) {
        let mut feed = Feed {
            buffer: [0; 128],
            filled: 0,
            hash: &mut self.hash,
        };
        event.hash(&mut feed);
        feed.flush();
        self.events += 1;
        if self.events & (self.spacing - 1) == 0 {
            self.keep_checkpoint();
        }
    }

    /// The fingerprint of everything so far.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.hash.digest128())
    }

    /// The checkpoints kept so far, oldest first.
    pub fn checkpoints(&self) -> &[Checkpoint] {
        &self.checkpoints
    }

    fn keep_checkpoint(&mut self) {
        if self.checkpoints.len() == CHECKPOINTS_MAX {
            self.spacing *= 2;
            let spacing = self.spacing;
            self.checkpoints
                .retain(|checkpoint| checkpoint.events.is_multiple_of(spacing));
            if !self.events.is_multiple_of(spacing) {
                return;
            }
        }
        self.checkpoints.push(Checkpoint {
            events: self.events,
            fingerprint: self.fingerprint(),
        });
    }
}

/// Collects an event's small writes before they reach the hash.
struct Feed<'a> {
    buffer: [u8; 128],
    filled: usize,
    hash: &'a mut Xxh3,
}

impl Feed<'_> {
    fn flush(&mut self) {
        self.hash.update(&self.buffer[..self.filled]);
        self.filled = 0;
    }
}

impl Hasher for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) {
        if bytes.len() > self.buffer.len() - self.filled {
            self.flush();
        }
        if bytes.len() > self.buffer.len() {
            self.hash.update(bytes);
        } else {
            self.buffer[self.filled..self.filled + bytes.len()].copy_from_slice(bytes);
            self.filled += bytes.len();
        }
    }
    fn write_u8(&mut self, value: u8) {
        self.write(&[value]);
    }
    fn write_u16(&mut self, value: u16) {
        self.write(&value.to_le_bytes());
    }
    fn write_u32(&mut self, value: u32) {
        self.write(&value.to_le_bytes());
    }
    fn write_u64(&mut self, value: u64) {
        self.write(&value.to_le_bytes());
    }
    fn write_u128(&mut self, value: u128) {
        self.write(&value.to_le_bytes());
    }
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
    fn write_i8(&mut self, value: i8) {
        self.write(&value.to_le_bytes());
    }
    fn write_i16(&mut self, value: i16) {
        self.write(&value.to_le_bytes());
    }
    fn write_i32(&mut self, value: i32) {
        self.write(&value.to_le_bytes());
    }
    fn write_i64(&mut self, value: i64) {
        self.write(&value.to_le_bytes());
    }
    fn write_i128(&mut self, value: i128) {
        self.write(&value.to_le_bytes());
    }
    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }
    /// Not the way to the result: [`Fingerprinter::fingerprint`] gives all 128 bits.
    fn finish(&self) -> u64 {
        self.hash.digest()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_and_its_order_count() {
        let of = |events: &[u32]| {
            let mut fingerprinter = Fingerprinter::default();
            events.iter().for_each(|event| fingerprinter.absorb(event));
            fingerprinter.fingerprint()
        };
        assert_eq!(of(&[1, 2, 3]), of(&[1, 2, 3]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 3, 2]));
        assert_ne!(of(&[1, 2, 3]), of(&[1, 2]));
    }

    #[test]
    fn checkpoints_thin_out_but_always_reach_near_the_end() {
        let mut fingerprinter = Fingerprinter::default();
        (0..10_000_u32).for_each(|event| fingerprinter.absorb(&event));
        let checkpoints = fingerprinter.checkpoints();
        assert!(checkpoints.len() <= CHECKPOINTS_MAX);
        assert!(checkpoints.last().unwrap().events > 9_800);
        assert!(
            checkpoints
                .windows(2)
                .all(|pair| pair[0].events < pair[1].events)
        );
    }

    #[test]
    fn a_fingerprint_reads_back_from_its_text() {
        let fingerprint = Fingerprint(0xfeed);
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!("feed".parse::<Fingerprint>().is_err());
    }
}
