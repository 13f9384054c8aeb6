//! A suite: many cases of a scenario, the regressions first; the first that fails, made smaller.

use std::cell::RefCell;
use std::fmt;
use std::path::{Path, PathBuf};

use model::defects::{Defect, Defects};
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use reports::Seed;

use super::case::{Case, Vary, cases};
use crate::failure::Failure;
use crate::file::source::Override;
use crate::file::{self, SelectError};
use crate::given::Given;
use crate::run::JUDGEMENT_ONLY;
use crate::seeds::RunSeeds;
use crate::setup::Setup;
use crate::shrink::target::Target;
use crate::sweep::regressions;

/// Many cases of a scenario, of which none may violate a promise.
#[derive(Clone, Debug)]
pub struct Suite {
    setup: Setup,
    cases: u32,
    vary: Vary,
    regressions: Option<PathBuf>,
}

/// A case that violates a promise.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The smallest case that was found.
    pub case: Case,
    /// The case as it was drawn, or read from the file of regressions.
    pub drawn: Case,
    /// How it fails.
    pub target: Target,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Target {
            check,
            subject,
            claim,
        } = &self.target;
        writeln!(f, "{check} is violated on {subject}: {claim}")?;
        writeln!(f, "  smallest:     {:?}", self.case)?;
        let command = self.drawn.setup.reproduce();
        writeln!(f, "  run it again: {command}")?;
        let shrink = command.replacen("proveniq run", "proveniq shrink", 1);
        write!(f, "  look into it: {shrink} --check {check}")
    }
}

impl std::error::Error for Broken {}

/// Why a suite has no verdict, or a bad one.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A promise is violated.
    #[error("{0}")]
    Broken(Box<Broken>),
    /// The file of regressions cannot be read or written.
    #[error("{0}")]
    Regressions(Failure),
    /// A run was given up, so that nothing is known of it.
    #[error("nothing is known of a run: {0}")]
    Unknown(String),
}

impl Suite {
    /// A suite of a built-in scenario, or of a scenario file.
    ///
    /// # Errors
    /// When there is no such scenario, or it makes no sense.
    pub fn of(scenario: &str) -> Result<Suite, SelectError> {
        Suite::with(scenario, &[])
    }

    /// The same with some values set, each as `key=value`.
    ///
    /// # Errors
    /// As [`Suite::of`], and when a value does not fit.
    pub fn with(scenario: &str, set: &[&str]) -> Result<Suite, SelectError> {
        let overrides: Result<Vec<Override>, _> = set.iter().map(|it| it.parse()).collect();
        let overrides =
            overrides.map_err(|error| file::mistake_in("a suite", error.to_string(), None))?;
        Ok(Suite {
            setup: Setup {
                selected: file::select(scenario, &overrides)?,
                seeds: RunSeeds::of(Seed(1)),
                defects: Defects::default(),
                given: Given::NOTHING,
            },
            cases: Config::default().cases,
            vary: Vary::Everything,
            regressions: None,
        })
    }

    /// How many cases are drawn; as many as proptest's configuration says (`PROPTEST_CASES`) when this is
    /// not called.
    #[must_use]
    pub fn cases(self, cases: u32) -> Suite {
        Suite { cases, ..self }
    }

    /// What differs between the cases.
    #[must_use]
    pub fn vary(self, vary: Vary) -> Suite {
        Suite { vary, ..self }
    }

    /// A file of seeds that failed before, run first; a new failure is added to it. `proveniq sweep
    /// --regressions` reads and writes the same.
    #[must_use]
    pub fn regressions(self, file: impl AsRef<Path>) -> Suite {
        Suite {
            regressions: Some(file.as_ref().to_owned()),
            ..self
        }
    }

    /// With bugs switched on, to see that the suite would find them.
    #[must_use]
    pub fn with_defects(mut self, defects: impl IntoIterator<Item = Defect>) -> Suite {
        self.setup.defects = Defects::of(defects);
        self
    }

    /// Runs the regressions, then the cases.
    ///
    /// # Errors
    /// The first case that fails, made smaller; or why nothing is known.
    pub fn check(&self) -> Result<(), SuiteError> {
        let known = match &self.regressions {
            Some(file) => regressions::read(file).map_err(SuiteError::Regressions)?,
            None => Vec::new(),
        };
        let doubt = Doubt::default();
        for seed in &known {
            let case = Case {
                setup: self.setup.at(*seed),
            };
            if let Some(target) = doubt.aside(failure(&case)) {
                let drawn = case.clone();
                let broken = Broken {
                    case,
                    drawn,
                    target,
                };
                return Err(SuiteError::Broken(Box::new(broken)));
            }
        }
        let Some(broken) = self.search(&doubt)? else {
            return doubt.resolve();
        };
        if let (Some(file), Vary::Everything) = (&self.regressions, self.vary) {
            let Target { check, subject, .. } = &broken.target;
            let seed = broken.drawn.setup.seeds.run;
            let why = format!("{check} on {subject}");
            regressions::add(file, [(seed, why)]).map_err(SuiteError::Regressions)?;
        }
        Err(SuiteError::Broken(Box::new(broken)))
    }

    /// As [`check`](Self::check), for a test.
    ///
    /// # Panics
    /// With the failing case and the command that runs it again.
    pub fn assert_holds(&self) {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
    }

    /// Draws cases until one fails, and makes that one smaller.
    fn search(&self, doubt: &Doubt) -> Result<Option<Broken>, SuiteError> {
        let config = Config {
            cases: self.cases,
            failure_persistence: None,
            ..Config::default()
        };
        // The first failure is the one that smaller cases must show too.
        let first: RefCell<Option<(Case, Target)>> = RefCell::default();
        let strategy = cases(self.setup.clone(), self.vary);
        let found = TestRunner::new(config).run(&strategy, |case| {
            let Some(target) = doubt.aside(failure(&case)) else {
                return Ok(());
            };
            let mut first = first.borrow_mut();
            let (_, meant) = first.get_or_insert_with(|| (case, target.clone()));
            match target.check == meant.check {
                true => Err(TestCaseError::fail(target.claim)),
                false => Ok(()),
            }
        });
        let case = match found {
            Ok(()) => return Ok(None),
            Err(TestError::Abort(why)) => return Err(SuiteError::Unknown(why.to_string())),
            Err(TestError::Fail(_, case)) => case,
        };
        let (drawn, meant) = first
            .into_inner()
            .expect("invariant: a failure was seen first");
        let smallest = case.setup.run(JUDGEMENT_ONLY);
        let target = Target::of(&smallest, Some(&meant.check)).unwrap_or(meant);
        Ok(Some(Broken {
            case,
            drawn,
            target,
        }))
    }
}

/// The first case of which nothing is known. It hides no case that fails, and without one the suite does
/// not pass.
#[derive(Default)]
struct Doubt(RefCell<Option<SuiteError>>);

impl Doubt {
    /// How a case fails; one of which nothing is known is put aside.
    fn aside(&self, failure: Result<Option<Target>, SuiteError>) -> Option<Target> {
        failure.unwrap_or_else(|unknown| {
            self.0.borrow_mut().get_or_insert(unknown);
            None
        })
    }

    fn resolve(self) -> Result<(), SuiteError> {
        self.0.into_inner().map_or(Ok(()), Err)
    }
}

/// How a case fails; nothing when every promise holds.
fn failure(case: &Case) -> Result<Option<Target>, SuiteError> {
    let outcome = case.setup.run(JUDGEMENT_ONLY);
    if let Ok(target) = Target::of(&outcome, None) {
        return Ok(Some(target));
    }
    let unknown = outcome
        .judgements
        .iter()
        .find_map(|judgement| match &judgement.verdict {
            sim::check::Verdict::Unknown(why) => Some(format!("{}: {why}", judgement.check)),
            _ => None,
        });
    match unknown {
        Some(why) => Err(SuiteError::Unknown(format!("{case:?}: {why}"))),
        None => Ok(None),
    }
}
