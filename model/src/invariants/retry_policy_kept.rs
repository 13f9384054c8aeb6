//! Retries stay within their policy: so many, so far apart, and only of what may pass.
//!
//! Judged over notes; each series of attempts in the order of its claims' tokens, since an instance
//! that was slow may tell late.
//!
//! * Links (`saga`): five retries, after waits of 5 minutes doubling; none after a hardware error, and
//!   none after it was given up unless people replayed it. A command that was never sent waits too, and
//!   that counts as no retry.
//! * Verifications (`verification`): five retries, after waits of 30 seconds doubling.
//! * Each failure counts: the number of retries grows. No link is asked for before its wait is over.
//! * Transactions (`ledger_retry`): three repetitions at most, and only when others were in the way or
//!   nobody was there.
//! * A claim that was lost with its instance is taken up again, which is no retry, but not before the
//!   lease is over that its holder was given: two claims that find a verification as it was
//!   (`verification_claim`) are a lease apart.
//!
//! Times are judged as far as clocks allow: a plan's clock faults may move the Ledger's clock, and a
//! note may be as late as its node stood still. It does not judge how long a compensation waits for its
//! next attempt, nor whether what is left to people was worth another try.

use std::collections::BTreeMap;
use std::time::Duration;

use sim::check::{Check, Evidence, Kind};
use sim::fault::{Fault, FaultKind};
use sim::record::Record;
use sim::record::note::Note;
use sim::time::SimTime;

use super::list;
use crate::failure::Failure;
use crate::verify::node::LEASE;

pub(super) const CHECK: Check = Check {
    name: "retry_policy_kept",
    kind: Kind::Always,
    promise: "retries stay within their number and waits; nothing permanent is retried",
    judge,
};

/// How often and how far apart.
#[derive(Clone, Copy)]
struct Policy {
    retries_max: i64,
    first_wait_ms: i64,
}

const LINK: Policy = Policy {
    retries_max: 5,
    first_wait_ms: 300_000,
};
const VERIFICATION: Policy = Policy {
    retries_max: 5,
    first_wait_ms: 30_000,
};
const LEDGER_RETRIES_MAX: usize = 3;
/// What a repeated transaction may have failed of: nobody there, a serialization failure, a deadlock.
const PASSING: [&str; 3] = ["unavailable", "40001", "40P01"];

/// What happened in a series of attempts.
enum Event {
    /// It was begun.
    Asked,
    /// It failed, and is to be tried again.
    Postponed {
        /// How many waits of the policy came before this one.
        doublings: i64,
        wait_ms: i64,
        permanent: bool,
    },
    /// It was never sent, and waits without that being a retry.
    Waits {
        wait_ms: i64,
        /// Whether the failure is one of those after which nothing was sent.
        unsent: bool,
    },
    /// It failed, and is left to people.
    GivenUp { failures: i64, permanent: bool },
}

/// The attempts at one thing, so far.
struct Series {
    policy: Policy,
    slack: Duration,
    /// How often people have given it another chance.
    replays: usize,
    /// The last postponement since it was begun or replayed, its claim, and its doublings.
    postponed: Option<(Duration, i64, i64)>,
    /// The claim under which it was given up.
    given_up: Option<i64>,
}

impl Series {
    fn hear(&mut self, at: Duration, token: i64, event: &Event) -> Option<String> {
        if self.given_up.is_some_and(|dead| token > dead) {
            self.given_up = None;
            self.postponed = None;
            if self.replays == 0 {
                return Some("it was given up, and tried again unasked".to_owned());
            }
            self.replays -= 1;
        }
        match *event {
            Event::Asked => self.asked(at, token),
            Event::Postponed {
                doublings,
                wait_ms,
                permanent,
            } => {
                let before = self.postponed.map(|(.., doublings)| doublings);
                let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
                self.postponed = Some((at + wait, token, doublings));
                self.postponement(before, doublings, wait_ms, permanent)
            }
            Event::Waits { wait_ms, unsent } => {
                let before = self.postponed.map_or(-1, |(.., doublings)| doublings);
                let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
                self.postponed = Some((at + wait, token, before));
                (!unsent).then(|| "it was sent and failed, and that was not counted".to_owned())
            }
            Event::GivenUp {
                failures,
                permanent,
            } => {
                self.given_up = Some(token);
                let max = self.policy.retries_max;
                (!permanent && failures < max)
                    .then(|| format!("it was given up after {failures} of {max} retries"))
            }
        }
    }

    fn asked(&self, at: Duration, token: i64) -> Option<String> {
        let (due, since, _) = self.postponed?;
        let early = due.saturating_sub(at + self.slack);
        (token > since && !early.is_zero()).then(|| {
            format!(
                "it was tried again {} ms before its time",
                early.as_millis()
            )
        })
    }

    fn postponement(
        &self,
        before: Option<i64>,
        doublings: i64,
        wait_ms: i64,
        permanent: bool,
    ) -> Option<String> {
        let Policy {
            retries_max,
            first_wait_ms,
        } = self.policy;
        if permanent {
            return Some("it failed for good, and is to be tried again".to_owned());
        }
        if doublings >= retries_max {
            return Some(format!("it has a retry beyond the {retries_max} allowed"));
        }
        if before.is_some_and(|before| doublings <= before) {
            return Some(format!(
                "its failure was not counted: it waits as after {doublings}"
            ));
        }
        let expected = first_wait_ms << doublings.clamp(0, 32);
        (wait_ms != expected).then(|| format!("it waits {wait_ms} ms, not {expected} ms"))
    }
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut jobs = BTreeMap::new();
    for job in record.facts.table("jobs")? {
        jobs.insert(job.text("saga"), job.text("job"));
    }
    let mut replays: BTreeMap<&str, usize> = BTreeMap::new();
    for letter in record.facts.table("dead_letters")? {
        let replayed = usize::from(letter.text("state") == "replayed");
        *replays.entry(letter.text("subject")).or_default() += replayed;
    }
    let mut evidence = repeated_transactions(record);
    evidence.extend(claims_taken_over(record)?);
    for (kind, policy) in [("saga", LINK), ("verification", VERIFICATION)] {
        for (subject, mut events) in events_by_subject(record, kind)? {
            events.sort_by_key(|(_, token, _)| *token);
            let work = jobs.get(subject).copied().unwrap_or(subject);
            let mut series = Series {
                policy,
                slack: slack(record),
                replays: replays.get(work).copied().unwrap_or(0),
                postponed: None,
                given_up: None,
            };
            for (note, token, event) in events {
                let wrong = series.hear(note.at.since(SimTime::START), token, &event);
                evidence.extend(wrong.map(|claim| Evidence {
                    at: Some(note.at),
                    ..Evidence::new(subject, claim)
                }));
            }
        }
    }
    Ok(evidence)
}

type Told<'a> = (&'a Note, i64, Event);

fn events_by_subject<'a>(
    record: &'a Record,
    kind: &str,
) -> Result<BTreeMap<&'a str, Vec<Told<'a>>>, String> {
    let mut by_subject: BTreeMap<&str, Vec<Told<'_>>> = BTreeMap::new();
    for note in record.notes.iter().filter(|note| note.name == kind) {
        let event = match kind {
            "saga" => of_link(note)?,
            _ => of_verification(note)?,
        };
        if let Some(event) = event {
            let told = (note, number(note, "token")?, event);
            let subject = note.detail.text(kind);
            by_subject.entry(subject).or_default().push(told);
        }
    }
    Ok(by_subject)
}

fn of_link(note: &Note) -> Result<Option<Event>, String> {
    let permanent = note.detail.text("failure") == Failure::LockerHardware.code();
    Ok(match note.detail.text("event") {
        "link_asked" => Some(Event::Asked),
        "link_postponed" => Some(Event::Postponed {
            doublings: number(note, "retries")?,
            wait_ms: number(note, "wait_ms")?,
            permanent,
        }),
        "link_waits" => Some(Event::Waits {
            wait_ms: number(note, "wait_ms")?,
            unsent: note.detail.text("failure") == Failure::LockerUnreachable.code(),
        }),
        "link_given_up" => Some(Event::GivenUp {
            failures: number(note, "retries")?,
            permanent,
        }),
        _ => None,
    })
}

fn of_verification(note: &Note) -> Result<Option<Event>, String> {
    let retries = number(note, "retries")?;
    Ok(match note.detail.text("state") {
        // The first retry is counted when its wait begins.
        "queued" => Some(Event::Postponed {
            doublings: retries - 1,
            wait_ms: number(note, "wait_ms")?,
            permanent: false,
        }),
        "dead" => Some(Event::GivenUp {
            failures: retries,
            permanent: false,
        }),
        _ => None,
    })
}

fn number(note: &Note, name: &str) -> Result<i64, String> {
    let found = note.detail.get(name).as_int();
    found.ok_or_else(|| format!("a note `{}` of {} has no `{name}`", note.name, note.node))
}

fn repeated_transactions(record: &Record) -> Vec<Evidence> {
    let mut evidence = Vec::new();
    for note in record.notes.iter().filter(|it| it.name == "ledger_retry") {
        let retried = list(note.detail.get("retried"));
        let codes = retried.iter().map(|code| code.as_text().unwrap_or("?"));
        let wrong = { codes }.find(|code| !PASSING.contains(code));
        let claim = match wrong {
            Some(code) => Some(format!(
                "a transaction that failed with {code} was repeated"
            )),
            None if retried.len() > LEDGER_RETRIES_MAX => Some(format!(
                "a transaction was repeated {} times",
                retried.len()
            )),
            None => None,
        };
        evidence.extend(claim.map(|claim| Evidence {
            at: Some(note.at),
            ..Evidence::new(note.detail.text("purpose"), claim)
        }));
    }
    evidence
}

/// A verification as a claim found it: its name, state and retries.
type AsFound<'a> = (&'a str, &'a str, i64);

/// Claims of what another had, who had done nothing with it yet and still had time.
fn claims_taken_over(record: &Record) -> Result<Vec<Evidence>, String> {
    let mut found: BTreeMap<AsFound<'_>, Vec<(i64, SimTime)>> = BTreeMap::new();
    for note in record
        .notes
        .iter()
        .filter(|it| it.name == "verification_claim")
    {
        let (subject, state) = (note.detail.text("verification"), note.detail.text("state"));
        let as_found = (subject, state, number(note, "retries")?);
        let claim = (number(note, "token")?, note.at);
        found.entry(as_found).or_default().push(claim);
    }
    let mut evidence = Vec::new();
    for ((subject, ..), mut claims) in found {
        claims.sort_unstable();
        for pair in claims.windows(2) {
            let (first, second) = (pair[0].1, pair[1].1);
            if second + slack(record) < first + LEASE {
                let after = second.since(first).as_millis();
                let claim = format!("its holder had it for {after} ms when another took it over");
                evidence.push(Evidence {
                    at: Some(second),
                    ..Evidence::new(subject, claim)
                });
            }
        }
    }
    Ok(evidence)
}

/// How much earlier than it should an attempt may seem to be: by as much as the plan moves clocks, and
/// by as long as a fault may keep a node from telling.
pub(super) fn slack(record: &Record) -> Duration {
    let late = record.plan.faults.iter().map(lasts_ms).max().unwrap_or(0);
    let late = clocks_moved(record).saturating_add(Duration::from_millis(late));
    late.saturating_add(ROUND_TRIP)
}

/// By how much the plan moves clocks, all its faults together.
pub(super) fn clocks_moved(record: &Record) -> Duration {
    let moved = record.plan.faults.iter().map(clock_moved_ms);
    Duration::from_millis(moved.fold(0, u64::saturating_add))
}

/// A postponement is told when its commit is answered.
const ROUND_TRIP: Duration = Duration::from_secs(5);

/// By how much the plan makes clocks drift, all its faults together.
pub(super) fn clocks_drifted(record: &Record) -> Duration {
    let faults = record.plan.faults.iter();
    let drifts = faults.filter(|fault| matches!(fault.what, FaultKind::ClockDrift { .. }));
    Duration::from_millis(drifts.map(clock_moved_ms).fold(0, u64::saturating_add))
}

fn lasts_ms(fault: &Fault) -> u64 {
    let until = fault.until_ms.unwrap_or(fault.from_ms);
    fault
        .lasts_ms
        .unwrap_or(until.saturating_sub(fault.from_ms))
}

fn clock_moved_ms(fault: &Fault) -> u64 {
    match fault.what {
        FaultKind::ClockSkew { offset_ms } | FaultKind::ClockJump { offset_ms } => {
            offset_ms.unsigned_abs()
        }
        FaultKind::ClockDrift { parts_per_million } => {
            let drifted =
                u128::from(lasts_ms(fault)) * u128::from(parts_per_million.unsigned_abs());
            u64::try_from(drifted / 1_000_000).unwrap_or(u64::MAX)
        }
        _ => 0,
    }
}
