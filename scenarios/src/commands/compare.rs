//! `proveniq compare`: the variants of a scenario side by side.

use reports::schema::Document;

use crate::args::compare::CompareArgs;
use crate::compare::compare;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file;
use crate::output;
use crate::spinner::Spinner;

/// Compares.
///
/// # Errors
/// When there is no such scenario, it has no variants, or one of them makes no sense.
pub fn execute(args: &CompareArgs) -> Result<Conclusion, Failure> {
    let selected = file::select(&args.scenario, &args.set)?;
    if selected.scenario.variants.is_empty() {
        return Err(Failure::Usage(format!(
            "`{}` has no variants to compare\n  hint: name some in its file, as `[[variants]]`",
            args.scenario
        )));
    }
    let spinner = Spinner::new("comparing");
    let compared = compare(&selected, args.seeds, &mut |doing| spinner.tell(doing));
    drop(spinner);
    let document = compared?;
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    Ok(Conclusion::Told)
}
