//! The journal of a sweep: what was swept, and a line for each seed as soon as it is done.
//!
//! A sweep that is killed at any moment is taken up again from its journal: only seeds that were under
//! way are run again, and none counts twice. The journals of all shares of a sweep, merged, are the
//! sweep. A line is written with one call and handed to the system at once; the last one may be torn
//! when the process dies in that call, and is then cut off.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use reports::SeedLine;
use reports::schema::{Document, Schema};
use serde::{Deserialize, Serialize};

use super::share::Share;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::setup::SetupText;
use reports::Seed;

/// The first line of a journal: what is swept. `proveniq/journal/v1`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// `proveniq/journal/v1`.
    pub schema: Schema<Head>,
    /// The version of the program that writes it.
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
}

/// A journal as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What is swept.
    pub head: Head,
    /// What is done, by seed.
    pub done: BTreeMap<Seed, Entry>,
    /// How many bytes of it are whole lines.
    whole: u64,
}

/// A journal that is written.
pub struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens a journal, or begins one. Gives what is done already.
    ///
    /// # Errors
    /// When the file cannot be read or written, is no journal, or is that of another sweep.
    pub fn open(path: &Path, head: &Head) -> Result<(Journal, BTreeMap<Seed, Entry>), Failure> {
        let unwritable = |source| Failure::Unwritable {
            path: path.to_owned(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(unwritable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unwritable)?;
        // A head that was torn is no journal yet.
        let former = match text.contains('\n') {
            true => Some(parsed(path, &text)?),
            false => None,
        };
        if let Some(former) = &former
            && former.head != *head
        {
            return Err(Failure::Usage(format!(
                "`{}` is the journal of another sweep ({})\n  hint: sweep with the same arguments to go on, \
                 or give another --journal",
                path.display(),
                difference(&former.head, head)
            )));
        }
        let whole = former.as_ref().map_or(0, |former| former.whole);
        file.set_len(whole)
            .and_then(|()| file.seek(SeekFrom::End(0)))
            .map_err(unwritable)?;
        let mut journal = Journal {
            path: path.to_owned(),
            file,
        };
        let Some(former) = former else {
            journal.write(&head.to_line())?;
            return Ok((journal, BTreeMap::new()));
        };
        Ok((journal, former.done))
    }

    /// Writes down that a seed is done.
    ///
    /// # Errors
    /// [`Failure::Temporary`], such as a full disk.
    pub fn add(&mut self, entry: &Entry) -> Result<(), Failure> {
        let line = serde_json::to_string(entry).expect("an entry's maps have text as keys");
        self.write(&line)
    }

    fn write(&mut self, line: &str) -> Result<(), Failure> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        written.map_err(|error| {
            Failure::Temporary(format!("cannot write `{}`: {error}", self.path.display()))
        })
    }
}

/// Reads a journal.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn read(path: &Path) -> Result<Recorded, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| Failure::unreadable(path, error))?;
    parsed(path, &text)
}

fn parsed(path: &Path, text: &str) -> Result<Recorded, Failure> {
    let refused = |number: usize, error: String| {
        Failure::Usage(format!(
            "{}:{number}: {error}\n  hint: `proveniq sweep … --journal FILE` writes journals",
            path.display()
        ))
    };
    let mut lines = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'));
    let first = lines.next().unwrap_or(text);
    let head = Head::parse(first).map_err(|error| refused(1, error.to_string()))?;
    let (mut done, mut whole) = (BTreeMap::new(), first.len());
    for (number, line) in (2..).zip(lines) {
        let entry: Entry =
            serde_json::from_str(line).map_err(|error| refused(number, error.to_string()))?;
        whole += line.len();
        done.insert(entry.line.seed, entry);
    }
    Ok(Recorded {
        head,
        done,
        whole: whole as u64,
    })
}

/// In what two sweeps differ, in a word.
pub fn difference(one: &Head, other: &Head) -> &'static str {
    if one.setup != other.setup {
        "the scenario, its changes or its defects differ"
    } else if (one.from, one.range) != (other.from, other.range) {
        "the seeds differ"
    } else if one.share != other.share {
        "it is another share"
    } else if one.first != other.first {
        "the regressions differ"
    } else {
        "another version of the program wrote it"
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
            line: SeedLine::failed_to_run("happy-path", Seed(seed), "it hung", "proveniq run"),
            conclusion: Conclusion::Inconclusive,
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("proveniq-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A process may die at any byte of a write.
    #[test]
    fn a_journal_cut_anywhere_keeps_its_whole_lines_and_goes_on() {
        let path = folder("journal").join("journal.jsonl");
        let (mut journal, _) = Journal::open(&path, &head()).unwrap();
        journal.add(&entry(1)).unwrap();
        journal.add(&entry(2)).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        for cut in 0..=text.len() {
            std::fs::write(&path, &text[..cut]).unwrap();
            let (mut journal, done) = Journal::open(&path, &head()).unwrap();
            let whole = ends[1..].iter().filter(|end| **end <= cut).count();
            assert_eq!(done.len(), whole, "cut at {cut}");
            journal.add(&entry(7)).unwrap();
            drop(journal);
            let read = read(&path).unwrap();
            assert_eq!((read.done.len(), read.head), (whole + 1, head()));
        }
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
        std::fs::write(&path, "{}\n").unwrap();
        let refused = Journal::open(&path, &head()).err().unwrap().to_string();
        assert!(refused.contains(":1: "), "{refused}");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "{}\n",
            "it is not touched"
        );
        std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
    }
}
