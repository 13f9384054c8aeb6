//! A failing run as it was typed: a scenario with its seed, or a file that holds the run.

use std::path::Path;

use crate::args::{FailingRunArgs, ShrinkArgs};
use crate::failure::Failure;
use crate::repro::Repro;
use crate::seeds::RunSeeds;
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
        if !self.scenario.set.is_empty() || !self.scenario.defect.is_empty() {
            return Err(Failure::Usage(
                "a saved run has its scenario and its defects in its file\n  \
                 hint: leave --set and --defect out, or name a scenario"
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
            None => super::setup(&self.scenario, RunSeeds::of(self.seed)),
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
