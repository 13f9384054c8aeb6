//! What every run of a command has in common: the scenario, the seeds, the defects. It can be
//! written down whole, for a worker process, and as the command that runs it again.

use model::defects::{Defect, Defects};
use reports::{RunReport, Seed};
use serde::{Deserialize, Serialize};
use sim::random::Randomness;
use sim::steering::Steering;
use sim::world::Recording;

use crate::file::source::Override;
use crate::file::{self, Mistakes, Selected, validate};
use crate::given::Given;
use crate::run::{self, Outcome, RunOrder};
use crate::seeds::RunSeeds;
use crate::strategy::Strategy;

/// A scenario with everything else a run depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The situation.
    pub selected: Selected,
    /// Where all chance comes from.
    pub seeds: RunSeeds,
    /// Bugs that are switched on.
    pub defects: Defects,
    /// What is given and not drawn.
    pub given: Given,
}

/// A setup as text, independent of any file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupText {
    /// The scenario as it was asked for.
    pub asked: String,
    /// The scenario file, whole.
    pub text: String,
    /// Overrides on top of it.
    #[serde(default)]
    pub set: Vec<String>,
    /// The seeds.
    pub seeds: RunSeeds,
    /// Names of defects.
    #[serde(default)]
    pub defects: Vec<String>,
    /// What is given and not drawn.
    #[serde(default, skip_serializing_if = "Given::is_nothing")]
    pub given: Given,
}

impl Setup {
    /// Runs it once.
    pub fn run(&self, recording: Recording) -> Outcome {
        run::run(&self.order(recording))
    }

    /// What to run.
    pub fn order(&self, recording: Recording) -> RunOrder<'_> {
        RunOrder {
            scenario: &self.selected.scenario,
            seeds: self.seeds,
            given: &self.given,
            defects: &self.defects,
            recording,
        }
    }

    /// How the world of its run is steered: as it is given, or else as the strategy draws it.
    pub fn steering(&self) -> Steering {
        let randomness = Randomness::new(self.seeds.resolve());
        self.given.steering(&self.selected.scenario, &randomness)
    }

    /// The same at another seed.
    pub fn at(&self, seed: Seed) -> Setup {
        Setup {
            seeds: self.seeds.at(seed),
            ..self.clone()
        }
    }

    /// What a run of it is reported as.
    pub fn report<'a>(&'a self, outcome: &'a Outcome, reproduce: String) -> RunReport<'a> {
        RunReport {
            scenario: &self.selected.scenario.name,
            summary: &self.selected.scenario.summary,
            seed: self.seeds.run.0,
            record: &outcome.record,
            judgements: &outcome.judgements,
            checks: model::invariants::CHECKS,
            defects: self.defect_names(),
            reproduce,
        }
    }

    /// Whether its seeds, with the strategy, tell all of it: then a command can name it.
    pub fn is_told_by_its_seeds(&self) -> bool {
        let drawn = Given {
            strategy: self.given.strategy,
            ..Given::NOTHING
        };
        self.given == drawn && drawn.strategy != Strategy::Coverage
    }

    /// The command that runs it again, when its [seeds tell it](Setup::is_told_by_its_seeds).
    pub fn reproduce(&self) -> String {
        let mut words = vec!["proveniq".to_owned(), "run".to_owned()];
        words.push(quoted(&self.selected.asked));
        let seeds = [
            ("--seed", Some(self.seeds.run)),
            ("--workload-seed", self.seeds.workload),
            ("--plan-seed", self.seeds.plan),
            ("--schedule-seed", self.seeds.schedule),
        ];
        for (flag, seed) in seeds {
            words.extend(seed.map(|seed| format!("{flag} {seed}")));
        }
        for over in &self.selected.overrides {
            words.push(format!("--set {}", quoted(over.typed())));
        }
        for defect in self.defects.iter() {
            words.push(format!("--defect {defect}"));
        }
        if self.given.strategy != Strategy::default() {
            words.push(format!("--strategy {}", self.given.strategy.name()));
        }
        words.join(" ")
    }

    /// As text.
    pub fn to_text(&self) -> SetupText {
        let overrides = self.selected.overrides.iter();
        SetupText {
            asked: self.selected.asked.clone(),
            text: self.selected.text.clone(),
            set: overrides.map(|over| over.typed().to_owned()).collect(),
            seeds: self.seeds,
            defects: self.defect_names(),
            given: self.given.clone(),
        }
    }

    fn defect_names(&self) -> Vec<String> {
        self.defects
            .iter()
            .map(|defect| defect.to_string())
            .collect()
    }
}

impl SetupText {
    /// Reads it back. `origin` is the file it stands in, for its mistakes.
    ///
    /// # Errors
    /// What of it cannot be read or makes no sense.
    pub fn read(self, origin: &str) -> Result<Setup, Mistakes> {
        let overrides: Result<Vec<Override>, _> = self.set.iter().map(|set| set.parse()).collect();
        let overrides =
            overrides.map_err(|error| file::mistake_in(origin, error.to_string(), None))?;
        let selected = file::read_within(origin, &self.asked, &self.text, &overrides)?;
        let defects: Result<Vec<Defect>, _> =
            self.defects.iter().map(|name| name.parse()).collect();
        let defects = defects.map_err(|error| file::mistake_in(origin, error.to_string(), None))?;
        if let Some(plan) = &self.given.plan {
            let complaint = validate::validate_plan(&selected.scenario, plan)
                .into_iter()
                .next();
            if let Some(complaint) = complaint {
                let message = format!("`{}`: {}", complaint.path, complaint.message);
                return Err(file::mistake_in(origin, message, complaint.hint));
            }
        }
        if let Err(error) = self.given.validate_operations(&selected.scenario) {
            return Err(file::mistake_in(origin, error.to_string(), None));
        }
        Ok(Setup {
            selected,
            seeds: self.seeds,
            defects: Defects::of(defects),
            given: self.given,
        })
    }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,%+@[]".contains(c);
    // A bracket is plain to most shells only when nothing matches it; quoting is always right.
    if !word.is_empty() && word.chars().all(|c| plain(c) && c != '[' && c != ']') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    use sim::fault::Plan;

    fn setup() -> Setup {
        let overrides = ["system.cores=2", "workload.double_click=10%"];
        let overrides: Vec<Override> = overrides.iter().map(|set| set.parse().unwrap()).collect();
        Setup {
            selected: file::select("happy-path", &overrides).unwrap(),
            seeds: RunSeeds {
                schedule: Some(Seed(9)),
                ..RunSeeds::of(Seed(255))
            },
            defects: Defects::of([Defect::LinkNotIdempotent]),
            given: Given::NOTHING,
        }
    }

    #[test]
    fn the_command_names_all_a_run_depends_on() {
        assert_eq!(
            setup().reproduce(),
            "proveniq run happy-path --seed 0xff --schedule-seed 0x9 --set system.cores=2 \
             --set workload.double_click=10% --defect link_not_idempotent"
        );
    }

    #[test]
    fn a_run_with_faults_of_its_own_is_not_told_by_its_seeds() {
        let mut setup = setup();
        assert!(setup.is_told_by_its_seeds());
        setup.given.strategy = Strategy::Uniform;
        assert!(setup.is_told_by_its_seeds(), "the command names it");
        setup.given.plan = Some(Plan::default());
        assert!(!setup.is_told_by_its_seeds());
    }

    #[test]
    fn words_with_a_meaning_to_the_shell_are_quoted() {
        for (word, expected) in [
            ("a/b.toml", "a/b.toml"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("plan[0].nth=2", "'plan[0].nth=2'"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }

    #[test]
    fn a_setup_reads_back_from_its_text() {
        let setup = setup();
        let text = serde_json::to_string(&setup.to_text()).unwrap();
        let read: SetupText = serde_json::from_str(&text).unwrap();
        let read = read.read("x").unwrap();
        assert_eq!(read.to_text(), setup.to_text());
        assert_eq!(read.selected.scenario, setup.selected.scenario);
        assert_eq!(read.selected.scenario.system.cores, 2);
    }

    #[test]
    fn a_plan_or_defect_that_is_not_there_is_refused() {
        let refused = |change: &dyn Fn(&mut SetupText)| {
            let mut text = setup().to_text();
            change(&mut text);
            text.read("x.json").unwrap_err().to_string()
        };
        let fault = sim::fault::Fault::during(sim::fault::FaultKind::Crash, "cor-1", 1, 2).unwrap();
        let plan = Plan {
            faults: vec![fault],
        };
        let error = refused(&|text| text.given.plan = Some(plan.clone()));
        assert!(
            error.starts_with("`plan[0].where`: there is no node `cor-1`"),
            "{error}"
        );
        let error = refused(&|text| text.defects = vec!["link_not_idempoten".into()]);
        assert!(
            error.contains("did you mean `link_not_idempotent`?"),
            "{error}"
        );
    }
}
