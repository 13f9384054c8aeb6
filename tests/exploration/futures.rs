//! Another future of a run is the same run until its moment, event for event, and not beyond.

use model::defects::Defects;
use scenarios::explain::futures::future;
use scenarios::run::WITH_TRACE;
use sim::SimTime;
use sim::determinism::event_lines;
use sim::record::Record;
use sim::steering::PutOff;

use super::failing::everything;

/// When the first event happens in which two runs differ.
fn parting(first: &Record, second: &Record) -> Option<SimTime> {
    let (lines, others) = (event_lines(first), event_lines(second));
    let at = (0..lines.len()).find(|at| lines.get(*at) != others.get(*at))?;
    Some(first.trace.events()[at].at)
}

#[test]
fn a_future_is_the_same_until_its_moment_and_another_soon_after() {
    let setup = everything(3, Defects::default());
    let record = setup.run(WITH_TRACE).record;
    let mut explicit = scenarios::shrink::explicit::written_out(&setup, &record);
    // Faults are numbered by their place in the plan; those that come later come last.
    if let Some(plan) = &mut explicit.given.plan {
        plan.faults.sort_by_key(|fault| fault.from_ms);
    }
    let record = explicit.run(WITH_TRACE).record;
    for seconds in [1, 10, 30, 59] {
        let from = SimTime::from_millis(1_000 * seconds);
        for seed in 1..4 {
            let other = future(&explicit, &record, from, seed)
                .run(WITH_TRACE)
                .record;
            let parted = parting(&record, &other).expect("chance is another");
            assert!(parted >= from, "{parted} is before {from}");
            let soon = SimTime::from_millis(1_000 * seconds + 15_000);
            assert!(parted < soon, "{parted} is long after {from}");
        }
    }
}

#[test]
fn a_calm_run_takes_the_median_and_keeps_its_promises() {
    let drawn = everything(4, Defects::default());
    let mut calm = drawn.clone();
    calm.given.calm = true;
    let (drawn, calm) = (drawn.run(WITH_TRACE), calm.run(WITH_TRACE));
    assert_ne!(drawn.record.fingerprint, calm.record.fingerprint);
    assert_eq!(sim::check::overall(&calm.judgements), "held");
}

#[test]
fn what_is_put_off_happens_later_and_until_then_nothing_is_otherwise() {
    let setup = everything(5, Defects::default());
    let record = setup.run(WITH_TRACE).record;
    let mut steered = setup.clone();
    steered.given.put_off = [2_000, 4_000]
        .map(|step| PutOff { step, by_ms: 3_000 })
        .to_vec();
    let other = steered.run(WITH_TRACE);
    let parted = parting(&record, &other.record).expect("something was put off");
    assert!(parted > SimTime::from_millis(500), "{parted}");
    assert_eq!(sim::check::overall(&other.judgements), "held");
}
