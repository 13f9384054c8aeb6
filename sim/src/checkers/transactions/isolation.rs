//! The vocabulary: anomalies, isolation levels, and which level forbids which anomaly.
//!
//! Names and relations follow Adya's thesis and Berenson et al. ("A Critique of ANSI SQL Isolation Levels", 1995).

use std::fmt;

/// Something a history shows that no serial execution can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// A cycle of overwrites (dirty write).
    G0,
    /// A read of a value nobody wrote.
    UnwrittenValue,
    /// One element twice in a list, although it was appended once.
    DuplicateElement,
    /// The assumptions about a register order its versions in a circle.
    CyclicVersions,
    /// A read of what an aborted transaction wrote (aborted read).
    G1a,
    /// A read of a value its writer had not finished with (intermediate read).
    G1b,
    /// A cycle of overwrites and reads-from, with at least one of the latter (circular information flow).
    G1c,
    /// Two reads of one list, neither a prefix of the other: one of them saw what did not last.
    IncompatibleOrder,
    /// A transaction read what it wrote only later.
    FutureRead,
    /// A transaction contradicts itself: it missed its own write, or read one key twice with different results.
    Internal,
    /// Two transactions read one version and both replaced it; one update is lost.
    LostUpdate,
    /// A cycle with exactly one anti-dependency (read skew).
    GSingle,
    /// A cycle with several anti-dependencies, no two of them in a row; snapshot isolation allows none.
    GNonadjacent,
    /// Two transactions each read what the other was about to change, and changed different keys.
    WriteSkew,
    /// A cycle with anti-dependencies in a row, of any other shape.
    G2Item,
    /// A cycle that only the order in real time closes: a transaction missed what was finished before it began.
    RealTime,
}

/// A promise about the transactions of a history, weakest first.
///
/// Snapshot isolation and repeatable read are not comparable: the former allows write skew, and the latter, in Adya's
/// sense, phantoms. PostgreSQL's `REPEATABLE READ` is snapshot isolation and must be judged as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Isolation {
    /// No dirty write (PL-1).
    ReadUncommitted,
    /// Nor a read of what did not commit, or not yet, or not any more (PL-2).
    ReadCommitted,
    /// Reads of one moment, and no lost update (PL-SI).
    SnapshotIsolation,
    /// Adya's PL-2.99.
    RepeatableRead,
    /// Some serial order explains it all (PL-3).
    Serializable,
    /// Serializable in an order that respects real time.
    StrictSerializable,
}

impl Anomaly {
    /// The name used in reports, that of the literature where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::G0 => "G0",
            Self::UnwrittenValue => "unwritten-value",
            Self::DuplicateElement => "duplicate-element",
            Self::CyclicVersions => "cyclic-versions",
            Self::G1a => "G1a",
            Self::G1b => "G1b",
            Self::G1c => "G1c",
            Self::IncompatibleOrder => "incompatible-order",
            Self::FutureRead => "future-read",
            Self::Internal => "internal",
            Self::LostUpdate => "lost-update",
            Self::GSingle => "G-single",
            Self::GNonadjacent => "G-nonadjacent",
            Self::WriteSkew => "write-skew",
            Self::G2Item => "G2-item",
            Self::RealTime => "real-time",
        }
    }

    /// The weakest promises it breaks; every stronger one is broken with them.
    fn breaks(self) -> &'static [Isolation] {
        use Isolation::*;
        match self {
            Self::G0 | Self::UnwrittenValue | Self::DuplicateElement | Self::CyclicVersions => {
                &[ReadUncommitted]
            }
            Self::G1a | Self::G1b | Self::G1c | Self::IncompatibleOrder | Self::FutureRead => {
                &[ReadCommitted]
            }
            Self::Internal | Self::LostUpdate | Self::GSingle | Self::GNonadjacent => {
                &[SnapshotIsolation, RepeatableRead]
            }
            Self::WriteSkew | Self::G2Item => &[RepeatableRead],
            Self::RealTime => &[StrictSerializable],
        }
    }
}

impl Isolation {
    /// Every level, weakest first.
    pub const ALL: [Self; 6] = [
        Self::ReadUncommitted,
        Self::ReadCommitted,
        Self::SnapshotIsolation,
        Self::RepeatableRead,
        Self::Serializable,
        Self::StrictSerializable,
    ];

    /// Whether a history that shows `anomaly` breaks this promise.
    pub fn forbids(self, anomaly: Anomaly) -> bool {
        anomaly.breaks().iter().any(|&broken| self.includes(broken))
    }

    /// Whether keeping this promise means keeping `weaker`.
    pub fn includes(self, weaker: Self) -> bool {
        match (self, weaker) {
            (Self::RepeatableRead, Self::SnapshotIsolation) => false,
            (stronger, weaker) => stronger >= weaker,
        }
    }

    /// The name used in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "read-uncommitted",
            Self::ReadCommitted => "read-committed",
            Self::SnapshotIsolation => "snapshot-isolation",
            Self::RepeatableRead => "repeatable-read",
            Self::Serializable => "serializable",
            Self::StrictSerializable => "strict-serializable",
        }
    }

    /// The level of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Anomaly {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Display for Isolation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels_breaking(anomaly: Anomaly) -> Vec<&'static str> {
        Isolation::ALL
            .into_iter()
            .filter(|level| level.forbids(anomaly))
            .map(Isolation::name)
            .collect()
    }

    #[test]
    fn write_skew_is_what_snapshot_isolation_allows() {
        assert_eq!(
            levels_breaking(Anomaly::WriteSkew),
            ["repeatable-read", "serializable", "strict-serializable"]
        );
    }

    #[test]
    fn an_anomaly_breaks_every_stronger_promise() {
        let expected = [
            (Anomaly::G0, 6),
            (Anomaly::G1a, 5),
            (Anomaly::GSingle, 4),
            (Anomaly::RealTime, 1),
        ];
        for (anomaly, levels) in expected {
            assert_eq!(levels_breaking(anomaly).len(), levels, "{anomaly}");
        }
    }

    #[test]
    fn every_level_is_found_by_its_name() {
        for level in Isolation::ALL {
            assert_eq!(Isolation::named(level.name()), Some(level));
        }
        assert_eq!(Isolation::named("linearizable"), None);
    }
}
