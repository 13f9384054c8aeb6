//! A trial: a policy in a lab under one seed, and what of the lab's criteria did not hold.

use std::fmt;

use model::defects::Defects;
use reports::Seed;
use sim::check::Verdict;
use sim::random::Randomness;
use sim::record::Record;

use super::policy::Policy;
use super::{Criterion, Lab};
use crate::file::{self, Mistakes, Selected};
use crate::given::Given;
use crate::run::{self, JUDGEMENT_ONLY, Outcome, RunOrder};
use crate::scenario::Scenario;
use crate::seeds::RunSeeds;

/// What a criterion judges.
pub struct Seen<'a> {
    /// The scenario with the policy in it.
    pub scenario: &'a Scenario,
    /// The policy.
    pub policy: &'a Policy,
    /// What came of the run.
    pub outcome: &'a Outcome,
}

impl Seen<'_> {
    /// What the run left behind.
    pub fn record(&self) -> &Record {
        &self.outcome.record
    }

    /// Whether these of the system's checks held.
    ///
    /// # Errors
    /// The first that did not, with its first evidence or why it cannot tell.
    pub fn held(&self, checks: &[&str]) -> Result<(), String> {
        for name in checks {
            let judged = self.outcome.judgements.iter().find(|it| it.check == *name);
            let told = match judged.map(|it| &it.verdict) {
                Some(Verdict::Held) => continue,
                Some(Verdict::Violated(evidence)) => {
                    let first = evidence.first();
                    let first = first.map(|it| format!("{}: {}", it.subject, it.claim));
                    first.unwrap_or_default()
                }
                Some(Verdict::Unknown(why)) => format!("cannot tell: {why}"),
                None => "was not judged".to_owned(),
            };
            return Err(format!("{name}: {told}"));
        }
        Ok(())
    }

    /// Every check held, apart from some that are not asked about.
    ///
    /// # Errors
    /// As [`held`](Self::held).
    pub fn held_but(&self, apart: &[&str]) -> Result<(), String> {
        let named = self.outcome.judgements.iter().map(|it| it.check);
        let others: Vec<&str> = named.filter(|name| !apart.contains(name)).collect();
        self.held(&others)
    }

    /// Whether a state was never reached.
    ///
    /// # Errors
    /// When it was.
    pub fn never(&self, state: &str, told: &str) -> Result<(), String> {
        match self.record().reached.contains(state) {
            true => Err(told.to_owned()),
            false => Ok(()),
        }
    }
}

/// A criterion that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lapse {
    /// Its name.
    pub criterion: &'static str,
    /// What was wrong.
    pub told: String,
}

impl fmt::Display for Lapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.criterion, self.told)
    }
}

/// What a policy came to under a seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// The seed.
    pub seed: Seed,
    /// What did not hold, in the order of the lab's criteria.
    pub lapses: Vec<Lapse>,
    /// The identity of the run.
    pub fingerprint: String,
}

/// A lab with a policy in it, ready to run.
pub struct Bench {
    lab: &'static Lab,
    policy: Policy,
    selected: Selected,
}

impl Bench {
    /// Puts a policy into a lab.
    ///
    /// # Errors
    /// When the system cannot be built so, though each value is within its bounds.
    pub fn new(lab: &'static Lab, policy: Policy) -> Result<Bench, Mistakes> {
        let mut typed = policy.overrides(lab.knobs);
        typed.extend((lab.follows)(&policy));
        let overrides = typed
            .iter()
            .map(|set| set.parse().expect("a knob's key is a key path"));
        let overrides: Vec<_> = overrides.collect();
        let selected = file::read_within(lab.file, lab.file, lab.scenario, &overrides)?;
        Ok(Bench {
            lab,
            policy,
            selected,
        })
    }

    /// The lab.
    pub fn lab(&self) -> &'static Lab {
        self.lab
    }

    /// Runs it under a seed, and judges.
    pub fn run(&self, seed: Seed) -> Trial {
        let seeds = RunSeeds::of(seed);
        let scenario = &self.selected.scenario;
        let randomness = Randomness::new(seeds.resolve());
        let given = Given {
            operations: (self.lab.script)(scenario, &self.policy, &randomness),
            ..Given::NOTHING
        };
        let outcome = run::run(&RunOrder {
            scenario,
            seeds,
            given: &given,
            defects: &Defects::of((self.lab.defects)(&self.policy)),
            recording: JUDGEMENT_ONLY,
        });
        let seen = Seen {
            scenario,
            policy: &self.policy,
            outcome: &outcome,
        };
        let lapse = |criterion: &Criterion| {
            let told = (criterion.judge)(&seen).err()?;
            Some(Lapse {
                criterion: criterion.name,
                told,
            })
        };
        Trial {
            seed,
            lapses: self.lab.criteria.iter().filter_map(lapse).collect(),
            fingerprint: outcome.record.fingerprint.to_string(),
        }
    }
}
