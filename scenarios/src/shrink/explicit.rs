//! Writing a run out: what its seed drew, as data that can be taken apart.
//!
//! Faults are those that really struck. One that strikes at a fault point is anchored to the moment at
//! which it did: "the 7th passing" means another one as soon as an operation is gone, "the first
//! passing after 31,204 ms, at core-2" does not. Each keeps the name under which its chance was drawn,
//! so that it can be shortened and moved, and still does the same to the same messages.

use sim::fault::{Fault, FaultKind, Plan};
use sim::record::Record;
use sim::record::trace::{Event, Happening};
use sim::time::SimTime;

use crate::run::{WITH_TRACE, operations_of};
use crate::setup::Setup;

/// The setup with its faults and operations written out, from a run of it that kept its trace.
pub fn written_out(setup: &Setup, record: &Record) -> Setup {
    let mut explicit = setup.clone();
    explicit.given.plan = Some(plan_of(record));
    explicit.given.put_off = setup.steering().put_off;
    explicit.given.operations = Some(operations_of(&setup.order(WITH_TRACE)));
    explicit.selected.scenario.faults.plan.clear();
    explicit
}

/// The faults of a run that struck, anchored, each with the name of its chance.
fn plan_of(record: &Record) -> Plan {
    let names = record.plan.draw_names();
    let numbered = (0_u32..).zip(record.plan.faults.iter().zip(names));
    let struck = numbered.filter(|(number, _)| record.struck.contains(number));
    let faults = struck.map(|(number, (fault, name))| Fault {
        drawn_as: Some(name),
        ..anchored(record, number, fault)
    });
    Plan {
        faults: faults.collect(),
    }
}

/// A fault that waits for the first passing of its point after a moment, at one node.
fn anchored(record: &Record, number: u32, fault: &Fault) -> Fault {
    let events = record.trace.events();
    let began =
        |event: &Event| matches!(event.what, Happening::FaultBegan { fault } if fault == number);
    let passed = events.iter().position(began).and_then(|began| {
        let passings = (0..began).rev();
        let mut passings = passings.filter(|at| passes(&events[*at], fault));
        passings.next()
    });
    let Some(passed) = passed else {
        return fault.clone();
    };
    let strike = &events[passed];
    let from_ms = strike.at.millis().max(fault.from_ms);
    let from = SimTime::from_millis(from_ms);
    let node = record.node_name(strike.node);
    let here =
        |event: &&Event| event.at >= from && event.node == strike.node && passes(event, fault);
    let nth = events[..=passed].iter().filter(here).count();
    let Ok(place) = node.parse() else {
        return fault.clone();
    };
    Fault {
        place,
        from_ms,
        nth: u32::try_from(nth).ok(),
        ..fault.clone()
    }
}

fn passes(event: &Event, fault: &Fault) -> bool {
    match (&event.what, &fault.at_point) {
        (Happening::PointReached { point }, Some(meant)) => point == meant,
        _ => false,
    }
}

/// The setup as it is saved: no name of a chance where none is drawn, and the scenario's own text in
/// place of the one it was changed from.
pub fn tidied(mut setup: Setup) -> Setup {
    for fault in setup
        .given
        .plan
        .iter_mut()
        .flat_map(|plan| &mut plan.faults)
    {
        let own_name = Fault {
            drawn_as: None,
            ..fault.clone()
        };
        if !draws(&fault.what) || fault.drawn_as == Some(own_name.to_string()) {
            fault.drawn_as = None;
        }
    }
    // In the order in which they strike, so that a run with other later faults numbers these alike.
    if let Some(plan) = &mut setup.given.plan {
        plan.faults.sort_by_key(|fault| fault.from_ms);
    }
    setup.selected = setup.selected.written_out();
    setup
}

/// Whether chance has a say in what a fault does.
fn draws(what: &FaultKind) -> bool {
    matches!(
        what,
        FaultKind::Loss { .. }
            | FaultKind::Duplicate { .. }
            | FaultKind::Delay { .. }
            | FaultKind::Reorder { .. }
            | FaultKind::LoseRequests { .. }
            | FaultKind::LoseReplies { .. }
            | FaultKind::TornWrite
            | FaultKind::SyncError { .. }
            | FaultKind::BitRot { .. }
    )
}
