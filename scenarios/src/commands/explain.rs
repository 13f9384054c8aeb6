//! `proveniq explain`: tells why a run fails.

use reports::explain::{ExplainReport, TwinReport};
use reports::schema::Document;

use super::shrink::shrink_with_progress;
use crate::args::failing::ExplainArgs;
use crate::exit_code::Conclusion;
use crate::explain::{Explanation, explain};
use crate::failure::Failure;
use crate::output;
use crate::run::{Outcome, WITH_TRACE};
use crate::setup::{Setup, quoted};
use crate::shrink::target::Target;
use crate::shrink::{Budget, ShrinkOrder};
use crate::spinner::Spinner;

/// The failing run that is explained: the smallest one.
struct Failing {
    setup: Setup,
    outcome: Outcome,
    target: Target,
}

/// Explains.
///
/// # Errors
/// When there is no such scenario or file, or the standard output cannot be written.
pub fn execute(args: &ExplainArgs) -> Result<Conclusion, Failure> {
    let Some(failing) = failing(args)? else {
        return Ok(Conclusion::NothingSelected);
    };
    let spinner = Spinner::new("explaining");
    let Failing {
        setup,
        outcome,
        target,
    } = &failing;
    let explanation = explain(setup, outcome, target, &mut |doing| spinner.tell(doing));
    drop(spinner);
    let document = report(args, &failing, &explanation).to_document();
    match args.json {
        true => output::print(&(document.to_line() + "\n"))?,
        false => output::print(&document.to_text(output::style()))?,
    }
    Ok(Conclusion::Told)
}

/// A saved run that was shrunk is taken as it is; any other is shrunk first.
fn failing(args: &ExplainArgs) -> Result<Option<Failing>, Failure> {
    let repro = args.source.repro()?;
    let shrunk_to = repro.and_then(|repro| repro.shrunk_to);
    let setup = args.source.setup()?;
    if let (Some(target), None) = (shrunk_to, &args.check) {
        let outcome = setup.run(WITH_TRACE);
        if !target.is_met_by(&outcome) {
            let Target { check, subject, .. } = target;
            output::tell(&format!(
                "nothing to explain: the run does not violate `{check}` on {subject} any more\n  \
                 hint: `proveniq replay` says where it has become another run\n"
            ));
            return Ok(None);
        }
        return Ok(Some(Failing {
            setup,
            outcome,
            target,
        }));
    }
    let order = ShrinkOrder {
        check: args.check.clone(),
        budget: Budget::of(args.runs, args.budget),
    };
    let shrunk = shrink_with_progress(&setup, &order)?;
    Ok(shrunk.map(|shrunk| Failing {
        setup: shrunk.setup,
        outcome: shrunk.outcome,
        target: shrunk.target,
    }))
}

fn report<'a>(
    args: &ExplainArgs,
    failing: &'a Failing,
    explanation: &'a Explanation,
) -> ExplainReport<'a> {
    let Failing {
        setup,
        outcome,
        target,
    } = failing;
    let evidence = target.evidence_in(&outcome.judgements);
    let claim = evidence.map_or(&target.claim, |evidence| &evidence.claim);
    let twin = explanation.twin.as_ref();
    ExplainReport {
        scenario: &setup.selected.scenario.name,
        seed: setup.seeds.run,
        defects: setup.to_text().defects,
        failure: [target.check.clone(), target.subject.clone(), claim.clone()],
        record: &outcome.record,
        story: &explanation.story,
        necessity: &explanation.necessity,
        decision: explanation.decision.as_ref(),
        twin: twin.map(|twin| TwinReport {
            difference: &twin.difference,
            record: &twin.record,
            matched: twin.alignment.matched,
            first: twin.alignment.first(),
            later: &twin.later,
        }),
        runs: explanation.runs,
        reproduce: reproduce(args),
    }
}

fn reproduce(args: &ExplainArgs) -> String {
    match (args.source.is_file(), args.source.setup()) {
        (true, _) | (_, Err(_)) => {
            format!("proveniq replay {}", quoted(&args.source.scenario.scenario))
        }
        (false, Ok(setup)) => setup.reproduce(),
    }
}
