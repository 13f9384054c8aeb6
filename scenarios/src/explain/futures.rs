//! Other futures of a run: the same until a moment, and then another course of chance.
//!
//! Until then every event is the same. From then on latencies, the order of tasks, and what faults hit
//! are drawn anew; faults that have begun go on, and those that had not are replaced by what the
//! scenario's swarm draws for the rest of its time. Without a swarm the planned faults stay. The
//! operations stay: they are what clients wanted, whatever happens. What hardware does by its own
//! chance (jams, sensors) was drawn before the run and stays too.

use std::collections::BTreeMap;

use sim::SimTime;
use sim::fault::Plan;
use sim::random::Randomness;
use sim::record::Record;
use sim::record::trace::Happening;
use sim::steering::Future;

use crate::setup::Setup;

/// One of the futures of a run from a moment on. `record` is the run, with its trace.
pub fn future(setup: &Setup, record: &Record, from: SimTime, seed: u64) -> Setup {
    let mut other = setup.clone();
    other.given.future = Some(Future { from, seed });
    let Some(swarm) = &setup.selected.scenario.faults.swarm else {
        return other;
    };
    let targets = model::system::targets(&setup.selected.scenario.system);
    let drawn = swarm.draw(
        &targets,
        &Randomness::new(setup.seeds.resolve().in_future(seed)),
    );
    let begun = begun(record);
    let planned = setup.given.plan.iter().flat_map(|plan| &plan.faults);
    let kept = (0_u32..)
        .zip(planned)
        .filter(|(number, _)| begun.get(number).is_some_and(|began| *began < from));
    let kept = kept.map(|(_, fault)| fault.clone());
    let later = drawn.faults.into_iter();
    let later = later.filter(|fault| SimTime::from_millis(fault.from_ms) >= from);
    other.given.plan = Some(Plan {
        faults: kept.chain(later).collect(),
    });
    other.given.heal_at_ms = None;
    other
}

/// When each fault took hold.
fn begun(record: &Record) -> BTreeMap<u32, SimTime> {
    let began = record
        .trace
        .events()
        .iter()
        .filter_map(|event| match event.what {
            Happening::FaultBegan { fault } => Some((fault, event.at)),
            _ => None,
        });
    began.collect()
}
