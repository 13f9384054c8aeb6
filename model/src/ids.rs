//! Names of things: newtypes, so that no two can be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An asset, as Core names it.
    AssetId
}
text_id! {
    /// A client's idempotency key: one per intent, the same over all retries of it.
    IdempotencyKey
}
text_id! {
    /// A Locker, as clients refer to it; also its node's name.
    LockerRef
}
text_id! {
    /// One intended change of a device. It stays the same over all retries, so that a device can
    /// tell a repeated command from a new one.
    DeviceOperation
}
text_id! {
    /// A queued verification.
    VerificationId
}
text_id! {
    /// A registration as a saga.
    SagaId
}
text_id! {
    /// Work on a saga that some instance is to do.
    JobId
}
text_id! {
    /// Work that was given up.
    LetterId
}

/// A slot of a Locker, counted from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SlotNumber(pub u32);

/// How often a job was claimed. Writes of a worker carry the number it was given; once another
/// worker has a later one, they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FencingToken(pub u64);
