//! What people tell each other outside the system: which asset came of which registration.
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
    finished: Rc<Cell<usize>>,
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

    /// Somebody knows the outcome of their intent, or has given up.
    pub fn finished(&self) {
        self.finished.set(self.finished.get() + 1);
    }

    /// How many are finished.
    pub fn finished_count(&self) -> usize {
        self.finished.get()
    }
}
