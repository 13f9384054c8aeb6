//! The passes of shrinking, each over one kind of thing that can go, and the order in which they are
//! made: first what makes runs short, then what makes them easy to read.

use std::collections::BTreeSet;

use model::client::script::Planned;
use reports::Seed;
use sim::fault::{Fault, FaultKind, Plan};
use sim::ratio::Ratio;
use sim::record::Record;
use sim::steering::PutOff;

use super::Size;
use super::reduction::minimized;
use super::target::Target;
use super::trials::Trials;
use crate::scenario::Scenario;
use crate::setup::Setup;

/// How often all passes are made at most. Each round starts from less; two are the rule.
const ROUNDS_MAX: u32 = 5;
/// How many other schedules are tried when something cannot be taken away under this one.
const SCHEDULES: u64 = 6;

/// The smallest failing run so far, and what may still be tried.
pub(super) struct Shrinker<'a> {
    case: Setup,
    trials: Trials<'a>,
}

impl<'a> Shrinker<'a> {
    pub(super) fn new(case: Setup, trials: Trials<'a>) -> Shrinker<'a> {
        Shrinker { case, trials }
    }

    /// The smallest run, how many runs it took, and whether there was nothing left to try.
    pub(super) fn into_result(self) -> (Setup, u32, bool) {
        (self.case, self.trials.runs(), !self.trials.are_spent())
    }

    /// Makes all passes until none changes anything. The record is that of the run as it was found.
    pub(super) fn exhaust(&mut self, record: &Record) {
        self.try_related_operations(record);
        for _ in 0..ROUNDS_MAX {
            let before = self.case.clone();
            self.take_faults_away();
            self.take_operations_away();
            self.take_change_points_away();
            self.take_troubles_away();
            self.end_soon();
            self.calm();
            self.make_certain();
            self.shorten_faults();
            let same = self.case.given == before.given
                && self.case.selected.scenario == before.selected.scenario;
            if same && !self.try_other_schedules() {
                break;
            }
        }
    }

    fn adopt_if_failing(&mut self, candidate: Setup) -> bool {
        let fails = self.trials.fails(&candidate);
        if fails {
            self.case = candidate;
        }
        fails
    }

    fn plan(&self) -> &[Fault] {
        let plan = self.case.given.plan.as_ref();
        plan.map_or(&[], |plan| &plan.faults)
    }

    fn operations(&self) -> &[Planned] {
        self.case.given.operations.as_deref().unwrap_or_default()
    }

    fn take_faults_away(&mut self) {
        let (case, trials) = (&self.case, &mut self.trials);
        let kept = minimized(
            self.case.given.plan.as_ref().map_or(&[], |it| &it.faults),
            |part| trials.fails(&with_faults(case, part.to_vec())),
        );
        self.case = with_faults(&self.case, kept);
    }

    /// Without an operation the others may come to a fault point a moment earlier than the fault that waits
    /// there, so a part that passes is tried once more with faults that wait from the beginning on. What
    /// failed last is kept as it was run: the shortest part alone does not tell which of the two failed.
    fn take_operations_away(&mut self) {
        let (case, trials) = (&self.case, &mut self.trials);
        let mut smallest = None;
        let all = case.given.operations.as_deref().unwrap_or_default();
        minimized(all, |part| {
            let fewer = with_operations(case, part.to_vec());
            let patient = loosened(&fewer);
            let mut either = [Some(fewer), patient].into_iter().flatten();
            let failing = either.find(|it| trials.fails(it));
            let fails = failing.is_some();
            smallest = failing.or(smallest.take());
            fails
        });
        self.case = smallest.unwrap_or_else(|| case.clone());
    }

    /// Most failures concern one asset. When its own operations alone show it, hundreds of others are
    /// gone at the price of one run.
    fn try_related_operations(&mut self, record: &Record) {
        let related = related(self.trials.target(), self.operations(), record);
        let kept: Vec<Planned> = self
            .operations()
            .iter()
            .filter(|planned| related.contains(&planned.number))
            .cloned()
            .collect();
        if !kept.is_empty() && kept.len() < self.operations().len() {
            let fewer = with_operations(&self.case, kept);
            let patient = loosened(&fewer);
            if !self.adopt_if_failing(fewer)
                && let Some(patient) = patient
            {
                self.adopt_if_failing(patient);
            }
        }
    }

    fn take_change_points_away(&mut self) {
        let (case, trials) = (&self.case, &mut self.trials);
        let with = |part: &[PutOff]| {
            let mut candidate = case.clone();
            candidate.given.put_off = part.to_vec();
            candidate
        };
        let kept = minimized(&case.given.put_off, |part| trials.fails(&with(part)));
        self.case = with(&kept);
    }

    /// Chances of the hardware, of people and of verifications, and the redeploy.
    fn take_troubles_away(&mut self) {
        let there: Vec<Trouble> = TROUBLES
            .iter()
            .copied()
            .filter(|trouble| {
                without_troubles(&self.case, &[*trouble]) != self.case.selected.scenario
            })
            .collect();
        let (case, trials) = (&self.case, &mut self.trials);
        let away = |kept: &[Trouble]| -> Vec<Trouble> {
            let gone = there
                .iter()
                .filter(|it| !kept.iter().any(|kept| kept.name == it.name));
            gone.copied().collect()
        };
        let candidate = |kept: &[Trouble]| {
            let mut candidate = case.clone();
            candidate.selected.scenario = without_troubles(case, &away(kept));
            candidate
        };
        let kept = minimized(&there, |kept| trials.fails(&candidate(kept)));
        self.case = candidate(&kept);
    }

    /// Heals soon after the last thing that happens on purpose.
    fn end_soon(&mut self) {
        const AFTERWARDS_MS: u64 = 1_000;
        let faults = self.plan().iter().map(|fault| {
            fault
                .until_ms
                .unwrap_or(fault.from_ms + fault.lasts_ms.unwrap_or(0))
        });
        let operations = self
            .operations()
            .iter()
            .map(|it| it.after.as_millis() as u64);
        let last = faults.chain(operations).max().unwrap_or(0);
        let chaos_ms = last + AFTERWARDS_MS;
        if chaos_ms < self.chaos_ms() {
            let mut candidate = self.case.clone();
            candidate.given.heal_at_ms = Some(chaos_ms);
            self.adopt_if_failing(candidate);
        }
    }

    fn calm(&mut self) {
        if !self.case.given.calm {
            let mut candidate = self.case.clone();
            candidate.given.calm = true;
            self.adopt_if_failing(candidate);
        }
    }

    /// Faults that strike by chance strike always, if they may: then no luck is in them.
    fn make_certain(&mut self) {
        for number in 0..self.plan().len() {
            let mut certain = self.plan()[number].clone();
            if make_certain(&mut certain.what) {
                self.try_fault(number, certain);
            }
        }
    }

    /// Halves each fault from its end, then from its beginning, as often as it may be.
    fn shorten_faults(&mut self) {
        for number in 0..self.plan().len() {
            for shorter in [ends_earlier, begins_later] {
                while let Some(fault) = shorter(&self.plan()[number], self.chaos_ms()) {
                    if !self.try_fault(number, fault) {
                        break;
                    }
                }
            }
        }
    }

    fn chaos_ms(&self) -> u64 {
        let bounds = &self.case.selected.scenario.bounds;
        self.case.given.heal_at_ms.unwrap_or(bounds.chaos_ms)
    }

    fn try_fault(&mut self, number: usize, fault: Fault) -> bool {
        let mut faults = self.plan().to_vec();
        faults[number] = fault;
        self.adopt_if_failing(with_faults(&self.case, faults))
    }

    /// Under another schedule less may suffice. Says whether it did.
    fn try_other_schedules(&mut self) -> bool {
        let Size { faults, operations } = Size::of(&self.case);
        let mut fewer: Vec<Setup> = Vec::new();
        for away in 0..faults {
            let mut kept = self.plan().to_vec();
            kept.remove(away);
            fewer.push(with_faults(&self.case, kept));
        }
        for away in 0..operations {
            let mut kept = self.operations().to_vec();
            kept.remove(away);
            fewer.push(with_operations(&self.case, kept));
        }
        for mut candidate in fewer {
            for schedule in 1..=SCHEDULES {
                candidate.seeds.schedule = Some(Seed(schedule));
                candidate.given.calm = false;
                if self.adopt_if_failing(candidate.clone()) {
                    return true;
                }
            }
        }
        false
    }
}

fn with_faults(case: &Setup, faults: Vec<Fault>) -> Setup {
    let mut changed = case.clone();
    changed.given.plan = Some(Plan { faults });
    changed
}

fn with_operations(case: &Setup, operations: Vec<Planned>) -> Setup {
    let mut changed = case.clone();
    changed.given.operations = Some(operations);
    changed
}

/// The same with faults at points that strike at the first passing of all; nothing without such faults.
fn loosened(case: &Setup) -> Option<Setup> {
    let mut changed = case.clone();
    let faults = &mut changed.given.plan.as_mut()?.faults;
    let mut waiting = faults
        .iter_mut()
        .filter(|it| it.at_point.is_some() && it.from_ms > 0)
        .peekable();
    waiting.peek()?;
    for fault in waiting {
        (fault.from_ms, fault.nth) = (0, Some(1));
    }
    Some(changed)
}

/// The numbers of the operations that have to do with the subject of a failure: those that name it in
/// the history, and the registrations that these are about.
fn related(target: &Target, operations: &[Planned], record: &Record) -> BTreeSet<u64> {
    // `saga-9f03c2` belongs to `asset-9f03c2`.
    let name = match target.subject.rsplit_once('-') {
        Some((_, name)) if name.len() >= 8 => name,
        _ => target.subject.as_str(),
    };
    let named = record.history.iter().filter(|(_, operation)| {
        operation.input.to_string().contains(name)
            || format!("{:?}", operation.outcome).contains(name)
    });
    let mut numbers: BTreeSet<u64> = named
        .filter_map(|(_, operation)| operation.process.rsplit_once('/')?.1.parse().ok())
        .collect();
    let about = operations.iter().filter(|it| numbers.contains(&it.number));
    let about: Vec<u64> = about
        .flat_map(|planned| planned.intent.registrations())
        .collect();
    numbers.extend(about);
    // A registration and its double click.
    numbers.iter().flat_map(|it| [it & !1, it | 1]).collect()
}

/// A fault that lasts half as long, from its beginning on.
fn ends_earlier(fault: &Fault, chaos_ms: u64) -> Option<Fault> {
    let mut shorter = fault.clone();
    if fault.at_point.is_some() {
        let lasts = fault.lasts_ms.unwrap_or(chaos_ms);
        shorter.lasts_ms = Some(lasts / 2);
        return (lasts > 1).then_some(shorter);
    }
    let lasts = fault
        .until_ms
        .unwrap_or(chaos_ms)
        .checked_sub(fault.from_ms)?;
    shorter.until_ms = Some(fault.from_ms + lasts / 2);
    (lasts > 1).then_some(shorter)
}

/// A fault that lasts half as long, up to its end.
fn begins_later(fault: &Fault, _: u64) -> Option<Fault> {
    let lasts = fault.until_ms?.checked_sub(fault.from_ms)?;
    let mut shorter = fault.clone();
    shorter.from_ms += lasts - lasts / 2;
    (lasts > 1).then_some(shorter)
}

/// Says whether there was a chance to take away.
fn make_certain(what: &mut FaultKind) -> bool {
    match what {
        FaultKind::Loss { ratio }
        | FaultKind::Duplicate { ratio }
        | FaultKind::LoseRequests { ratio }
        | FaultKind::LoseReplies { ratio }
        | FaultKind::SyncError { ratio }
        | FaultKind::BitRot { ratio } => std::mem::replace(ratio, Ratio::ALWAYS) != Ratio::ALWAYS,
        _ => false,
    }
}

/// Something that a scenario lets go wrong besides its faults.
#[derive(Clone, Copy)]
struct Trouble {
    name: &'static str,
    take_away: fn(&mut Scenario),
}

const TROUBLES: &[Trouble] = &[
    Trouble {
        name: "jam",
        take_away: |scenario| scenario.system.hardware.jam = Ratio::NEVER,
    },
    Trouble {
        name: "jams",
        take_away: |scenario| scenario.system.hardware.jams.clear(),
    },
    Trouble {
        name: "double_execution",
        take_away: |scenario| scenario.system.hardware.double_execution = Ratio::NEVER,
    },
    Trouble {
        name: "duplicate_serial",
        take_away: |scenario| scenario.system.hardware.duplicate_serial = Ratio::NEVER,
    },
    Trouble {
        name: "stale_sensor",
        take_away: |scenario| scenario.system.hardware.stale_sensor = Ratio::NEVER,
    },
    Trouble {
        name: "contradicting_sensor",
        take_away: |scenario| scenario.system.hardware.contradicting_sensor = Ratio::NEVER,
    },
    Trouble {
        name: "door_opened",
        take_away: |scenario| scenario.system.hardware.door_opened_every_ms = None,
    },
    Trouble {
        name: "review",
        take_away: |scenario| scenario.system.verify.review = Ratio::NEVER,
    },
    Trouble {
        name: "poison",
        take_away: |scenario| scenario.system.verify.poison = Ratio::NEVER,
    },
    Trouble {
        name: "redeploy",
        take_away: |scenario| scenario.system.redeploy_at_ms = None,
    },
];

fn without_troubles(case: &Setup, troubles: &[Trouble]) -> Scenario {
    let mut scenario = case.selected.scenario.clone();
    for trouble in troubles {
        (trouble.take_away)(&mut scenario);
    }
    scenario
}
