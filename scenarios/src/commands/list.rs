//! `proveniq list`: what there is to choose from.

use model::defects::DEFECTS;
use model::invariants::{CHECKS, SOMETIMES};
use model::points;
use reports::Listing;
use reports::listing::{ListDocument, Row};
use reports::schema::Document;
use sim::check::NODES_BEHAVE;
use sim::fault::{CATALOGUE, Target};

use crate::args::{ListArgs, Subject};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file::{self, builtin};
use crate::hunt::situation;
use crate::output;
use crate::scenario::Scenario;

/// Lists.
///
/// # Errors
/// When the standard output cannot be written.
pub fn execute(args: &ListArgs) -> Result<Conclusion, Failure> {
    if args.schema {
        let schema = schemars::schema_for!(Scenario);
        let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        output::print(&(schema + "\n"))?;
        return Ok(Conclusion::Told);
    }
    let every = [
        Subject::Scenarios,
        Subject::Faults,
        Subject::Checks,
        Subject::Defects,
        Subject::Points,
    ];
    let chosen = every
        .into_iter()
        .filter(|subject| args.subject.is_none_or(|asked| asked == *subject));
    let listings: Result<Vec<Listing>, Failure> = chosen.map(listing).collect();
    let listings = listings?;
    if args.json {
        output::print(&(ListDocument::of(listings).to_line() + "\n"))?;
    } else {
        let style = output::style();
        let texts: Vec<String> = listings.iter().map(|list| list.to_text(style)).collect();
        output::print(&texts.join("\n"))?;
    }
    Ok(Conclusion::Told)
}

fn listing(subject: Subject) -> Result<Listing, Failure> {
    let (title, rows) = match subject {
        Subject::Scenarios => ("Scenarios", scenarios()?),
        Subject::Faults => ("Faults", faults()),
        Subject::Checks => ("Checks", checks()),
        Subject::Defects => ("Defects", defects()),
        Subject::Points => ("Fault points", points()),
    };
    Ok(Listing {
        title: title.to_owned(),
        rows,
    })
}

fn scenarios() -> Result<Vec<Row>, Failure> {
    let rows = builtin::BUILT_INS.iter().map(|built_in| {
        let read = file::read(built_in.name, built_in.text, &[])?;
        Ok(Row::new(built_in.name, "", read.scenario.summary))
    });
    rows.collect()
}

fn faults() -> Vec<Row> {
    let acts_on = |target: Target| match target {
        Target::Links => "links",
        Target::Sides => "links, by sides",
        Target::Processes => "processes",
        Target::Disks => "disks",
        Target::Clocks => "clocks",
        Target::Point => "fault points",
    };
    let rows = CATALOGUE.iter();
    rows.map(|(name, target, sentence)| Row::new(*name, acts_on(*target), *sentence))
        .collect()
}

fn checks() -> Vec<Row> {
    let checks = std::iter::once(&NODES_BEHAVE).chain(CHECKS);
    let checks = checks.map(|check| Row::new(check.name, check.kind.to_string(), check.promise));
    let states = SOMETIMES.iter();
    let states = states.map(|state| Row::new(state.name, "sometimes", state.promise));
    checks.chain(states).collect()
}

fn defects() -> Vec<Row> {
    let rows = DEFECTS.iter().map(|info| {
        let seen_in = info.seen_in.map(|seen| format!(" (seen in {seen})"));
        let sentence = format!(
            "{}{}; caught by {}",
            info.mistake,
            seen_in.unwrap_or_default(),
            info.caught_by
        );
        let row = Row::new(info.name, info.trigger.name(), sentence);
        // Where no run of the whole system shows it, nobody has measured how hard that is.
        match situation::of(info.defect) {
            Some(_) => row.so_hard(info.defect.difficulty().name()),
            None => row,
        }
    });
    rows.collect()
}

fn points() -> Vec<Row> {
    let points = points::all();
    points
        .map(|point| Row::new(point.name, point.nodes, point.place))
        .collect()
}
