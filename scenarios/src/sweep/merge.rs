//! Merging: the shares of a sweep, run anywhere, as the one sweep they are.
//!
//! The result does not depend on the order of the journals, and is that of the sweep run in one piece.
//! What is not one whole sweep is refused: a missing share would be a statement about seeds that nobody
//! ran, an overlapping one would count seeds twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use reports::Seed;

use super::journal::{self, Recorded};
use super::share::{Seeds, Share};
use super::{SweepOrder, Swept};
use crate::failure::Failure;

/// Merges journals. `order` makes the sweep's order from the first journal's setup.
///
/// # Errors
/// When a journal cannot be read, or together they are not one whole sweep.
pub fn merge(
    paths: &[PathBuf],
    order: impl FnOnce(&Recorded) -> Result<SweepOrder, Failure>,
) -> Result<(SweepOrder, Swept), Failure> {
    let mut shares: BTreeMap<u32, (&PathBuf, Recorded)> = BTreeMap::new();
    for path in paths {
        let read = journal::read(path)?;
        let number = read.head.share.number;
        if let Some((former, _)) = shares.insert(number, (path, read)) {
            return Err(refused(format!(
                "`{}` and `{}` are both share {number}: their seeds would count twice",
                former.display(),
                path.display()
            )));
        }
    }
    let Some((first_path, first)) = shares.values().next() else {
        return Err(refused("there is no journal to merge".to_owned()));
    };
    for (path, other) in shares.values() {
        same_sweep(first_path, first, path, other)?;
    }
    let of = first.head.share.of;
    let missing: Vec<String> = (1..=of)
        .filter(|number| !shares.contains_key(number))
        .map(|number| Share { number, of }.to_string())
        .collect();
    if !missing.is_empty() {
        return Err(refused(format!(
            "shares are missing: {}",
            missing.join(", ")
        )));
    }
    let order = order(first)?;
    let swept = folded(&order, &shares)?;
    Ok((order, swept))
}

fn refused(why: String) -> Failure {
    Failure::Usage(format!(
        "{why}\n  hint: give the journal of each share of one sweep, each once"
    ))
}

fn same_sweep(
    first_path: &Path,
    first: &Recorded,
    path: &Path,
    other: &Recorded,
) -> Result<(), Failure> {
    let mut alike = other.head.clone();
    alike.share.number = first.head.share.number;
    alike.first.clone_from(&first.head.first);
    if alike == first.head {
        return Ok(());
    }
    Err(refused(format!(
        "`{}` and `{}` are of different sweeps: {}",
        first_path.display(),
        path.display(),
        journal::difference(&alike, &first.head)
    )))
}

fn folded(
    order: &SweepOrder,
    shares: &BTreeMap<u32, (&PathBuf, Recorded)>,
) -> Result<Swept, Failure> {
    let mut swept = Swept::new(order);
    let mut all = BTreeMap::new();
    for (path, share) in shares.values() {
        whole_and_its_own(path, share)?;
        all.extend(&share.done);
    }
    for entry in all.values() {
        swept.add(&entry.line, entry.conclusion)?;
    }
    swept.conclude(order);
    Ok(swept)
}

/// A journal has each seed of its share, and no other: a line of another was not written by its sweep.
fn whole_and_its_own(path: &Path, share: &Recorded) -> Result<(), Failure> {
    let seeds = Seeds {
        first: share.head.first.clone(),
        from: share.head.from,
        range: share.head.range,
        share: share.head.share,
    };
    let own: BTreeSet<Seed> = (0..seeds.count()).map(|at| seeds.at(at)).collect();
    let path = path.display();
    if let Some(stray) = share.done.keys().find(|seed| !own.contains(seed)) {
        let share = seeds.share;
        return Err(Failure::Usage(format!(
            "`{path}` tells of seed {stray}, which its share {share} does not have\n  hint: the file was edited; \
             sweep that share again"
        )));
    }
    let unrun = own.len() - share.done.len();
    if unrun > 0 {
        return Err(Failure::Usage(format!(
            "`{path}` is not whole: {unrun} of its seeds are not done\n  hint: go on with it by the \
             same `proveniq sweep` with --journal, then merge"
        )));
    }
    Ok(())
}
