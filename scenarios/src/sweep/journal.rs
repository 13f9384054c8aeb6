//! The journal of a sweep: what was swept, and a line for each seed as soon as it is done.
//!
//! A sweep that is killed at any moment is taken up again from its journal: only seeds that were under
//! way are run again, and none counts twice. It goes on only with the program that began it: another build
//! may come to other verdicts. The journals of all shares of a sweep, merged, are the sweep. How lines are
//! written, and by whom, is told by [`line_file`](crate::line_file).

use std::collections::BTreeMap;
use std::path::Path;

use reports::SeedLine;
use reports::schema::{Document, Schema};
use serde::{Deserialize, Serialize};

use super::guide::Added;
use super::share::Share;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::line_file::{LineFile, Lines};
use crate::setup::SetupText;
use reports::Seed;

/// The first line of a journal: what is swept. `proveniq/journal/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `proveniq/journal/v1`.
    pub schema: Schema<Head>,
    /// The program that writes it, with its build.
    pub written_by: String,
    /// All a run depends on besides its seed.
    pub setup: SetupText,
    /// The first seed of the range.
    pub from: Seed,
    /// How many seeds the whole range has.
    pub range: u64,
    /// Seeds that are run before all others.
    pub first: Vec<Seed>,
    /// Which share of the range this is.
    pub share: Share,
}

impl Document for Head {
    const SCHEMA: &'static str = "proveniq/journal/v1";
}

/// A seed that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What became of it.
    pub line: SeedLine,
    /// What the exit code follows.
    pub conclusion: Conclusion,
    /// What it added to what is known, in a sweep that is led by that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<Added>,
}

/// A journal as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What is swept.
    pub head: Head,
    /// What is done, by seed.
    pub done: BTreeMap<Seed, Entry>,
}

/// A journal that is written.
pub struct Journal {
    file: LineFile,
}

/// A journal to go on with.
pub struct Opened {
    /// It.
    pub journal: Journal,
    /// What is done already.
    pub done: BTreeMap<Seed, Entry>,
    /// The seeds that are run before all others: those with which the journal was begun, since the file
    /// they were read from may have grown by what the journal tells of.
    pub first: Vec<Seed>,
}

impl Journal {
    /// Opens a journal, or begins one.
    ///
    /// # Errors
    /// When the file cannot be read or written, is no journal, is that of another sweep, or another process
    /// has it.
    pub fn open(path: &Path, head: &Head) -> Result<Opened, Failure> {
        let (mut file, lines) = LineFile::open(path)?;
        if lines.are_none(&head.to_line()) {
            file.cut(&lines)?;
            file.add(&head.to_line())?;
            return Ok(Opened {
                journal: Journal { file },
                done: BTreeMap::new(),
                first: head.first.clone(),
            });
        }
        let Recorded { head: former, done } = parsed(path, &lines)?;
        let begun = Head {
            first: former.first.clone(),
            ..head.clone()
        };
        if former != begun {
            return Err(Failure::Usage(format!(
                "`{}` is the journal of another sweep ({})\n  hint: sweep with the same arguments to go on, \
                 or give another --journal",
                path.display(),
                difference(&former, &begun)
            )));
        }
        file.cut(&lines)?;
        Ok(Opened {
            journal: Journal { file },
            done,
            first: former.first,
        })
    }

    /// Writes down that a seed is done.
    ///
    /// # Errors
    /// [`Failure::Temporary`], such as a full disk.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Failure> {
        let line = serde_json::to_string(entry).expect("an entry's maps have text as keys");
        self.file.add(&line)
    }
}

/// Reads a journal.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(path: &Path) -> Result<Recorded, Failure> {
    parsed(path, &Lines::read(path)?)
}

fn parsed(path: &Path, lines: &Lines) -> Result<Recorded, Failure> {
    let refused = |number: usize, error: String| {
        Failure::Usage(format!(
            "{}:{number}: {error}\n  hint: `proveniq sweep … --journal FILE` writes journals",
            path.display()
        ))
    };
    let mut whole = lines.whole.lines();
    let Some(first) = whole.next() else {
        return Err(refused(1, "this is no journal of a sweep".to_owned()));
    };
    let head = Head::parse(first).map_err(|error| refused(1, error.to_string()))?;
    let mut done = BTreeMap::new();
    for (number, line) in (2..).zip(whole) {
        let entry: Entry =
            serde_json::from_str(line).map_err(|error| refused(number, error.to_string()))?;
        done.insert(entry.line.seed, entry);
    }
    Ok(Recorded { head, done })
}

/// In what two sweeps differ, in a word.
pub fn difference(one: &Head, other: &Head) -> &'static str {
    if one.setup != other.setup {
        "the scenario, its changes or its defects differ"
    } else if (one.from, one.range) != (other.from, other.range) {
        "the seeds differ"
    } else if one.share != other.share {
        "it is another share"
    } else {
        "another version or build of the program wrote it"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds::RunSeeds;
    use crate::setup::Setup;

    fn head() -> Head {
        let setup = Setup {
            selected: crate::file::select("happy-path", &[]).unwrap(),
            seeds: RunSeeds::of(Seed(1)),
            defects: model::defects::Defects::default(),
            given: crate::given::Given::NOTHING,
        };
        Head {
            schema: Schema::new(),
            written_by: "0".to_owned(),
            setup: setup.to_text(),
            from: Seed(1),
            range: 10,
            first: Vec::new(),
            share: Share::WHOLE,
        }
    }

    fn entry(seed: u64) -> Entry {
        Entry {
            line: SeedLine::failed_to_run(
                "happy-path",
                Seed(seed),
                "it hung — 5 µs",
                "proveniq run",
            ),
            conclusion: Conclusion::Inconclusive,
            added: None,
        }
    }

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("proveniq-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A process may die at any byte of a write.
    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on() {
        let path = folder("journal").join("journal.jsonl");
        let mut journal = Journal::open(&path, &head()).unwrap().journal;
        journal.add(&entry(1)).unwrap();
        journal.add(&entry(2)).unwrap();
        drop(journal);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.is_ascii(), "it may be cut within a character");
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=text.len() {
            std::fs::write(&path, &text.as_bytes()[..cut]).unwrap();
            let opened = Journal::open(&path, &head()).unwrap();
            let Opened {
                mut journal, done, ..
            } = opened;
            let whole = ends[1..].iter().filter(|end| **end <= cut).count();
            assert_eq!(done.len(), whole, "cut at {cut}");
            journal.add(&entry(7)).unwrap();
            drop(journal);
            let read = read(&path).unwrap();
            assert_eq!((read.done.len(), read.head), (whole + 1, head()));
        }
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    /// What failed is added to the file of regressions: the same command then reads more of them.
    #[test]
    fn a_journal_goes_on_with_the_regressions_it_was_begun_with() {
        let path = folder("first").join("journal.jsonl");
        let mut known = head();
        known.first = vec![Seed(5)];
        drop(Journal::open(&path, &known).unwrap());
        known.first.push(Seed(6));
        let opened = Journal::open(&path, &known).unwrap();
        assert_eq!(opened.first, [Seed(5)]);
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }

    #[test]
    fn the_journal_of_another_sweep_and_what_is_none_are_refused() {
        let path = folder("other").join("journal.jsonl");
        drop(Journal::open(&path, &head()).unwrap());
        let mut other = head();
        other.range = 11;
        let refused = Journal::open(&path, &other).err().unwrap().to_string();
        assert!(refused.contains("the seeds differ"), "{refused}");
        other = head();
        other.written_by = "1".to_owned();
        let refused = Journal::open(&path, &other).err().unwrap().to_string();
        assert!(refused.contains("build of the program"), "{refused}");
        for foreign in ["{}\n", "my precious notes", "{\"schema\":\"x"] {
            std::fs::write(&path, foreign).unwrap();
            let refused = Journal::open(&path, &head()).err().unwrap().to_string();
            assert!(refused.contains(":1: "), "{refused}");
            let left = std::fs::read_to_string(&path).unwrap();
            assert_eq!(left, foreign, "it is not touched");
        }
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
