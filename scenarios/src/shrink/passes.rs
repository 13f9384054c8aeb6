//! The passes of shrinking, each over one kind of thing that can go, and the order in which they are
//! made: first what makes runs short, then what makes them easy to read.
//!
//! While runs are large each costs most, so the first pass comes from the other end: [`Shrinker::grow`] tries
//! the few likeliest operations alone, then twice as many, until it fails. All that together costs as much as
//! a few runs of what it finds.

use std::time::Duration;

use model::client::script::Planned;
use reports::Seed;
use sim::fault::{Fault, FaultKind, Plan};
use sim::ratio::Ratio;
use sim::steering::PutOff;

use super::Size;
use super::reduction::minimized;
use super::trials::Trials;
use super::troubles::{TROUBLES, Trouble, without_troubles};
use crate::setup::Setup;

/// How often passes are made at most. Each round starts from less; a few are the rule, and what was
/// tried before costs no run.
const ROUNDS_MAX: u32 = 40;
/// How many other schedules are tried when something cannot be taken away under this one.
const SCHEDULES: u64 = 6;

/// A run counts as short when so many of it have no more events than the one that was found.
const SHORT: u64 = 20;

/// What shrinking came to.
pub(super) struct Found {
    /// The smallest run that fails, or did when it was hurried.
    pub(super) smallest: Setup,
    /// The smallest that was seen to fail in full.
    pub(super) sure: Setup,
    /// How many runs were made.
    pub(super) runs: u32,
    /// How much processor time they took.
    pub(super) processor: Duration,
    /// Whether there was nothing left to try.
    pub(super) finished: bool,
}

/// The smallest failing run so far, and what may still be tried.
pub(super) struct Shrinker<'a> {
    case: Setup,
    /// The smallest that was seen to fail in full; `case` may have been seen to in a hurried run only.
    sure: Setup,
    trials: Trials<'a>,
    /// Whether the last round changed nothing.
    settled: bool,
}

impl<'a> Shrinker<'a> {
    /// `case` was seen to fail.
    pub(super) fn new(case: Setup, trials: Trials<'a>) -> Shrinker<'a> {
        Shrinker {
            sure: case.clone(),
            case,
            trials,
            settled: false,
        }
    }

    /// What was found.
    pub(super) fn into_result(self) -> Found {
        let finished = self.settled && !self.trials.are_spent();
        Found {
            smallest: self.case,
            sure: self.sure,
            runs: self.trials.runs(),
            processor: self.trials.spent(),
            finished,
        }
    }

    /// Makes all passes until none changes anything, first with hurried runs, then with those in full that
    /// matter. `ranked` has all operations, the likeliest first.
    pub(super) fn exhaust(&mut self, ranked: &[u64]) {
        self.grow(ranked);
        self.make_passes();
        while !self.trials.are_spent() && self.trials.take_time() {
            if !self.trials.fails(&self.case) && !self.trials.are_spent() {
                self.case = self.sure.clone();
            }
            self.make_passes();
        }
    }

    fn make_passes(&mut self) {
        self.settled = false;
        for _ in 0..ROUNDS_MAX {
            if self.changes(Shrinker::make_smaller) || self.changes(Shrinker::make_plainer) {
                continue;
            }
            if !self.try_other_schedules() {
                self.settled = true;
                return;
            }
        }
    }

    /// Whether passes change the run.
    fn changes(&mut self, passes: fn(&mut Shrinker<'a>)) -> bool {
        let before = self.case.clone();
        passes(self);
        self.keep_if_sure();
        self.case.given != before.given || self.case.selected.scenario != before.selected.scenario
    }

    fn make_smaller(&mut self) {
        self.end_soon();
        self.take_faults_away();
        self.take_operations_away();
        self.take_change_points_away();
        self.take_troubles_away();
        self.end_soon();
        self.calm();
    }

    fn make_plainer(&mut self) {
        self.make_certain();
        self.shorten_faults();
    }

    fn keep_if_sure(&mut self) {
        let tried = self.trials.of(&self.case);
        if tried.is_some_and(|tried| tried.fails && !tried.cut_short) {
            self.sure = self.case.clone();
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
            |parts| trials.first(parts, |part| with_faults(case, part.to_vec())),
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
        minimized(all, |parts| {
            let candidates = parts.iter().enumerate().flat_map(|(at, part)| {
                let fewer = with_operations(case, part.clone());
                let patient = loosened(&fewer);
                let either = [Some(fewer), patient].into_iter().flatten();
                either.map(move |candidate| (at, candidate))
            });
            let (at, failing) = trials.first_failing(candidates)?;
            smallest = Some(failing);
            Some(at)
        });
        self.case = smallest.unwrap_or_else(|| case.clone());
    }

    /// The likeliest operations alone, more and more of them, until they fail; and again under other schedules,
    /// since luck helps, as long as that is much shorter than the run as it was found.
    fn grow(&mut self, ranked: &[u64]) {
        let whole = self.trials.of(&self.case).map_or(0, |tried| tried.events);
        let all = self.operations().len();
        let sizes = std::iter::successors(Some(1_usize), |size| Some(2 * size));
        for size in sizes.take_while(|size| *size < all) {
            let kept = self.operations().iter();
            let kept = kept.filter(|it| ranked[..size].contains(&it.number));
            let fewer = with_operations(&self.case, kept.cloned().collect());
            let is_short = self
                .trials
                .of(&fewer)
                .is_some_and(|it| SHORT * it.events < whole);
            let schedules = if is_short { SCHEDULES } else { 0 };
            let others = (1..=schedules).map(|schedule| under_schedule(&fewer, schedule));
            let patient = loosened(&fewer);
            let mut candidates = std::iter::once(fewer.clone()).chain(patient).chain(others);
            if candidates.any(|candidate| self.adopt_if_failing(candidate)) {
                return self.keep_if_sure();
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
        let kept = minimized(&case.given.put_off, |parts| trials.first(parts, with));
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
        let kept = minimized(&there, |parts| trials.first(parts, candidate));
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
        let candidates = fewer.into_iter().flat_map(|fewer| {
            (1..=SCHEDULES).map(move |schedule| ((), under_schedule(&fewer, schedule)))
        });
        let Some(((), failing)) = self.trials.first_failing(candidates) else {
            return false;
        };
        self.case = failing;
        self.keep_if_sure();
        true
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

fn under_schedule(case: &Setup, schedule: u64) -> Setup {
    let mut changed = case.clone();
    changed.seeds.schedule = Some(Seed(schedule));
    changed.given.calm = false;
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
