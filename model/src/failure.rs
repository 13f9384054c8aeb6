//! The failure taxonomy: every failure has a fixed code and a message fit for a user.

use serde::{Deserialize, Serialize};

/// What went wrong, as response, log, metric and audit name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Failure {
    /// The Locker did not answer in time; it may still act.
    LockerTimeout,
    /// The Locker refused the connection; it has not acted.
    LockerUnreachable,
    /// The Locker reported a hardware error.
    LockerHardware,
    /// The request breaks a rule of the data: it is malformed, or reuses a key for another request.
    LedgerConstraint,
    /// Somebody else is at work on the same key.
    LedgerConflict,
    /// The Ledger cannot be reached.
    LedgerDown,
    /// Some systems have done their part and others cannot: what was done is taken back.
    PartialCommit,
    /// The commit's outcome is unknown to Core; it completes on its own.
    TimeoutAfterCommit,
}

/// How bad a failure is for the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Others were in the way; it passes.
    Warning,
    /// The service does less than it could.
    Degraded,
    /// The request is at fault.
    Error,
    /// People must act; it counts against the service level.
    Critical,
}

impl Failure {
    /// Every failure.
    pub const ALL: [Failure; 8] = [
        Failure::LockerTimeout,
        Failure::LockerUnreachable,
        Failure::LockerHardware,
        Failure::LedgerConstraint,
        Failure::LedgerConflict,
        Failure::LedgerDown,
        Failure::PartialCommit,
        Failure::TimeoutAfterCommit,
    ];

    /// The failure with this code.
    pub fn from_code(code: &str) -> Option<Failure> {
        Failure::ALL
            .into_iter()
            .find(|failure| failure.code() == code)
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Failure::LockerTimeout | Failure::LockerUnreachable => Severity::Degraded,
            Failure::LedgerConstraint => Severity::Error,
            Failure::LedgerConflict | Failure::TimeoutAfterCommit => Severity::Warning,
            Failure::LockerHardware | Failure::LedgerDown | Failure::PartialCommit => {
                Severity::Critical
            }
        }
    }

    /// The fixed code.
    pub fn code(self) -> &'static str {
        match self {
            Failure::LockerTimeout => "E_LOCKER_TIMEOUT",
            Failure::LockerUnreachable => "E_LOCKER_UNREACHABLE",
            Failure::LockerHardware => "E_LOCKER_HARDWARE",
            Failure::LedgerConstraint => "E_LEDGER_CONSTRAINT",
            Failure::LedgerConflict => "E_LEDGER_CONFLICT",
            Failure::LedgerDown => "E_LEDGER_DOWN",
            Failure::PartialCommit => "E_PARTIAL_COMMIT",
            Failure::TimeoutAfterCommit => "E_TIMEOUT_POST_COMMIT",
        }
    }

    /// Writes it into the log: what failed, and what it is about.
    pub fn log(self, what: &str, about: &str) {
        let code = self.code();
        match self.severity() {
            Severity::Critical => tracing::error!(code, about, "{what}"),
            Severity::Error | Severity::Degraded | Severity::Warning => {
                tracing::warn!(code, about, "{what}");
            }
        }
    }

    /// What the user reads.
    pub fn user_message(self) -> &'static str {
        match self {
            Failure::LockerTimeout => "Linking the physical asset is delayed; it will be retried.",
            Failure::LockerUnreachable => {
                "The hardware is unavailable; the asset waits for its link."
            }
            Failure::LockerHardware => "The hardware reported an error; operations were notified.",
            Failure::LedgerConstraint => "The request is not valid. Please check your input.",
            Failure::LedgerConflict => "The same request is being worked on. Please retry.",
            Failure::LedgerDown => "The service is unavailable. Please try again later.",
            Failure::PartialCommit => "Some operations failed. Changes are being rolled back.",
            Failure::TimeoutAfterCommit => "The request was accepted; updates may be delayed.",
        }
    }
}
