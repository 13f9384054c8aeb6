//! An asset as Core knows it: what is asked for, where it stands, and how strictly it is linked.

use serde::{Deserialize, Serialize};

use crate::ids::LockerRef;

/// What a client wants registered.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AssetContent {
    /// The asset's name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// The Locker it shall be linked to.
    pub locker: LockerRef,
}

macro_rules! named_states {
    ($(#[$doc:meta])* $name:ident { $($(#[$note:meta])* $state:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$note])* $state,)* }

        impl $name {
            /// As tables and answers spell it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$state => $word,)* }
            }

            /// Reads it back.
            ///
            /// # Panics
            /// When no state is spelled so: only this program writes the column.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $($word => Self::$state,)*
                    other => panic!("invariant: `{other}` is a {}", stringify!($name)),
                }
            }
        }
    };
}
pub(crate) use named_states;

named_states! {
    /// Where an asset stands.
    AssetStatus {
        /// Registered; its link is being made.
        Pending = "pending",
        /// Registered and answered; its link will be made by a job.
        PendingLink = "pending_link",
        /// Linked to a slot.
        Linked = "linked",
        /// Linked, and its evidence was found right.
        Verified = "verified",
        /// Linked, and its evidence was found wrong.
        Rejected = "rejected",
    }
}

impl AssetStatus {
    /// Whether the Ledger says that it is in its slot.
    pub fn is_linked(self) -> bool {
        match self {
            AssetStatus::Linked | AssetStatus::Verified | AssetStatus::Rejected => true,
            AssetStatus::Pending | AssetStatus::PendingLink => false,
        }
    }
}

named_states! {
    /// What becomes of a registration whose link fails.
    #[derive(schemars::JsonSchema)]
    Strategy {
        /// The asset is kept as `pending_link` and linked later: available, eventually consistent.
        PartialCommit = "partial_commit",
        /// Everything is taken back and the client told 503: consistent, not available.
        FullRollback = "full_rollback",
    }
}
