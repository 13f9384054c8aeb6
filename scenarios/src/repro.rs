//! Repro files: everything a run depended on and came to, in one JSON document.
//!
//! `proveniq/repro/v2` holds the scenario's whole text, the faults and the operations as they were
//! drawn, so that the run can be had again when the scenario, the swarm or the program have changed
//! since. It holds the fingerprint along the way and the milestones, so that a replay on newer code says
//! where it has become another run, instead of silently testing something else. It does not hold the
//! trace.

use std::path::Path;

use reports::RunVerdict;
use reports::schema::{Document, Schema};
use serde::{Deserialize, Serialize};
use sim::check::Verdict;
use sim::record::Record;
use sim::record::fingerprint::{Checkpoint, Fingerprint};

use crate::failure::Failure;
use crate::file::{Mistakes, json};
use crate::milestones::milestones;
use crate::run::{JUDGEMENT_ONLY, Outcome, draw_plan, operations_of};
use crate::setup::{Setup, SetupText};
use crate::shrink::Shrunk;
use crate::shrink::target::Target;

/// A run to be had again: `proveniq/repro/v2`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repro {
    /// `proveniq/repro/v2`.
    pub schema: Schema<Repro>,
    /// The version of the program that wrote it.
    pub written_by: String,
    /// What was run. Its faults and operations are always there.
    pub setup: SetupText,
    /// Of which failure this is the smallest run that was found, when it was shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk_to: Option<Target>,
    /// What came of it.
    pub expected: Expected,
}

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The verdict over all checks.
    pub verdict: RunVerdict,
    /// The violated checks.
    pub violated: Vec<Violated>,
    /// The identity of the run.
    pub fingerprint: Fingerprint,
    /// How many events there were.
    pub events: u64,
    /// The fingerprint along the way.
    pub checkpoints: Vec<Checkpoint>,
    /// What happened, told so that it can be compared; see [`milestones`](crate::milestones).
    pub milestones: Vec<String>,
}

/// A violated check and what it was violated on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violated {
    /// The check's name.
    pub check: String,
    /// The subject of its first evidence.
    pub subject: String,
}

/// Whether a replay was the run that was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness {
    /// Event for event.
    Same,
    /// It went another way.
    Other {
        /// Up to here the two were the same.
        common_events: u64,
        /// By then they were not.
        parted_by: u64,
    },
}

impl Document for Repro {
    const SCHEMA: &'static str = "proveniq/repro/v2";
}

impl Repro {
    /// The repro of a run that kept its trace.
    pub fn of(setup: &Setup, outcome: &Outcome) -> Repro {
        let mut text = setup.to_text();
        text.given.plan = Some(outcome.record.plan.clone());
        // Beside a plan that is given no change points are drawn any more.
        text.given.put_off = setup.steering().put_off;
        text.given.operations = Some(operations_of(&setup.order(JUDGEMENT_ONLY)));
        Repro {
            schema: Schema::new(),
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            setup: text,
            shrunk_to: None,
            expected: Expected::of(outcome),
        }
    }

    /// The repro of a run that left no record: its process hung, was ended or ended by itself. Nothing but that
    /// is expected of it.
    pub fn of_lost(setup: &Setup) -> Repro {
        let order = setup.order(JUDGEMENT_ONLY);
        let mut text = setup.to_text();
        text.given.plan = Some(match &setup.given.plan {
            Some(plan) => plan.clone(),
            None => draw_plan(&order),
        });
        text.given.put_off = setup.steering().put_off;
        text.given.operations = Some(operations_of(&order));
        Repro {
            schema: Schema::new(),
            written_by: env!("CARGO_PKG_VERSION").to_owned(),
            setup: text,
            shrunk_to: None,
            expected: Expected {
                verdict: RunVerdict::FailedToRun,
                violated: Vec::new(),
                fingerprint: Fingerprint(0),
                events: 0,
                checkpoints: Vec::new(),
                milestones: Vec::new(),
            },
        }
    }

    /// The repro of a run that was shrunk.
    pub fn of_shrunk(shrunk: &Shrunk) -> Repro {
        Repro {
            shrunk_to: Some(shrunk.target.clone()),
            ..Repro::of(&shrunk.setup, &shrunk.outcome)
        }
    }

    /// Reads a repro file.
    ///
    /// # Errors
    /// When it cannot be read, is of another version, or is damaged; with the place.
    pub fn read(path: &Path) -> Result<Repro, Failure> {
        let text =
            std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error))?;
        Ok(Repro::parse_at(&path.display().to_string(), &text)?)
    }

    /// Reads a repro's text; `origin` is the file it stands in.
    ///
    /// # Errors
    /// When it is of another version, or damaged; with the place.
    pub fn parse_at(origin: &str, text: &str) -> Result<Repro, Mistakes> {
        Repro::parse(text).map_err(|error| Mistakes::from(json::explain(origin, text, &error)))
    }
}

impl Expected {
    /// What a run came to.
    pub fn of(outcome: &Outcome) -> Expected {
        let violated = outcome.judgements.iter().filter_map(|judgement| {
            let Verdict::Violated(evidence) = &judgement.verdict else {
                return None;
            };
            let subject = evidence.first().map(|first| first.subject.clone());
            Some(Violated {
                check: judgement.check.to_owned(),
                subject: subject.unwrap_or_default(),
            })
        });
        Expected {
            verdict: RunVerdict::over(&outcome.judgements),
            violated: violated.collect(),
            fingerprint: outcome.record.fingerprint,
            events: outcome.record.events,
            checkpoints: outcome.record.checkpoints.clone(),
            milestones: milestones(&outcome.record),
        }
    }

    /// Whether a record is of the run this was expected of.
    pub fn compare(&self, record: &Record) -> Sameness {
        if self.fingerprint == record.fingerprint {
            return Sameness::Same;
        }
        let (mut common_events, mut parted_by) = (0, self.events.max(record.events));
        // A longer run keeps fewer checkpoints; those at the same number of events compare.
        for kept in &self.checkpoints {
            let other = record
                .checkpoints
                .iter()
                .find(|it| it.events == kept.events);
            match other {
                Some(other) if other.fingerprint == kept.fingerprint => common_events = kept.events,
                Some(_) => {
                    parted_by = kept.events;
                    break;
                }
                None => {}
            }
        }
        Sameness::Other {
            common_events,
            parted_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::Given;
    use crate::seeds::RunSeeds;
    use crate::strategy::Strategy;

    fn repro() -> (Repro, Outcome) {
        repro_by(Strategy::default())
    }

    fn repro_by(strategy: Strategy) -> (Repro, Outcome) {
        let setup = Setup {
            selected: crate::file::select("chaos-registration", &[]).unwrap(),
            seeds: RunSeeds::of(reports::Seed(3)),
            defects: model::defects::Defects::default(),
            given: Given {
                strategy,
                ..Given::NOTHING
            },
        };
        let outcome = setup.run(crate::run::WITH_TRACE);
        (Repro::of(&setup, &outcome), outcome)
    }

    #[test]
    fn a_saved_run_is_had_again_from_its_text_alone() {
        for strategy in Strategy::ALL {
            check_had_again(strategy);
        }
    }

    fn check_had_again(strategy: Strategy) {
        let (saved, outcome) = repro_by(strategy);
        let read = Repro::parse_at("r.json", &saved.to_pretty()).unwrap();
        assert_eq!(read, saved);
        let setup = read.setup.read("r.json").unwrap();
        assert_eq!(setup.given.plan.as_ref(), Some(&outcome.record.plan));
        let again = setup.run(crate::run::WITH_TRACE);
        assert_eq!(
            read.expected.compare(&again.record),
            Sameness::Same,
            "{strategy:?}"
        );
        assert_eq!(Expected::of(&again), saved.expected);
    }

    #[test]
    fn a_run_that_left_no_result_is_saved_whole_all_the_same() {
        let (saved, _) = repro();
        let setup = saved.setup.clone().read("r.json").unwrap();
        let lost = Repro::of_lost(&setup);
        assert_eq!(lost.setup, saved.setup, "what is run is the same");
        assert_eq!(lost.expected.verdict, RunVerdict::FailedToRun);
        let read = Repro::parse_at("r.json", &lost.to_pretty()).unwrap();
        assert_eq!(read, lost);
    }

    #[test]
    fn another_run_is_told_by_the_checkpoints_around_the_parting() {
        let (saved, outcome) = repro();
        let mut expected = saved.expected;
        expected.fingerprint.0 ^= 1;
        let kept = expected.checkpoints.len();
        assert!(kept > 3, "the run has checkpoints");
        for checkpoint in &mut expected.checkpoints[2..] {
            checkpoint.fingerprint.0 ^= 1;
        }
        let parted = Sameness::Other {
            common_events: expected.checkpoints[1].events,
            parted_by: expected.checkpoints[2].events,
        };
        assert_eq!(expected.compare(&outcome.record), parted);
    }

    fn refused(change: impl FnOnce(String) -> String) -> String {
        let (saved, _) = repro();
        let mut saved = saved;
        saved.setup.text = "name = 1".to_owned();
        saved.setup.given = Default::default();
        saved.expected.checkpoints.clear();
        saved.expected.milestones.clear();
        let text = change(saved.to_pretty());
        Repro::parse_at("r.json", &text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_version_is_told_where_it_stands() {
        let error = refused(|text| text.replace("repro/v2", "repro/v9"));
        insta::assert_snapshot!(error, @r#"
            expected a `proveniq/repro/v2` document, found `proveniq/repro/v9`; write it again with this version of the program, or read it with the one that wrote it
              --> r.json:2:3
              |
            2 |   "schema": "proveniq/repro/v9",
              |   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
            "#);
    }

    #[test]
    fn damage_is_told_where_it_is() {
        insta::assert_snapshot!(refused(|text| text[..40].to_owned()), @r#"
            EOF while parsing a string
              --> r.json:3:5
              |
            3 |   "wr
              |     ^
              hint: this is no repro file, or a damaged one; `proveniq run … --save-repro FILE` writes them
            "#);
        insta::assert_snapshot!(refused(|text| text.replace("\"asked\"", "\"askd\"")), @r#"
            unknown key `askd`
              --> r.json:5:10
              |
            5 |     "askd": "chaos-registration",
              |          ^
              hint: did you mean `asked`?
            "#);
        insta::assert_snapshot!(refused(|text| text.replace("\"run\": \"0x3\"", "\"run\": \"seed\"")), @r#"
            `seed` is not a seed: write a number below 2^64, such as `42` or `0x2a`
               --> r.json:10:5
               |
            10 |     },
               |     ^
              hint: the file is damaged or was edited; save it again from the run
            "#);
        insta::assert_snapshot!(refused(|_| "scenario = 1".to_owned()), @r#"
            expected value
              --> r.json:1:1
              |
            1 | scenario = 1
              | ^
              hint: this is no repro file, or a damaged one; `proveniq run … --save-repro FILE` writes them
            "#);
    }
}
