//! A trial: one search for one defect by one strategy, until it is caught or the runs are used up.

use std::path::PathBuf;

use model::defects::{Defect, Defects};
use reports::Seed;
use reports::hunt_shrinking::ShrunkRun;
use reports::schema::Document;
use serde::{Deserialize, Serialize};
use sim::check::{Judgement, Verdict};

use super::situation::Situation;
use crate::failure::Failure;
use crate::given::Given;
use crate::output::FileToBe;
use crate::repro::Repro;
use crate::run::WITH_TRACE;
use crate::seeds::RunSeeds;
use crate::setup::{Setup, quoted};
use crate::shrink::{Budget, ShrinkOrder, Size, shrink};
use crate::strategy::{Explorer, Strategy};

/// Seeds of two repetitions lie so far apart: no two searches share a run.
const APART: u64 = 1_000_000;

/// One search.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What is hunted; nothing for the unmodified system, in which nothing may be found.
    pub defect: Option<Defect>,
    /// Where.
    pub situation: &'static Situation,
    /// How runs are chosen.
    pub strategy: Strategy,
    /// Which search of its kind this is, counted from 0.
    pub repetition: u32,
    /// How many runs it has at most.
    pub seeds: u64,
    /// Where the run is saved in which something was caught.
    pub save: Option<PathBuf>,
    /// How many seconds of processor time that run is shrunk for; not at all when not given.
    pub shrink_s: Option<u64>,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Searched {
    /// Names the search among all of a hunt.
    pub name: String,
    /// The program that made it, in a journal: another build may come to something else.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub written_by: String,
    /// What was hunted; nothing for the unmodified system.
    pub defect: Option<String>,
    /// Where.
    pub situation: String,
    /// How runs were chosen.
    pub strategy: Strategy,
    /// Which search of its kind this is, counted from 0.
    #[serde(default)]
    pub repetition: u32,
    /// After how many runs the check that must catch it did; nothing when it never did. For the
    /// unmodified system: the first run in which anything did not hold.
    pub runs_to_detection: Option<u64>,
    /// How many runs were made.
    pub runs: u64,
    /// The check that was violated first, whichever it was. For the unmodified system: that did not hold.
    pub first_check: Option<String>,
    /// Whether a run violated other checks before any violated the one that must catch the defect.
    #[serde(default)]
    pub misled: bool,
    /// The command that shows the run in which it was caught; nothing when it was not, or when the run was
    /// led by what others showed and not saved.
    pub reproduce: Option<String>,
    /// What became of the run in which it was caught, when that was shrunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<ShrunkRun>,
}

impl Trial {
    /// Names it among all of a hunt.
    pub fn name(&self) -> String {
        let defect = self
            .defect
            .map_or("none".to_owned(), |defect| defect.to_string());
        let shrunk = self
            .shrink_s
            .map_or(String::new(), |it| format!("/shrunk {it}"));
        format!(
            "{}/{defect}/{}/{}/{}{shrunk}",
            self.situation.name,
            self.strategy.name(),
            self.repetition,
            self.seeds
        )
    }

    /// Searches; nothing when it was told to stop.
    ///
    /// # Errors
    /// When the run in which something was caught cannot be saved, or fails no more once it is written out.
    pub fn search(&self, stop: &dyn Fn() -> bool) -> Result<Option<Searched>, Failure> {
        let base = Setup {
            selected: self.situation.select(),
            seeds: RunSeeds::of(Seed(1)),
            defects: Defects::of(self.defect),
            given: Given::NOTHING,
        };
        let mut explorer = Explorer::new(self.strategy, base);
        let mut searched = Searched {
            name: self.name(),
            written_by: String::new(),
            defect: self.defect.map(|defect| defect.to_string()),
            situation: self.situation.name.to_owned(),
            strategy: self.strategy,
            repetition: self.repetition,
            runs_to_detection: None,
            runs: 0,
            first_check: None,
            misled: false,
            reproduce: None,
            shrunk: None,
        };
        let from = 1 + APART * u64::from(self.repetition);
        while searched.runs < self.seeds {
            if stop() {
                return Ok(None);
            }
            let setup = explorer.next(Seed(from + searched.runs));
            let outcome = setup.run(explorer.recording());
            searched.runs += 1;
            let caught = outcome.judgements.iter().any(|judged| self.catches(judged));
            if searched.first_check.is_none() {
                let first = outcome.judgements.iter().find(|it| self.complains(it));
                searched.first_check = first.map(|judgement| judgement.check.to_owned());
                searched.misled = first.is_some() && !caught;
            }
            if caught {
                searched.runs_to_detection = Some(searched.runs);
                searched.reproduce = match self.saved(&setup)? {
                    Some(path) => Some(format!("proveniq replay {}", quoted(&path))),
                    None => setup.is_told_by_its_seeds().then(|| setup.reproduce()),
                };
                searched.shrunk = self.shrunk(&setup)?;
                break;
            }
            explorer.learn(&setup, &outcome);
        }
        Ok(Some(searched))
    }

    /// Saves the run, if that was asked for. Gives the file.
    fn saved(&self, setup: &Setup) -> Result<Option<String>, Failure> {
        let Some(folder) = &self.save else {
            return Ok(None);
        };
        let name = self.name().replace(['/', ' '], "-");
        let path = folder.join(format!("{name}.json"));
        let repro = Repro::of(setup, &setup.run(WITH_TRACE));
        FileToBe::at(&path)?.complete(&(repro.to_pretty() + "\n"))?;
        Ok(Some(path.display().to_string()))
    }

    /// Shrinks the run for the check that must catch the defect, if that was asked for.
    fn shrunk(&self, setup: &Setup) -> Result<Option<ShrunkRun>, Failure> {
        let (Some(seconds), Some(defect)) = (self.shrink_s, self.defect) else {
            return Ok(None);
        };
        let order = ShrinkOrder {
            check: Some(defect.info().caught_by.to_owned()),
            budget: Budget::of(u32::MAX, seconds),
        };
        let shrunk = shrink(setup, &order, &mut |_, _| ())
            .map_err(|error| Failure::Internal(format!("{error}: {}", setup.reproduce())))?;
        let Size { faults, operations } = shrunk.after();
        Ok(Some(ShrunkRun {
            defect: defect.to_string(),
            strategy: self.strategy.name().to_owned(),
            repetition: self.repetition,
            faults: faults as u64,
            operations: operations as u64,
            runs: shrunk.runs,
            processor_ms: shrunk.processor.as_millis() as u64,
            minimal: shrunk.finished,
        }))
    }

    fn catches(&self, judgement: &Judgement) -> bool {
        match self.defect {
            Some(defect) => {
                judgement.check == defect.info().caught_by
                    && matches!(judgement.verdict, Verdict::Violated(_))
            }
            None => self.complains(judgement),
        }
    }

    /// What cannot judge has caught nothing; of the unmodified system, though, nothing may be in doubt.
    fn complains(&self, judgement: &Judgement) -> bool {
        match judgement.verdict {
            Verdict::Held => false,
            Verdict::Violated(_) => true,
            Verdict::Unknown(_) => self.defect.is_none(),
        }
    }
}
