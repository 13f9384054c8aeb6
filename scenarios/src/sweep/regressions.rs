//! Seeds that failed before: a file of them, run first.
//!
//! A line is a seed and, after `#`, why it is there. A seed is worth its program only: when the system
//! changes, the seed is another run. So the file is short-lived and cheap; what must last is shrunk and
//! kept as a repro file.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use reports::{Seed, SweepSummary};

use crate::failure::Failure;
use crate::output::FileToBe;

/// Reads the seeds; none when there is no such file yet.
///
/// # Errors
/// When the file cannot be read, or a line is no seed.
pub fn read(path: &Path) -> Result<Vec<Seed>, Failure> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Failure::unreadable(path, error)),
    };
    let mut seeds = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let seed = line.split('#').next().unwrap_or_default().trim();
        if seed.is_empty() {
            continue;
        }
        let seed: Seed = seed
            .parse()
            .map_err(|error| Failure::Usage(format!("{}:{number}: {error}", path.display())))?;
        if !seeds.contains(&seed) {
            seeds.push(seed);
        }
    }
    Ok(seeds)
}

/// Adds the first seed of each way to fail that the file does not have. Says how many it added. A run that
/// was lost from outside says nothing of its seed and is left out.
///
/// # Errors
/// When the file cannot be read or written.
pub fn extend(path: &Path, summary: &SweepSummary) -> Result<usize, Failure> {
    let failures = summary.failures.iter().filter(|it| !it.lost_from_outside);
    let failures = failures.map(|it| (it.first_seed, it.signature.to_string()));
    add(path, failures)
}

/// Adds seeds that the file does not have, each with why it is there. Says how many it added.
///
/// # Errors
/// When the file cannot be read or written.
pub fn add(
    path: &Path,
    failures: impl IntoIterator<Item = (Seed, String)>,
) -> Result<usize, Failure> {
    let known = read(path)?;
    let new: Vec<String> = failures
        .into_iter()
        .filter(|(seed, _)| !known.contains(seed))
        .map(|(seed, why)| format!("{seed} # {}\n", in_a_line(&why)))
        .collect();
    if new.is_empty() {
        return Ok(0);
    }
    let former = fs::read_to_string(path).unwrap_or_default();
    let gap = match former.is_empty() || former.ends_with('\n') {
        true => "",
        false => "\n",
    };
    FileToBe::at(path)?.complete(&format!("{former}{gap}{}", new.concat()))?;
    Ok(new.len())
}

/// What a process said last may have several lines; a comment has one.
fn in_a_line(why: &str) -> String {
    why.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::sweep::SweepScope;
    use reports::{SeedLine, Sweep};

    fn check(text: &str, expected: Result<&[u64], &str>) {
        let folder = std::env::temp_dir().join(format!("proveniq-seeds-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("regressions.txt");
        fs::write(&path, text).unwrap();
        match (read(&path), expected) {
            (Ok(seeds), Ok(expected)) => {
                assert_eq!(
                    seeds.iter().map(|seed| seed.0).collect::<Vec<_>>(),
                    expected
                );
            }
            (Err(error), Err(place)) => assert!(error.to_string().contains(place), "{error}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path).unwrap(), [], "no file is no seed");
    }

    /// One seed whose process ended with many words, and one whose process was killed.
    fn lost_runs() -> SweepSummary {
        let mut sweep = Sweep::new(SweepScope {
            scenario: "lab".to_owned(),
            ..SweepScope::default()
        });
        let said = "its process ended: signal 6; it said: thread panicked\nnote: run\twith";
        let ended = SeedLine::failed_to_run("lab", Seed(7), said, "");
        let killed = SeedLine {
            lost_from_outside: true,
            ..SeedLine::failed_to_run("lab", Seed(8), "it was killed", "")
        };
        sweep.add(&ended).unwrap();
        sweep.add(&killed).unwrap();
        SweepSummary::of(&sweep)
    }

    #[test]
    fn what_is_added_reads_back_is_added_once_and_is_the_seeds_own_failure() {
        let folder = std::env::temp_dir().join(format!("proveniq-added-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("regressions.txt");
        assert_eq!(extend(&path, &lost_runs()).unwrap(), 1);
        assert_eq!(read(&path).unwrap(), [Seed(7)]);
        assert_eq!(extend(&path, &lost_runs()).unwrap(), 0, "it is known");
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn seeds_are_read_with_comments_and_nonsense_is_told_by_line() {
        check("# none yet\n\n0x2a # link_agreement\n7\n42\n", Ok(&[42, 7]));
        check("1\nx\n", Err("regressions.txt:2: `x` is not a seed"));
    }
}
