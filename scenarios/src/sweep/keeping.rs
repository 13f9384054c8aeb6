//! Keeping a run that no seed tells: the file from which it can be had again.

use std::path::Path;

use reports::SeedLine;
use reports::schema::Document;

use crate::failure::Failure;
use crate::output::FileToBe;
use crate::repro::Repro;
use crate::setup::quoted;

/// Saves a run in a folder under the name of its scenario and its seed. Gives the command that has it again;
/// none where nothing is to be saved.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn keep(
    folder: Option<&Path>,
    line: &SeedLine,
    repro: &Repro,
) -> Result<String, Failure> {
    let Some(folder) = folder else {
        return Ok(String::new());
    };
    let path = folder.join(format!("{}-{}.json", line.scenario, line.seed));
    FileToBe::at(&path)?.complete(&(repro.to_pretty() + "\n"))?;
    Ok(format!(
        "proveniq replay {}",
        quoted(&path.display().to_string())
    ))
}
