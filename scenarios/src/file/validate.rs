//! What no type can say: whether a scenario makes sense.
//!
//! Each complaint names the key at fault, so that its place in the file can be shown. All of them
//! are collected, since a file is mended faster when its mistakes are told together.

use model::invariants::{CHECKS, SOMETIMES};
use model::points;
use sim::check::NODES_BEHAVE;
use sim::fault::swarm::Swarm;
use sim::fault::{CATALOGUE, Fault, Plan};
use sim::latency::{Latency, LatencyError, LatencyTable};

use super::key_path::KeyPath;
use super::wording::did_you_mean;
use crate::scenario::Scenario;

/// Something that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key to mend.
    pub path: KeyPath,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

/// Everything about a scenario that makes no sense, in the order of its tables.
pub fn validate(scenario: &Scenario) -> Vec<Complaint> {
    let mut found = Complaints::default();
    found.tables(scenario);
    // Without a system that can be built there are no nodes to compare names with.
    if found.system(scenario) {
        let nodes = model::system::node_names(&scenario.system, &scenario.workload);
        found.links(scenario, &nodes);
        found.plan(&at("faults.plan"), &scenario.faults.plan, &nodes);
    }
    found.strikes_in_time(scenario);
    if let Some(swarm) = &scenario.faults.swarm {
        found.swarm(swarm, scenario.bounds.chaos_ms);
    }
    found.bounds(scenario);
    found.objectives(scenario);
    found.names(scenario);
    found.0
}

/// What makes no sense in a plan that did not come with the scenario.
pub fn validate_plan(scenario: &Scenario, plan: &Plan) -> Vec<Complaint> {
    let nodes = model::system::node_names(&scenario.system, &scenario.workload);
    let mut found = Complaints::default();
    found.plan(&at("plan"), &plan.faults, &nodes);
    found.0
}

fn at(path: &str) -> KeyPath {
    path.parse().expect("the keys written here are key paths")
}

#[derive(Default)]
struct Complaints(Vec<Complaint>);

impl Complaints {
    fn add(&mut self, path: KeyPath, message: impl Into<String>, hint: impl Into<String>) {
        let hint: String = hint.into();
        self.0.push(Complaint {
            path,
            message: message.into(),
            hint: (!hint.is_empty()).then_some(hint),
        });
    }

    fn tables(&mut self, scenario: &Scenario) {
        for (key, table) in scenario.system.timing.tables() {
            self.table(&at("system.timing").key(key), table);
        }
        self.table(&at("network.default"), scenario.network.default);
        for (index, link) in scenario.network.links.iter().enumerate() {
            let path = at("network.links").index(index).key("latency");
            self.table(&path, link.latency);
        }
        self.table(&at("disk.access"), scenario.disk.access);
        self.table(&at("disk.sync"), scenario.disk.sync);
    }

    fn table(&mut self, path: &KeyPath, table: LatencyTable) {
        let read: Result<Latency, LatencyError> = table.try_into();
        if let Err(error) = read {
            let key = format!("{}_us", error.upper);
            let hint = format!("give at least {}", error.lower_us);
            self.add(path.key(&key), error.to_string(), hint);
        }
    }

    /// Gives whether the system can be built.
    fn system(&mut self, scenario: &Scenario) -> bool {
        let system = scenario.system.validate().err();
        let workload = scenario.workload.validate().err();
        let both = scenario.system.validate_for(&scenario.workload).err();
        let errors = system.into_iter().chain(workload).chain(both);
        let mut sound = true;
        for error in errors {
            sound = false;
            let path: KeyPath = error.key.parse().expect("the model names keys by path");
            // A timing table that does not ascend has been told already, with its very key.
            if !self.0.iter().any(|told| told.path.0.starts_with(&path.0)) {
                self.add(path, error.message, "");
            }
        }
        sound
    }

    fn links(&mut self, scenario: &Scenario, nodes: &[String]) {
        for (index, link) in scenario.network.links.iter().enumerate() {
            if let Err(error) = link.place.check_names(nodes) {
                let path = at("network.links").index(index).key("where");
                self.add(path, error.to_string(), error.hint(nodes));
            }
        }
    }

    fn plan(&mut self, path: &KeyPath, faults: &[Fault], nodes: &[String]) {
        let points: Vec<&str> = points::all().map(|point| point.name).collect();
        for (index, fault) in faults.iter().enumerate() {
            let alone = Plan {
                faults: vec![fault.clone()],
            };
            if let Err(error) = alone.validate(nodes, &points) {
                let path = path.index(index).key(error.key);
                self.add(path, error.message, error.hint);
            }
        }
    }

    fn strikes_in_time(&mut self, scenario: &Scenario) {
        let chaos_ms = scenario.bounds.chaos_ms;
        for (index, fault) in scenario.faults.plan.iter().enumerate() {
            if fault.from_ms >= chaos_ms {
                let path = at("faults.plan").index(index).key("from_ms");
                let message = format!(
                    "this fault never strikes: it begins at {} ms, all faults are healed at {chaos_ms} ms",
                    fault.from_ms
                );
                self.add(
                    path,
                    message,
                    "let it begin before bounds.chaos_ms, or raise that",
                );
            }
        }
    }

    fn swarm(&mut self, swarm: &Swarm, chaos_ms: u64) {
        let key = |key: &str| at("faults.swarm").key(key);
        let kinds = || CATALOGUE.iter().map(|(name, ..)| *name);
        for (index, kind) in swarm.kinds.iter().flatten().enumerate() {
            if !kinds().any(|name| name == kind) {
                let message = format!("there is no kind of fault `{kind}`");
                let hint = did_you_mean(kind, kinds(), "the kinds are");
                self.add(key("kinds").index(index), message, hint);
            }
        }
        if swarm.kinds.as_ref().is_some_and(Vec::is_empty) {
            let hint = "name some kinds, or leave the key out for all of them";
            self.add(key("kinds"), "a swarm without kinds draws nothing", hint);
        }
        if swarm.faults_max == 0 {
            self.add(
                key("faults_max"),
                "a swarm of at most 0 faults draws nothing",
                "give at least 1",
            );
        }
        if swarm.until_ms > chaos_ms {
            let message = format!("the swarm lasts beyond the chaos phase ({chaos_ms} ms)");
            self.add(key("until_ms"), message, "give at most bounds.chaos_ms");
        }
        if swarm.until_ms <= swarm.from_ms {
            let message = format!("the swarm ends before it begins ({} ms)", swarm.from_ms);
            self.add(
                key("until_ms"),
                message,
                "until_ms must be later than from_ms",
            );
            return;
        }
        if swarm.lasts_min_ms > swarm.lasts_max_ms {
            let message = format!(
                "the longest fault is shorter than the shortest ({} ms)",
                swarm.lasts_min_ms
            );
            self.add(key("lasts_max_ms"), message, "give at least lasts_min_ms");
        }
        let room = swarm.until_ms - swarm.from_ms;
        if swarm.lasts_max_ms > room {
            let message = format!(
                "a fault of this length does not fit between from_ms and until_ms ({room} ms)"
            );
            self.add(key("lasts_max_ms"), message, format!("give at most {room}"));
        }
    }

    fn bounds(&mut self, scenario: &Scenario) {
        let bounds = &scenario.bounds;
        let key = |key: &str| at("bounds").key(key);
        for (name, value) in [("steps", bounds.steps), ("settle_ms", bounds.settle_ms)] {
            if value == 0 {
                self.add(key(name), "0 leaves no room for any run", "give at least 1");
            }
        }
        let phases = [bounds.chaos_ms, bounds.settle_ms, bounds.quiet_ms];
        let needed = phases.into_iter().fold(0_u64, u64::saturating_add);
        if bounds.time_ms < needed {
            let message = format!(
                "a run may take {needed} ms (chaos_ms + settle_ms + quiet_ms), more than its bound"
            );
            self.add(key("time_ms"), message, format!("give at least {needed}"));
        }
    }

    fn objectives(&mut self, scenario: &Scenario) {
        let expected = &scenario.checks.expected;
        let named = expected.iter().any(|name| name == "slo_met");
        match (named, scenario.objectives.is_empty()) {
            (true, true) => {
                let message = "`slo_met` is expected, but there is no objective to meet";
                self.add(
                    at("checks.expected"),
                    message,
                    "add an [[objectives]] table, or drop the check",
                );
            }
            (false, false) if !expected.is_empty() => {
                let message = "objectives are judged by the check `slo_met`, which is not expected";
                self.add(
                    at("objectives"),
                    message,
                    "add \"slo_met\" to checks.expected",
                );
            }
            _ => {}
        }
        for (index, objective) in scenario.objectives.iter().enumerate() {
            let path = at("objectives").index(index);
            if !(1..=100).contains(&objective.percentile) {
                let message = format!("there is no percentile {}", objective.percentile);
                self.add(path.key("percentile"), message, "give 1 to 100");
            }
            if objective.below_ms == 0 {
                let message = "nothing takes less than 0 ms: this objective cannot be met";
                self.add(path.key("below_ms"), message, "give at least 1");
            }
        }
    }

    fn names(&mut self, scenario: &Scenario) {
        let checks = || CHECKS.iter().chain([&NODES_BEHAVE]).map(|check| check.name);
        let states = || SOMETIMES.iter().map(|state| state.name);
        let lists = [
            (
                "expected",
                "check",
                checks().collect::<Vec<_>>(),
                &scenario.checks.expected,
            ),
            (
                "sometimes",
                "state",
                states().collect(),
                &scenario.checks.sometimes,
            ),
        ];
        for (key, what, known, given) in lists {
            for (index, name) in given.iter().enumerate() {
                let path = at("checks").key(key).index(index);
                if !known.contains(&name.as_str()) {
                    let listed = format!("the {what}s are");
                    let hint = did_you_mean(name, known.iter().copied(), &listed);
                    self.add(path, format!("there is no {what} `{name}`"), hint);
                } else if given[..index].contains(name) {
                    self.add(path, format!("`{name}` is named twice"), "once is enough");
                }
            }
        }
    }
}
