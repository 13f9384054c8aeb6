//! The injector: makes a plan happen, and lifts it.
//!
//! Each fault begins and ends as an entry of the agenda, or begins when a node passes its fault
//! point. What a fault *does* stands where its device is; here is only the one match that tells
//! which device to ask.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Fault, FaultKind, Plan, Target};
use crate::agenda_entry::Entry;
use crate::disk::file::Unsynced;
use crate::network::rule::Rule;
use crate::node::{NodeContext, NodeId};
use crate::random::Lineage;
use crate::record::trace::Happening;
use crate::time::SimTime;
use crate::world::{DIRECTOR, World};

/// The plan of a run and what of it holds now.
#[derive(Default)]
pub(crate) struct Injector {
    plan: Plan,
    /// The nodes each fault names, resolved once.
    nodes: Vec<Vec<NodeId>>,
    /// A name for each fault's chance that does not change when another fault is removed.
    lineages: Vec<Lineage>,
    active: BTreeSet<u32>,
    struck: BTreeSet<u32>,
    passings: BTreeMap<u32, u32>,
    healed: bool,
}

impl Injector {
    pub(crate) fn into_plan(self) -> (Plan, BTreeSet<u32>) {
        (self.plan, self.struck)
    }

    fn fault(&self, number: u32) -> (Fault, Vec<NodeId>) {
        let index = number as usize;
        (self.plan.faults[index].clone(), self.nodes[index].clone())
    }
}

impl World {
    /// Installs the plan. Faults with a window are entered on the agenda at once.
    ///
    /// The plan must fit the nodes of this world (see [`Plan::validate`]).
    pub fn install(&self, plan: Plan) {
        let names = self.node_names();
        let mut injector = self.injector().borrow_mut();
        for (fault, name) in plan.faults.iter().zip(plan.draw_names()) {
            injector.nodes.push(fault.place.nodes(&names));
            injector.lineages.push(Lineage::of(&name));
        }
        injector.plan = plan.clone();
        drop(injector);
        for (number, fault) in plan.faults.iter().enumerate() {
            if fault.at_point.is_none() {
                let begins = SimTime::from_millis(fault.from_ms);
                self.enter(begins, Entry::FaultBegins(number as u32));
                if let Some(until) = fault.until_ms {
                    self.enter(SimTime::from_millis(until), Entry::FaultEnds(number as u32));
                }
            }
        }
    }

    /// Lifts every fault for good: no new ones, processes run, clocks are right.
    pub fn heal(&self) {
        self.trace(DIRECTOR, Happening::Healed);
        let active = {
            let mut injector = self.injector().borrow_mut();
            injector.healed = true;
            injector.active.clone()
        };
        for fault in active {
            self.end_fault(fault);
        }
        for node in 0..self.node_count() {
            let node = NodeId::at(node);
            let now = self.now();
            self.with_process(node, |process| process.clock.correct(now));
            self.restart_if_down(node);
        }
    }

    pub(crate) fn restart_if_down(&self, node: NodeId) {
        let held_down = self.injector().borrow().active.iter().any(|fault| {
            let (fault, nodes) = self.injector().borrow().fault(*fault);
            takes_down(&fault.what) && nodes.contains(&node)
        });
        if !held_down && !self.is_up(node) {
            self.start(node);
        }
    }

    /// The name of a fault's chance.
    pub(crate) fn fault_lineage(&self, fault: u32) -> Lineage {
        self.injector().borrow().lineages[fault as usize]
    }

    /// The disk faults that hold at a node now, by number and kind.
    pub(crate) fn faults_at(&self, node: NodeId) -> Vec<(u32, FaultKind)> {
        let injector = self.injector().borrow();
        let at = |fault: &&u32| {
            let index = **fault as usize;
            injector.plan.faults[index].what.target() == Target::Disks
                && injector.nodes[index].contains(&node)
        };
        let active = injector.active.iter().filter(at);
        active
            .map(|fault| (*fault, injector.plan.faults[*fault as usize].what.clone()))
            .collect()
    }

    /// A node passes a fault point. Gives how long the task must stall there, when it must.
    pub(crate) fn pass_point(
        &self,
        context: &NodeContext,
        point: &'static str,
    ) -> Option<Duration> {
        if !context.is_alive() {
            return None;
        }
        self.trace(context.node(), Happening::PointReached { point });
        let mut stall = None;
        for number in self.faults_striking(context.node(), point) {
            let (fault, _) = self.injector().borrow().fault(number);
            let lasts = fault.lasts_ms.map(Duration::from_millis);
            self.begin_fault_at(number, Some(context.node()));
            if fault.what == FaultKind::Stall {
                stall = lasts;
            } else if let Some(lasts) = lasts {
                self.enter(self.now() + lasts, Entry::FaultEnds(number));
            }
        }
        stall
    }

    /// The faults whose turn this passing is.
    fn faults_striking(&self, node: NodeId, point: &str) -> Vec<u32> {
        let now = self.now();
        let mut guard = self.injector().borrow_mut();
        let injector = &mut *guard;
        if injector.healed {
            return Vec::new();
        }
        let mut striking = Vec::new();
        for (index, fault) in injector.plan.faults.iter().enumerate() {
            let meant = fault.at_point.as_deref() == Some(point)
                && injector.nodes[index].contains(&node)
                && now >= SimTime::from_millis(fault.from_ms);
            if !meant {
                continue;
            }
            let passings = injector.passings.entry(index as u32).or_default();
            *passings += 1;
            if *passings == fault.nth.unwrap_or(1) {
                striking.push(index as u32);
            }
        }
        striking
    }

    pub(crate) fn begin_fault(&self, number: u32) {
        self.begin_fault_at(number, None);
    }

    /// Begins a fault at all nodes of its place, or at the one that passed its point.
    fn begin_fault_at(&self, number: u32, only: Option<NodeId>) {
        let (fault, mut nodes) = {
            let mut injector = self.injector().borrow_mut();
            if injector.healed || !injector.active.insert(number) {
                return;
            }
            injector.struck.insert(number);
            if let Some(node) = only {
                injector.nodes[number as usize] = vec![node];
            }
            injector.fault(number)
        };
        nodes.retain(|node| *node != DIRECTOR);
        self.trace_as_cause(DIRECTOR, Happening::FaultBegan { fault: number });
        if matches!(fault.what.target(), Target::Links | Target::Sides)
            || fault.what == FaultKind::Isolate
        {
            self.network().borrow_mut().install(Rule {
                fault: number,
                kind: fault.what.clone(),
                route: match only {
                    Some(node) => super::Route::Touching(vec![node]),
                    None => fault.place.route(&self.node_names()),
                },
            });
        }
        for node in nodes {
            self.begin_at_node(number, &fault.what, node);
        }
    }

    fn begin_at_node(&self, number: u32, what: &FaultKind, node: NodeId) {
        let now = self.now();
        match what {
            FaultKind::Crash => self.crash(node, Some(number), Unsynced::Kept),
            FaultKind::PowerLoss => self.crash(node, Some(number), Unsynced::Lost),
            FaultKind::TornWrite => self.crash(node, Some(number), Unsynced::Torn),
            FaultKind::Pause => self.pause(node, number),
            FaultKind::Slow { factor } => {
                self.with_process(node, |process| process.slow.push((number, *factor)));
            }
            FaultKind::ClockSkew { offset_ms } | FaultKind::ClockJump { offset_ms } => {
                self.with_process(node, |process| process.clock.step_wall(*offset_ms));
            }
            FaultKind::ClockDrift { parts_per_million } => {
                self.with_process(node, |process| {
                    process.clock.add_drift(now, *parts_per_million)
                });
            }
            _ => {}
        }
    }

    pub(crate) fn end_fault(&self, number: u32) {
        let (fault, mut nodes) = {
            let mut injector = self.injector().borrow_mut();
            if !injector.active.remove(&number) {
                return;
            }
            injector.fault(number)
        };
        nodes.retain(|node| *node != DIRECTOR);
        self.trace_as_cause(DIRECTOR, Happening::FaultEnded { fault: number });
        self.network().borrow_mut().remove(number);
        for node in nodes {
            self.end_at_node(number, &fault.what, node);
        }
    }

    fn end_at_node(&self, number: u32, what: &FaultKind, node: NodeId) {
        let now = self.now();
        match what {
            FaultKind::Crash | FaultKind::PowerLoss | FaultKind::TornWrite => {
                self.let_up(node, number)
            }
            FaultKind::Pause => self.resume(node, number),
            FaultKind::Slow { .. } => self.with_process(node, |process| {
                process.slow.retain(|(fault, _)| *fault != number);
            }),
            FaultKind::ClockSkew { offset_ms } => {
                self.with_process(node, |process| process.clock.step_wall(-offset_ms));
            }
            FaultKind::ClockDrift { parts_per_million } => {
                self.with_process(node, |process| {
                    process.clock.add_drift(now, -parts_per_million)
                });
            }
            _ => {}
        }
    }
}

fn takes_down(what: &FaultKind) -> bool {
    matches!(
        what,
        FaultKind::Crash | FaultKind::PowerLoss | FaultKind::TornWrite
    )
}
