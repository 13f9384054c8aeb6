//! A run as a value that proptest draws and makes smaller.
//!
//! A case is drawn as a seed, by the generators of runs and sweeps. It is made smaller once its run is
//! known: its faults and operations are written out ([`explicit`]) and taken away, first in halves, then one by
//! one. What is left keeps its chances, since draws are named by their causes.

use std::fmt;

use proptest::prelude::Rng as _;
use proptest::strategy::{NewTree, Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use reports::Seed;

use crate::run::WITH_TRACE;
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use crate::shrink::{Size, explicit};

/// What differs between the cases of a suite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Vary {
    /// Workload, faults and schedule.
    #[default]
    Everything,
    /// What clients do, and when; faults and schedule are those of the setup.
    Workload,
    /// Which faults strike; workload and schedule are those of the setup.
    Plan,
}

/// A run that may fail.
#[derive(Clone)]
pub struct Case {
    /// All it depends on.
    pub setup: Setup,
}

impl fmt::Debug for Case {
    /// As the command that runs it, and how much of it is left.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.setup.reproduce())?;
        if self.setup.given.is_nothing() {
            return Ok(());
        }
        let Size { faults, operations } = Size::of(&self.setup);
        write!(
            f,
            " (of which {faults} faults and {operations} operations matter)"
        )
    }
}

/// Runs of a setup under seeds that proptest draws.
pub fn cases(setup: Setup, vary: Vary) -> impl Strategy<Value = Case> {
    Cases { setup, vary }
}

#[derive(Clone, Debug)]
struct Cases {
    setup: Setup,
    vary: Vary,
}

impl Strategy for Cases {
    type Tree = CaseTree;
    type Value = Case;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let drawn = Seed(runner.rng().next_u64());
        let seeds = self.setup.seeds;
        let seeds = match self.vary {
            Vary::Everything => seeds.at(drawn),
            Vary::Workload => RunSeeds {
                workload: Some(drawn),
                ..seeds
            },
            Vary::Plan => RunSeeds {
                plan: Some(drawn),
                ..seeds
            },
        };
        Ok(CaseTree::of(Setup {
            seeds,
            ..self.setup.clone()
        }))
    }
}

/// A case and what can still be taken from it.
struct CaseTree {
    now: Setup,
    /// As it was before what was taken away last.
    before: Option<Setup>,
    search: Option<Search>,
}

/// A search over two lists, first the faults, then the operations: pieces of half the list's length, then of
/// half of that, down to one.
struct Search {
    part: Part,
    piece: usize,
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Faults,
    Operations,
}

impl CaseTree {
    fn of(setup: Setup) -> CaseTree {
        CaseTree {
            now: setup,
            before: None,
            search: None,
        }
    }

    /// Takes the next piece away; whether there was one.
    fn take(&mut self) -> bool {
        let search = self.search.get_or_insert_with(|| {
            let outcome = self.now.run(WITH_TRACE);
            self.now = explicit::written_out(&self.now, &outcome.record);
            Search {
                part: Part::Faults,
                piece: length(&self.now, Part::Faults),
                at: 0,
            }
        });
        loop {
            let length = length(&self.now, search.part);
            if search.at < length && search.piece > 0 {
                self.before = Some(self.now.clone());
                let end = (search.at + search.piece).min(length);
                remove(&mut self.now, search.part, search.at..end);
                return true;
            }
            (search.at, search.piece) = (0, search.piece / 2);
            if search.piece == 0 {
                if search.part == Part::Operations {
                    return false;
                }
                search.part = Part::Operations;
                search.piece = self::length(&self.now, Part::Operations);
                if search.piece == 0 {
                    return false;
                }
            }
        }
    }
}

fn length(setup: &Setup, part: Part) -> usize {
    let Size { faults, operations } = Size::of(setup);
    match part {
        Part::Faults => faults,
        Part::Operations => operations,
    }
}

fn remove(setup: &mut Setup, part: Part, range: std::ops::Range<usize>) {
    let given = &mut setup.given;
    match part {
        Part::Faults => given
            .plan
            .iter_mut()
            .for_each(|plan| drop(plan.faults.drain(range.clone()))),
        Part::Operations => given
            .operations
            .iter_mut()
            .for_each(|operations| drop(operations.drain(range.clone()))),
    }
}

impl ValueTree for CaseTree {
    type Value = Case;

    fn current(&self) -> Case {
        Case {
            setup: self.now.clone(),
        }
    }

    /// It fails without what was taken away: the next piece stands where that one stood.
    fn simplify(&mut self) -> bool {
        self.before = None;
        self.take()
    }

    /// It does not fail any more: back, and past this piece.
    fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else {
            return false;
        };
        self.now = before;
        let search = self.search.as_mut();
        let search = search.expect("invariant: a piece is taken away by a search");
        search.at += search.piece;
        self.take()
    }
}
