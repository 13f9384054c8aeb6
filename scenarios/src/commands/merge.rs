//! `proveniq merge`: makes one sweep of the journals of its shares.

use std::time::Duration;

use reports::SweepSummary;

use super::sweep::{junit_report, tell, tell_github};
use crate::args::sweep::MergeArgs;
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::output::{self, FileToBe};
use crate::sweep::SweepOrder;
use crate::sweep::journal::Recorded;
use crate::sweep::limits::Limits;
use crate::sweep::merge::merge;
use crate::sweep::share::Seeds;

/// Merges. The conclusion is that of the whole sweep.
///
/// # Errors
/// When a journal cannot be read, or together they are not one whole sweep.
pub fn execute(args: &MergeArgs) -> Result<Conclusion, Failure> {
    let junit = args.junit.as_deref().map(FileToBe::at).transpose()?;
    let (order, swept) = merge(&args.journals, order_of)?;
    if order.is_led() && args.journals.len() > 1 {
        output::tell(
            "each share was led by its own runs alone: in one piece, or in other shares, this sweep would have \
             made other runs\n",
        );
    }
    let told = tell(args.json, &order, &swept);
    let report = junit.map_or(Ok(()), |file| file.complete(&junit_report(&order, &swept)));
    let noticed = tell_github(&SweepSummary::of(&swept.sweep));
    super::despite(swept.conclusion, [told, report, noticed])
}

/// The order of the whole sweep, as if it had been run in one piece. Nothing is run by it any more.
fn order_of(journal: &Recorded) -> Result<SweepOrder, Failure> {
    let head = &journal.head;
    Ok(SweepOrder {
        setup: head.setup.clone().read("the journal")?,
        seeds: Seeds {
            first: head.first.clone(),
            ..Seeds::range(head.from, head.range)
        },
        jobs: 0,
        until_fail: false,
        recheck: sim::ratio::Ratio::NEVER,
        limits: Limits {
            wall: Duration::MAX,
            memory: u64::MAX,
        },
        batch: 0,
        time: None,
        save: None,
    })
}
