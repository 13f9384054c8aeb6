//! `proveniq hunt`: how soon the bugs that are planted are found.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::defects::DEFECTS;
use reports::hunt::HuntDocument;
use reports::schema::Document;

use super::sweep::heed_signals;
use crate::args::hunt::HuntArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::hunt::tally::tally;
use crate::hunt::trial::{Searched, Trial};
use crate::hunt::{HuntOrder, hunt};
use crate::line_file::LineFile;
use crate::output;
use crate::strategy::Strategy;
use crate::written_by::this_program;

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
    let opened = args.journal.as_deref().map(HuntJournal::open).transpose()?;
    let (mut journal, done) =
        opened.map_or((None, Vec::new()), |(journal, done)| (Some(journal), done));
    let interrupted = heed_signals()?;
    let bar = bar(&order, &done);
    let searched = hunt(&order, &done, &interrupted, |search| {
        bar.inc(1);
        bar.set_message(search.name.clone());
        journal
            .as_mut()
            .map_or(Ok(()), |journal| journal.add(search))
    });
    bar.finish_and_clear();
    let document = tally(&order, &searched?);
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    tell_reproduce(&document);
    let whole = !interrupted.load(Ordering::Relaxed);
    Ok(conclusion(&document, whole))
}

fn order(args: &HuntArgs) -> HuntOrder {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let mut defects = match args.defects.is_empty() {
        true => DEFECTS.iter().map(|info| info.defect).collect(),
        false => args.defects.clone(),
    };
    let mut named = BTreeSet::new();
    defects.retain(|defect| named.insert(*defect));
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
        shrink_s: args.shrink.then_some(args.budget),
    }
}

/// A defect that escapes, one that a wrong check catches and a system that is not silent are all faults of
/// what is tested here.
fn conclusion(document: &HuntDocument, whole: bool) -> Conclusion {
    if document.hunted.is_empty() && document.noise.is_empty() {
        return Conclusion::NothingSelected;
    }
    let caught = document.all_caught() && document.all_caught_rightly();
    match (caught && document.is_silent(), whole) {
        (false, _) => Conclusion::Violated,
        (true, true) => Conclusion::Held,
        (true, false) => Conclusion::Inconclusive,
    }
}

fn tell_reproduce(document: &HuntDocument) {
    for hunted in document.hunted.iter().filter(|it| it.is_misleading()) {
        output::tell(&format!(
            "{} is caught by a wrong check first, in {} of {} searches: `{}` and not `{}`\n",
            hunted.defect,
            hunted.searches_misled,
            hunted.searches,
            hunted.check.as_deref().unwrap_or_default(),
            hunted.expected_check
        ));
    }
    for hunted in document.hunted.iter().filter(|it| !it.caught) {
        output::tell(&format!(
            "escaped, hunt it again with:\n  proveniq hunt {} --strategy {} --seeds {} --repeat {}\n",
            hunted.defect, hunted.strategy, document.seeds_max, document.repetitions
        ));
    }
}

fn bar(order: &HuntOrder, done: &[Searched]) -> ProgressBar {
    let trials = order.trials();
    let known: BTreeSet<String> = trials.iter().map(Trial::name).collect();
    let silent = order.silent_trials(&[]).len();
    let done = done.iter().filter(|it| known.contains(&it.name));
    let form = "{bar:30} {pos}/{len} searches, {eta} left  {msg}";
    let style = ProgressStyle::with_template(form).expect("the template is well formed");
    let length = (known.len() + silent) as u64;
    let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_position(done.count() as u64);
    bar
}

/// The searches that are done, a line each. A search is named by all it depends on but the program, and its
/// line tells that too, so one file serves hunts of several kinds and of several builds.
struct HuntJournal {
    file: LineFile,
    written_by: &'static str,
}

impl HuntJournal {
    /// Opens a journal, or begins one, and gives the searches that this program has made.
    fn open(path: &Path) -> Result<(HuntJournal, Vec<Searched>), Failure> {
        let written_by = this_program()?;
        let (mut file, lines) = LineFile::open(path)?;
        let refused = |number: usize, error: String| {
            let path = path.display();
            Failure::Usage(format!(
                "{path}:{number}: {error}\n  hint: `proveniq hunt … --journal FILE` writes this file"
            ))
        };
        if lines.whole.is_empty() && !lines.are_none("{\"name\":\"") {
            return Err(refused(1, "this is no journal of a hunt".to_owned()));
        }
        let mut searched: Vec<Searched> = Vec::new();
        for (number, line) in (1..).zip(lines.whole.lines()) {
            let search =
                serde_json::from_str(line).map_err(|error| refused(number, error.to_string()))?;
            searched.push(search);
        }
        file.cut(&lines)?;
        searched.retain(|search| search.written_by == written_by);
        Ok((HuntJournal { file, written_by }, searched))
    }

    fn add(&mut self, searched: &Searched) -> Result<(), Failure> {
        let signed = Searched {
            written_by: self.written_by.to_owned(),
            ..searched.clone()
        };
        let line = serde_json::to_string(&signed).expect("its maps have text as keys");
        self.file.add(&line)
    }
}
