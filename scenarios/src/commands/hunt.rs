//! `proveniq hunt`: how soon the bugs that are planted are found.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::defects::DEFECTS;
use reports::hunt::HuntDocument;
use reports::schema::Document;

use super::sweep::heed_signals;
use crate::args::HuntArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::hunt::tally::tally;
use crate::hunt::trial::Searched;
use crate::hunt::{HuntOrder, hunt};
use crate::output;
use crate::strategy::Strategy;

/// Hunts.
///
/// # Errors
/// When the journal, the folder of saved runs or the standard output cannot be read or written.
pub fn execute(args: &HuntArgs) -> Result<Conclusion, Failure> {
    let order = order(args);
    if let Some(folder) = &order.save {
        // Before anything is run, so that no catch is lost for want of a place.
        fs::create_dir_all(folder).map_err(|source| Failure::Unwritable {
            path: folder.clone(),
            source,
        })?;
    }
    let mut journal = args.journal.as_deref().map(HuntJournal::open).transpose()?;
    let known: BTreeSet<String> = order.trials().iter().map(|trial| trial.name()).collect();
    let mut searched: Vec<Searched> = match &mut journal {
        Some(journal) => journal.read()?,
        None => Vec::new(),
    };
    searched.retain(|search| known.contains(&search.name));
    let done: BTreeSet<String> = searched.iter().map(|search| search.name.clone()).collect();
    let interrupted = heed_signals()?;
    let bar = bar(known.len() as u64, done.len() as u64);
    let hunted = hunt(&order, &done, &interrupted, |search| {
        bar.inc(1);
        bar.set_message(search.name.clone());
        if let Some(journal) = &mut journal {
            journal.add(&search)?;
        }
        searched.push(search);
        Ok(())
    });
    bar.finish_and_clear();
    hunted?;
    let whole = searched.len() == known.len();
    let document = tally(&order, &searched);
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    tell_reproduce(&document);
    Ok(conclusion(&document, whole))
}

fn order(args: &HuntArgs) -> HuntOrder {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let defects = match args.defects.is_empty() {
        true => DEFECTS.iter().map(|info| info.defect).collect(),
        false => args.defects.clone(),
    };
    HuntOrder {
        defects,
        strategies: match args.compare {
            true => Strategy::ALL.to_vec(),
            false => vec![args.strategy],
        },
        seeds: args.seeds,
        repetitions: args.repeat,
        silence: args.silence,
        jobs: args.jobs.map_or(processors, usize::from),
        save: args.save.clone(),
    }
}

/// A defect that escapes and a system that is not silent are both faults of what is tested here.
fn conclusion(document: &HuntDocument, whole: bool) -> Conclusion {
    if document.hunted.is_empty() && document.noise.is_empty() {
        return Conclusion::NothingSelected;
    }
    match (document.all_caught() && document.is_silent(), whole) {
        (false, _) => Conclusion::Violated,
        (true, true) => Conclusion::Held,
        (true, false) => Conclusion::Inconclusive,
    }
}

fn tell_reproduce(document: &HuntDocument) {
    for hunted in document.hunted.iter().filter(|it| !it.caught) {
        output::tell(&format!(
            "escaped, hunt it again with:\n  proveniq hunt {} --strategy {} --seeds {} --repeat {}\n",
            hunted.defect, hunted.strategy, document.seeds_max, document.repetitions
        ));
    }
}

fn bar(trials: u64, done: u64) -> ProgressBar {
    let form = "{bar:30} {pos}/{len} searches, {eta} left  {msg}";
    let style = ProgressStyle::with_template(form).expect("the template is well formed");
    let bar = ProgressBar::with_draw_target(Some(trials), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_position(done);
    bar
}

/// The searches that are done, a line each. A search is named by all it depends on, so one file serves
/// hunts of several kinds.
struct HuntJournal {
    path: std::path::PathBuf,
    file: File,
}

impl HuntJournal {
    fn open(path: &Path) -> Result<HuntJournal, Failure> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(|source| Failure::Unwritable {
            path: path.to_owned(),
            source,
        })?;
        Ok(HuntJournal {
            path: path.to_owned(),
            file,
        })
    }

    /// What is there, up to a line that was torn, which is cut off.
    fn read(&mut self) -> Result<Vec<Searched>, Failure> {
        let unreadable = |error| Failure::unreadable(&self.path, error);
        let mut text = String::new();
        self.file.read_to_string(&mut text).map_err(unreadable)?;
        let mut searched = Vec::new();
        let mut whole = 0;
        let lines = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        for (number, line) in (1..).zip(lines) {
            searched.push(serde_json::from_str(line).map_err(|error| {
                let path = self.path.display();
                Failure::Usage(format!(
                    "{path}:{number}: {error}\n  hint: `proveniq hunt … --journal FILE` writes this file"
                ))
            })?);
            whole += line.len() as u64;
        }
        let cut = self
            .file
            .set_len(whole)
            .and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map_err(unreadable)?;
        Ok(searched)
    }

    fn add(&mut self, searched: &Searched) -> Result<(), Failure> {
        let line = serde_json::to_string(searched).expect("its maps have text as keys");
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| {
            Failure::Temporary(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }
}
