//! `proveniq lab`: lists labs, runs policies in them, grades them under hidden seeds.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use grading::hidden::CourseKey;
use reports::Seed;

use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file::wording::did_you_mean;
use crate::lab_args::{LabArgs, LabCommand};
use crate::labs::exam::{self, CATEGORIES};
use crate::labs::marks::Marks;
use crate::labs::policy::{self, FILE_MAX};
use crate::labs::trial::{Bench, Trial};
use crate::labs::{self, LABS, Lab, telling};
use crate::output;

/// Does it.
///
/// # Errors
/// When a file cannot be read or has mistakes, or there is no such lab.
pub fn execute(args: &LabArgs) -> Result<Conclusion, Failure> {
    match &args.command {
        LabCommand::List => {
            let told: String = LABS.iter().map(|lab| telling::lab(lab)).collect();
            output::print(&told)?;
            Ok(Conclusion::Told)
        }
        LabCommand::Run {
            lab,
            policy,
            seed,
            seeds,
        } => run(lab, policy, *seed, *seeds),
        LabCommand::Grade {
            lab,
            policy,
            key,
            seeds,
            fail_below,
        } => {
            let passed = grade(lab, policy, key, *seeds)?;
            Ok(match !passed && *fail_below {
                true => Conclusion::BelowPass,
                false => Conclusion::Told,
            })
        }
    }
}

fn find(name: &str) -> Result<&'static Lab, Failure> {
    labs::find(name).ok_or_else(|| {
        let names = LABS.iter().map(|lab| lab.name);
        let hint = did_you_mean(name, names, "the labs are");
        Failure::Usage(format!("there is no lab `{name}`\n  hint: {hint}"))
    })
}

/// A policy file, never more of it than may be read.
fn contents(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |source| Failure::unreadable(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let most = FILE_MAX as u64 + 1;
    file.take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(bytes)
}

fn run(name: &str, path: &Path, seed: Seed, seeds: u64) -> Result<Conclusion, Failure> {
    let lab = find(name)?;
    let origin = path.display().to_string();
    let policy = policy::read(&origin, &contents(path)?, None, lab.knobs)?;
    let bench = Bench::new(lab, policy)?;
    let mut trials = Vec::new();
    for number in 0..seeds {
        let trial = bench.run(Seed(seed.0.wrapping_add(number)));
        output::print(&telling::trial(lab, &origin, &trial))?;
        trials.push(trial);
    }
    let marks = Marks::of(lab, &trials);
    if seeds > 1 {
        output::print(&telling::marks(lab, &marks))?;
    }
    Ok(match marks.is_clean() {
        true => Conclusion::Held,
        false => Conclusion::Violated,
    })
}

/// Grades; whether it is passed. No hidden seed is told: which one failed is for the course to reveal.
fn grade(name: &str, path: &Path, key: &Path, seeds: u64) -> Result<bool, Failure> {
    let bytes = contents(path)?;
    let origin = path.display().to_string();
    let key = std::fs::read(key).map_err(|source| Failure::unreadable(key, source))?;
    let key = CourseKey::new(&key);
    let under_hidden = |lab: &'static Lab, within: Option<&str>| -> Result<Marks, Failure> {
        let policy = policy::read(&origin, &bytes, within, lab.knobs)?;
        let bench = Bench::new(lab, policy)?;
        let hidden = key.numbers(lab.name, &bytes, seeds);
        let trials: Vec<Trial> = hidden.into_iter().map(|it| bench.run(Seed(it))).collect();
        Ok(Marks::of(lab, &trials))
    };
    if name.eq_ignore_ascii_case("exam") {
        known_tables(&origin, &bytes)?;
        let mut all = Vec::new();
        for category in CATEGORIES {
            let marks = under_hidden(category.lab, Some(category.table))?;
            output::print(&telling::marks(category.lab, &marks))?;
            all.push(marks);
        }
        let (points, passed) = exam::decide(&all);
        output::print(&telling::exam(&points, passed))?;
        return Ok(passed);
    }
    let lab = find(name)?;
    let marks = under_hidden(lab, None)?;
    output::print(&telling::marks(lab, &marks))?;
    let passed = marks.is_clean();
    let verdict = if passed { "passed" } else { "failed" };
    output::print(&format!("{verdict}\n"))?;
    Ok(passed)
}

/// A policy of the exam has tables of its categories and no others.
fn known_tables(origin: &str, bytes: &[u8]) -> Result<(), Failure> {
    for table in policy::tables(origin, bytes)? {
        if !CATEGORIES.iter().any(|category| category.table == table) {
            let names = CATEGORIES.iter().map(|category| category.table);
            let hint = did_you_mean(&table, names, "the categories are");
            let told = format!("{origin}: the exam has no category `{table}`\n  hint: {hint}");
            return Err(Failure::Usage(told));
        }
    }
    Ok(())
}
