//! Whose reign each part of a log was written in, and whether two logs are one and the same so far.
//!
//! Servers that were primary one after the other have logs that agree up to where the later reign began, and may
//! differ from there. PostgreSQL keeps the same in its timeline history files. Start at [`Epochs::fits`].

use super::super::engine::log::frame::Lsn;

/// The number of a reign; the first is 1. Before a server has a log it is in epoch 0.
pub type Epoch = u64;

/// Where in the log each reign began, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Epochs(Vec<(Epoch, Lsn)>);

impl Epochs {
    /// The reign in which the log is being written.
    pub fn current(&self) -> Epoch {
        self.0.last().map_or(0, |(epoch, _)| *epoch)
    }

    /// A new reign begins at the end of the log.
    ///
    /// # Panics
    /// When it is not later than the current one, or begins before it.
    pub fn begin(&mut self, epoch: Epoch, at: Lsn) {
        let in_order = self
            .0
            .last()
            .is_none_or(|last| last.0 < epoch && last.1 <= at);
        assert!(
            in_order,
            "invariant: epoch {epoch} at {at:?} follows {:?}",
            self.0
        );
        self.0.push((epoch, at));
    }

    /// Where a reign ended: nothing for one that is not part of this log's history, the last position there is for
    /// the current one.
    pub fn end_of(&self, epoch: Epoch) -> Option<Lsn> {
        let number = self.0.iter().position(|(known, _)| *known == epoch)?;
        let next = self.0.get(number + 1);
        Some(next.map_or(Lsn(u64::MAX), |(_, began)| *began))
    }

    /// Whether a log whose last reign was `epoch`, and which ends at `end`, is the beginning of this one.
    pub fn fits(&self, epoch: Epoch, end: Lsn) -> bool {
        end == Lsn(0) || self.end_of(epoch).is_some_and(|ended| end <= ended)
    }

    /// As bytes for a file: a line for each reign.
    pub fn encode(&self) -> Vec<u8> {
        let lines = self
            .0
            .iter()
            .map(|(epoch, at)| format!("{epoch} {}\n", at.0));
        lines.collect::<String>().into_bytes()
    }

    /// Reads them back, as far as they are whole: what a crash has torn was not in force.
    pub fn decode(bytes: &[u8]) -> Epochs {
        let text = String::from_utf8_lossy(bytes);
        let whole = text.split_inclusive('\n').map_while(|line| {
            let (epoch, at) = line.strip_suffix('\n')?.split_once(' ')?;
            Some((epoch.parse().ok()?, Lsn(at.parse().ok()?)))
        });
        Epochs(whole.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(reigns: &[(Epoch, u64)]) -> Epochs {
        let mut epochs = Epochs::default();
        for (epoch, at) in reigns {
            epochs.begin(*epoch, Lsn(*at));
        }
        epochs
    }

    #[test]
    fn log_fits_as_far_as_both_were_written_in_the_same_reigns() {
        let own = epochs(&[(1, 0), (2, 500), (4, 900)]);
        // (epoch of the other, its end, fits)
        let cases = [
            (0, 0, true),
            (1, 0, true),
            (1, 500, true),
            (1, 501, false),
            (2, 900, true),
            (2, 901, false),
            (3, 600, false),
            (4, 5_000, true),
        ];
        for (epoch, end, fits) in cases {
            assert_eq!(own.fits(epoch, Lsn(end)), fits, "epoch {epoch}, end {end}");
        }
    }

    #[test]
    fn what_is_written_reads_back_and_a_torn_line_counts_for_nothing() {
        let own = epochs(&[(1, 0), (2, 500)]);
        let bytes = own.encode();
        assert_eq!(Epochs::decode(&bytes), own);
        let torn = &bytes[..bytes.len() - 1];
        assert_eq!(Epochs::decode(torn), epochs(&[(1, 0)]));
        assert_eq!(Epochs::decode(b""), Epochs::default());
    }

    #[test]
    #[should_panic(expected = "invariant: epoch 2")]
    fn reigns_come_in_order() {
        epochs(&[(3, 0), (2, 10)]);
    }
}
