//! Many runs folded into one statement.
//!
//! A [`Sweep`] takes seed lines in any order, from workers or from the files of several shards, and
//! always comes to the same result: it keeps counts, sets, and of every distinct failure the
//! smallest seeds. It never keeps all lines. The result goes out as a
//! [`SweepSummary`](crate::sweep_document::SweepSummary), as text, or as JUnit.

use std::collections::{BTreeMap, BTreeSet};

use sim::record::fingerprint::Fingerprint;
use sim::record::history::OperationCounts;

use crate::failure::{Failing, Failures, Signature, Undecided};
use crate::seed::{Seed, SeedEvidence, SeedLine, kind_of};
use crate::verdict::RunVerdict;

/// What a sweep is about, known before its first run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepScope {
    /// The scenario's name.
    pub scenario: String,
    /// Every check that judges each run.
    pub checks: Vec<String>,
    /// Named states that some run of the sweep must reach.
    pub sometimes: Vec<String>,
    /// Seeds that are run because they failed before, and not because they were drawn: of the rate of
    /// failures they say nothing.
    pub chosen: BTreeSet<Seed>,
    /// Whether these are a share of the seeds, so that what none of them reached another share may have.
    pub is_share: bool,
}

/// A sweep in the making.
#[derive(Clone, Debug)]
pub struct Sweep {
    pub(crate) scope: SweepScope,
    /// Every seed that was run, so that overlapping shards are noticed.
    seeds: BTreeMap<Seed, Identity>,
    pub(crate) verdicts: BTreeMap<RunVerdict, u64>,
    /// The same without seeds that say nothing of the rate of failures, which are counted below.
    pub(crate) drawn: BTreeMap<RunVerdict, u64>,
    /// Seeds that were chosen.
    pub(crate) chosen: u64,
    /// Runs that were led by what others showed.
    pub(crate) led: u64,
    /// Drawn seeds whose runs were lost from outside.
    pub(crate) lost_from_outside: u64,
    /// Whether it ended before its last seed.
    pub(crate) stopped: bool,
    pub(crate) failures: BTreeMap<Signature, Failures>,
    pub(crate) undecided: BTreeMap<String, Undecided>,
    pub(crate) sometimes: BTreeMap<String, u64>,
    /// How many runs reached exactly this set of states: our measure of distinct behaviour.
    pub(crate) behaviours: BTreeMap<BTreeSet<String>, u64>,
    pub(crate) operations: OperationCounts,
    pub(crate) events: u64,
    pub(crate) simulated_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    verdict: RunVerdict,
    fingerprint: Option<Fingerprint>,
}

/// Why a line does not belong to a sweep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SweepError {
    /// It is of another scenario.
    #[error(
        "seed {seed} ran the scenario `{found}`, this sweep is of `{expected}`; \
         summarise each scenario by itself"
    )]
    OtherScenario {
        /// The line's seed.
        seed: Seed,
        /// The sweep's scenario.
        expected: String,
        /// The line's scenario.
        found: String,
    },
    /// The same seed came to another result before.
    #[error(
        "seed {seed} came to two results, {first} and {second}: \
         the program changed between them, or the run is not deterministic"
    )]
    Contradiction {
        /// The seed.
        seed: Seed,
        /// Verdict and fingerprint of the one.
        first: String,
        /// Verdict and fingerprint of the other.
        second: String,
    },
}

/// What adding a line did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The seed is new.
    New,
    /// The seed was there with the same result; it counts once.
    Again,
}

impl Sweep {
    /// A sweep without runs.
    pub fn new(scope: SweepScope) -> Sweep {
        let sometimes = scope.sometimes.iter().map(|name| (name.clone(), 0));
        Sweep {
            sometimes: sometimes.collect(),
            scope,
            seeds: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            drawn: BTreeMap::new(),
            chosen: 0,
            led: 0,
            lost_from_outside: 0,
            stopped: false,
            failures: BTreeMap::new(),
            undecided: BTreeMap::new(),
            behaviours: BTreeMap::new(),
            operations: OperationCounts::default(),
            events: 0,
            simulated_ms: 0,
        }
    }

    /// Adds what became of a seed.
    ///
    /// # Errors
    /// [`SweepError`] when the line belongs to another scenario or contradicts an earlier one; the
    /// sweep is unchanged then.
    pub fn add(&mut self, line: &SeedLine) -> Result<Added, SweepError> {
        if line.scenario != self.scope.scenario {
            return Err(SweepError::OtherScenario {
                seed: line.seed,
                expected: self.scope.scenario.clone(),
                found: line.scenario.clone(),
            });
        }
        if let Added::Again = self.identify(line)? {
            return Ok(Added::Again);
        }
        *self.verdicts.entry(line.verdict).or_default() += 1;
        if self.scope.chosen.contains(&line.seed) {
            self.chosen += 1;
        } else if line.led {
            self.led += 1;
        } else if line.lost_from_outside {
            self.lost_from_outside += 1;
        } else {
            *self.drawn.entry(line.verdict).or_default() += 1;
        }
        self.operations.ok += line.operations.ok;
        self.operations.fail += line.operations.fail;
        self.operations.unknown += line.operations.unknown;
        self.events += line.events;
        self.simulated_ms += line.simulated_ms;
        self.add_failures(line);
        self.add_undecided(line);
        if line.verdict != RunVerdict::FailedToRun {
            for state in &line.reached {
                *self.sometimes.entry(state.clone()).or_default() += 1;
            }
            *self.behaviours.entry(line.reached.clone()).or_default() += 1;
        }
        Ok(Added::New)
    }

    /// Says that it ends before its last seed.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether seeds are missing here that belong to it: those of other shares, or those after a stop.
    pub fn is_partial(&self) -> bool {
        self.scope.is_share || self.stopped
    }

    /// Whether this seed was added before.
    pub fn has(&self, seed: Seed) -> bool {
        self.seeds.contains_key(&seed)
    }

    /// How many seeds were run.
    pub fn seeds(&self) -> u64 {
        self.seeds.len() as u64
    }

    /// How many seeds came to this verdict.
    pub fn count(&self, verdict: RunVerdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }

    /// The named states that had to be reached and never were. Of a part of a sweep there are none: what it
    /// did not reach the rest may.
    pub fn unreached(&self) -> impl Iterator<Item = &str> {
        let whole = !self.is_partial();
        self.sometimes
            .iter()
            .filter(move |(_, reached)| whole && **reached == 0)
            .map(|(name, _)| name.as_str())
    }

    /// The verdict over the sweep: the gravest of its seeds. A sweep that never reached a state it had
    /// to reach has not tested what it claims to, one that was stopped has not tested all, and one without
    /// seeds has tested nothing: all three are unknown at best.
    pub fn verdict(&self) -> RunVerdict {
        if self.seeds.is_empty() {
            return RunVerdict::Unknown;
        }
        let gravest = self.verdicts.keys().next_back().copied();
        let verdict = gravest.unwrap_or(RunVerdict::Unknown);
        match self.stopped || self.unreached().next().is_some() {
            true => verdict.max(RunVerdict::Unknown),
            false => verdict,
        }
    }

    fn identify(&mut self, line: &SeedLine) -> Result<Added, SweepError> {
        let identity = Identity {
            verdict: line.verdict,
            fingerprint: line.fingerprint,
        };
        match self.seeds.get(&line.seed) {
            None => {
                self.seeds.insert(line.seed, identity);
                Ok(Added::New)
            }
            Some(before) if *before == identity => Ok(Added::Again),
            Some(before) => Err(SweepError::Contradiction {
                seed: line.seed,
                first: before.in_words(),
                second: identity.in_words(),
            }),
        }
    }

    fn add_failures(&mut self, line: &SeedLine) {
        for violated in &line.violated {
            let way = match violated.causal_shape.as_str() {
                "" => violated.claim_kind.as_str(),
                shape => shape,
            };
            let signature = Signature::Violated {
                check: violated.check.clone(),
                kind: violated.kind,
                subject_kind: violated.subject_kind.clone(),
                way: way.to_owned(),
            };
            let failing = Failing {
                evidence: violated.evidence.clone(),
                evidence_total: violated.evidence_total,
                reproduce: line.reproduce.clone(),
            };
            self.failures
                .entry(signature)
                .or_default()
                .add(line.seed, failing);
        }
        if line.verdict == RunVerdict::FailedToRun {
            let failure = line.failure.clone().unwrap_or_default();
            let signature = Signature::FailedToRun {
                failure_kind: kind_of(&failure),
                from_outside: line.lost_from_outside,
            };
            let evidence = SeedEvidence {
                subject: String::new(),
                claim: failure,
                at_ms: None,
            };
            let failing = Failing {
                evidence: vec![evidence],
                evidence_total: 1,
                reproduce: line.reproduce.clone(),
            };
            self.failures
                .entry(signature)
                .or_default()
                .add(line.seed, failing);
        }
    }

    fn add_undecided(&mut self, line: &SeedLine) {
        for unknown in &line.unknown {
            let found = Undecided {
                seeds: 1,
                first_seed: line.seed,
                reason: unknown.reason.clone(),
                reproduce: line.reproduce.clone(),
            };
            match self.undecided.get_mut(&unknown.check) {
                None => {
                    self.undecided.insert(unknown.check.clone(), found);
                }
                Some(before) => {
                    let seeds = before.seeds + 1;
                    if found.first_seed < before.first_seed {
                        *before = found;
                    }
                    before.seeds = seeds;
                }
            }
        }
    }
}

impl Identity {
    fn in_words(&self) -> String {
        match self.fingerprint {
            Some(fingerprint) => format!("{} with fingerprint {fingerprint}", self.verdict),
            None => self.verdict.to_string(),
        }
    }
}
