//! Files for other people's tools that a run may leave, besides what is told of it.
//!
//! `--metrics` writes what the run measured in the text format of Prometheus. `--rules` writes the
//! alert rules that watched it, and what was scraped of it as a unit test of them.

use std::fs;
use std::path::Path;

use model::alerts::catalogue::RULES;
use model::alerts::node::SCRAPE_EVERY;
use model::alerts::transition::firings;
use reports::prometheus::rule_tests::{self, Watched};
use reports::prometheus::{exposition, rules};
use sim::record::Record;

use crate::args::ExportArgs;
use crate::failure::Failure;
use crate::output::FileToBe;

/// The name of the rule file in its folder.
pub const RULE_FILE: &str = "alert-rules.json";

/// The name of the rules' test beside it.
pub const RULE_TEST_FILE: &str = "alert-rules-test.json";

/// The files to be.
pub struct Exports {
    metrics: Option<FileToBe>,
    rules: Option<(FileToBe, FileToBe)>,
}

impl Exports {
    /// Makes sure, before the run, that what was asked for can be written.
    ///
    /// # Errors
    /// [`Failure::Unwritable`].
    pub fn at(args: &ExportArgs) -> Result<Exports, Failure> {
        Ok(Exports {
            metrics: args.metrics.as_deref().map(FileToBe::at).transpose()?,
            rules: args.rules.as_deref().map(rule_files).transpose()?,
        })
    }

    /// Writes them.
    ///
    /// # Errors
    /// When the run makes no test of rules, or the machine does not take the files.
    pub fn complete(self, record: &Record) -> Result<(), Failure> {
        if let Some(file) = self.metrics {
            file.complete(&exposition::render(&record.metrics))?;
        }
        if let Some((rule_file, test_file)) = self.rules {
            let test = rule_test(record)?;
            rule_file.complete(&rules::render(RULES, SCRAPE_EVERY))?;
            test_file.complete(&test)?;
        }
        Ok(())
    }
}

fn rule_files(folder: &Path) -> Result<(FileToBe, FileToBe), Failure> {
    fs::create_dir_all(folder).map_err(|source| Failure::Unwritable {
        path: folder.to_owned(),
        source,
    })?;
    let rules = FileToBe::at(&folder.join(RULE_FILE))?;
    let tests = FileToBe::at(&folder.join(RULE_TEST_FILE))?;
    Ok((rules, tests))
}

fn rule_test(record: &Record) -> Result<String, Failure> {
    let firings = firings(&record.notes);
    let run = Watched {
        scrapes: &record.metrics.scrapes,
        firings: &firings,
    };
    rule_tests::render(RULE_FILE, RULES, SCRAPE_EVERY, &[run]).map_err(|error| {
        Failure::Usage(format!(
            "cannot write `{RULE_TEST_FILE}`: {error}\n  hint: give a scenario that lasts, without a fault on `ops`"
        ))
    })
}
