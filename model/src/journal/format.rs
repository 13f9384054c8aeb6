//! The layout of a log: records with length and checksum.
//!
//! A record is its length and its CRC-32C (both u32, little endian), then its bytes. Reading tells a
//! *torn tail*, which a crash leaves and recovery cuts, from *corruption in the middle*, after which
//! nothing may be trusted. What a damaged last record is, one reading cannot tell: see
//! [`Contents::tail`].
//!
//! This is a pure value over bytes; nodes read and write the file.

use serde::Serialize;
use serde::de::DeserializeOwned;

const HEADER_BYTES: usize = 8;

/// A log's readable content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents<T> {
    /// The intact records from the beginning.
    pub records: Vec<T>,
    /// The length of the intact part, in bytes.
    pub intact_bytes: usize,
    /// What follows it.
    pub tail: Tail,
}

/// What follows a log's intact part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing.
    Clean,
    /// Bytes that are no whole record, and nothing intact after them: a write was cut short, or the
    /// last record rotted.
    Damaged,
    /// A damaged record with intact ones after it: no crash leaves that.
    CorruptMiddle,
}

/// One record as bytes to append.
pub fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    let body = postcard::to_allocvec(record).expect("log records serialise without fail");
    let length = u32::try_from(body.len()).expect("a log record is smaller than 4 GiB");
    let mut bytes = Vec::with_capacity(HEADER_BYTES + body.len());
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// Everything a log says.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Contents<T> {
    let mut records = Vec::new();
    let mut offset = 0;
    while let Some((record, length)) = record_at(&bytes[offset..]) {
        records.push(record);
        offset += length;
    }
    let tail = if offset == bytes.len() {
        Tail::Clean
    } else if intact_record_follows::<T>(&bytes[offset..]) {
        Tail::CorruptMiddle
    } else {
        Tail::Damaged
    };
    Contents {
        records,
        intact_bytes: offset,
        tail,
    }
}

fn record_at<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, usize)> {
    let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
    let word = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let body = rest.get(..word(0) as usize)?;
    // An empty body would make eight zero bytes, which a torn file may end in, a record.
    if body.is_empty() || crc32c::crc32c(body) != word(4) {
        return None;
    }
    let record = postcard::from_bytes(body).ok()?;
    Some((record, HEADER_BYTES + body.len()))
}

/// Whether an intact record begins anywhere behind a damaged one: its length may be damaged too, so
/// every offset is tried.
fn intact_record_follows<T: DeserializeOwned>(bytes: &[u8]) -> bool {
    (1..bytes.len()).any(|offset| record_at::<T>(&bytes[offset..]).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(records: &[String]) -> Vec<u8> {
        records.iter().flat_map(encode).collect()
    }

    proptest! {
        #[test]
        fn a_log_cut_at_any_byte_reads_as_its_whole_records(
            records in prop::collection::vec("[a-z]{1,12}", 0..6),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = log(&records);
            let cut = cut.index(bytes.len() + 1);
            let contents = decode::<String>(&bytes[..cut]);
            prop_assert!(records.starts_with(&contents.records));
            prop_assert_eq!(&log(&contents.records)[..], &bytes[..contents.intact_bytes]);
            let whole = contents.intact_bytes == cut;
            prop_assert_eq!(contents.tail, if whole { Tail::Clean } else { Tail::Damaged });
        }

        #[test]
        fn one_flipped_bit_is_always_noticed(
            records in prop::collection::vec("[a-z]{1,12}", 1..6),
            bit in any::<prop::sample::Index>(),
        ) {
            let mut bytes = log(&records);
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let contents = decode::<String>(&bytes);
            prop_assert!(contents.tail != Tail::Clean);
            prop_assert!(records.starts_with(&contents.records));
        }
    }

    #[test]
    fn damage_before_an_intact_record_is_corruption_in_the_middle() {
        let records = ["first", "second", "third"].map(str::to_owned);
        let mut bytes = log(&records);
        let middle = encode(&records[0]).len() + HEADER_BYTES;
        bytes[middle] ^= 1;
        assert_eq!(decode::<String>(&bytes).tail, Tail::CorruptMiddle);
    }
}
