//! What people tell each other outside the system: which asset came of which registration, and what they
//! made of it.
//!
//! It also counts who is finished, which is how the director knows that all are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::ids::AssetId;

/// A notice board. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct Board {
    assets: Rc<RefCell<BTreeMap<u64, AssetId>>>,
    words: Rc<RefCell<BTreeMap<AssetId, Word>>>,
    finished: Rc<Cell<usize>>,
}

/// What one user tells another of an asset, beside the system: "I have renamed it, look".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The version that the teller made.
    pub version: i64,
    /// The token of the teller's session.
    pub token: u64,
}

impl Board {
    /// A registration was answered with this asset.
    pub fn tell(&self, registration: u64, asset: AssetId) {
        // A double click has a number of its own and the same asset.
        self.assets.borrow_mut().insert(registration & !1, asset);
    }

    /// The asset of a registration, once somebody was told.
    pub fn asset(&self, registration: u64) -> Option<AssetId> {
        self.assets.borrow().get(&registration).cloned()
    }

    /// A user tells everybody of the version they made of an asset.
    pub fn spread(&self, asset: AssetId, word: Word) {
        self.words.borrow_mut().insert(asset, word);
    }

    /// What was last told of an asset.
    pub fn word(&self, asset: &AssetId) -> Option<Word> {
        self.words.borrow().get(asset).copied()
    }

    /// Somebody knows the outcome of their intent, or has given up.
    pub fn finished(&self) {
        self.finished.set(self.finished.get() + 1);
    }

    /// How many are finished.
    pub fn finished_count(&self) -> usize {
        self.finished.get()
    }
}
