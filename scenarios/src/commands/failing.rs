//! A failing run as it was typed: a scenario with its seed, or a file that holds the run.

use std::path::Path;

use crate::args::failing::{FailingRunArgs, ShrinkArgs};
use crate::failure::Failure;
use crate::repro::Repro;
use crate::setup::{Setup, quoted};

impl FailingRunArgs {
    /// Whether a file holds the run.
    pub fn is_file(&self) -> bool {
        self.scenario.scenario.ends_with(".json")
    }

    /// The repro, when a file holds the run.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn repro(&self) -> Result<Option<Repro>, Failure> {
        if !self.is_file() {
            return Ok(None);
        }
        let changed = !self.scenario.set.is_empty() || !self.scenario.defect.is_empty();
        if changed || self.scenario.strategy.is_some() || self.seeds.are_given() {
            return Err(Failure::Usage(
                "a saved run has its scenario, its defects, its seeds and its strategy in its file\n  \
                 hint: leave --set, --defect, the seeds and --strategy out, or name a scenario"
                    .to_owned(),
            ));
        }
        Repro::read(Path::new(&self.scenario.scenario)).map(Some)
    }

    /// All the run depends on.
    ///
    /// # Errors
    /// When there is no such scenario or file, or it makes no sense.
    pub fn setup(&self) -> Result<Setup, Failure> {
        match self.repro()? {
            Some(repro) => Ok(repro.setup.read(&self.scenario.scenario)?),
            None => super::setup(&self.scenario, self.seeds.seeds()),
        }
    }
}

impl ShrinkArgs {
    /// As it was typed.
    pub fn typed(&self, setup: &Setup) -> String {
        let run = match self.source.is_file() {
            true => format!("proveniq shrink {}", quoted(&self.source.scenario.scenario)),
            false => setup.reproduce().replacen(" run ", " shrink ", 1),
        };
        match &self.check {
            Some(check) => format!("{run} --check {check}"),
            None => run,
        }
    }
}
