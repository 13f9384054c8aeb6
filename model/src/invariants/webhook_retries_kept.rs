//! Deliveries are tried as often as their schedule says, never sooner, and never again after a final no.
//!
//! Judged over the notes `webhook_attempt` and `webhook_heard`, the schedule by the note
//! `webhook_schedule`, and what the Ledger has recorded of each attempt. A round is what begins with a
//! delivery or its replay: its attempts are numbered from one to the schedule's last, and there is one
//! round more than there were replays. Nothing is sent twice under one claim. Between two attempts in a row of a round lies at least the schedule's
//! wait, and what a recorded answer asked for in `retry-after`; as far as clocks allow, as in
//! `retry_policy_kept`. After an attempt recorded as rejected or gone the round is over; and it is over no
//! sooner: a dead letter that calls itself exhausted names the schedule's last attempt, and one that says
//! rejected or gone an attempt that was. It does not judge waits that are too long (see
//! `everything_settles`).

use std::collections::BTreeMap;
use std::time::Duration;

use sim::check::{Check, Evidence, Kind};
use sim::record::Record;
use sim::record::note::Note;
use sim::record::value::Value;
use sim::time::SimTime;

use super::{list, retry_policy_kept};
use crate::webhooks::delivery::Cause;

pub(super) const CHECK: Check = Check {
    name: "webhook_retries_kept",
    kind: Kind::Always,
    promise: "attempts stay within the schedule's number, never come sooner and are used up before it is given up; Retry-After is honoured, nothing permanent is retried",
    judge,
};

/// The schedule, as Core told it.
struct Schedule {
    waits: Vec<Duration>,
    retry_after_max: Duration,
}

/// How much earlier than it should an attempt may seem to be.
struct Slack {
    /// After one that was heard of: the wait begins when that is written down, which is later.
    heard: Duration,
    /// After one that was lost: its claim was durable before its holder told that it sends.
    lost: Duration,
}

/// By so much an instance may mistake the Ledger's clock.
const CLOCK_KNOWN_WITHIN: Duration = Duration::from_secs(1);

/// One attempt.
struct Attempt<'a> {
    at: SimTime,
    /// Its number in its round.
    attempts: i64,
    /// When it was over, and what it was asked to wait.
    heard: Option<(SimTime, Duration)>,
    /// What the Ledger knows of it.
    recorded: &'a str,
}

fn judge(record: &Record) -> Result<Vec<Evidence>, String> {
    let (series, mut evidence) = series(record)?;
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let schedule = schedule(record)?;
    let slack = Slack {
        heard: retry_policy_kept::clocks_moved(record) + CLOCK_KNOWN_WITHIN,
        lost: retry_policy_kept::slack(record),
    };
    let max = schedule.waits.len() as i64 + 1;
    let mut replays: BTreeMap<&str, usize> = BTreeMap::new();
    for letter in record.facts.table("dead_letters")? {
        let subject = letter.text("subject");
        let replayed = usize::from(letter.text("state") == "replayed");
        *replays.entry(subject).or_default() += replayed;
        let claim = series
            .get(subject)
            .and_then(|attempts| given_up_too_soon(letter, attempts, max));
        evidence.extend(claim.map(|claim| Evidence::new(subject, claim)));
    }
    for (delivery, attempts) in &series {
        let following = attempts.iter().zip(attempts.iter().skip(1));
        // Between others lies a claim whose holder never knew of it, and sent nothing.
        let next = following.filter(|((first, _), (second, _))| **second == **first + 1);
        for ((_, first), (_, second)) in next {
            let claim = wrong_between(first, second, &schedule, &slack);
            evidence.extend(claim.map(|claim| Evidence {
                at: Some(second.at),
                ..Evidence::new(*delivery, claim)
            }));
        }
        let rounds = attempts.values().filter(|it| it.attempts == 1).count();
        let allowed = 1 + replays.get(delivery).copied().unwrap_or(0);
        let most = attempts.values().map(|it| it.attempts).max().unwrap_or(0);
        let claim = if rounds > allowed {
            Some(format!(
                "it was begun {rounds} times, and replayed {} times",
                allowed - 1
            ))
        } else if most > max {
            Some(format!("it has an attempt {most} of {max}"))
        } else {
            None
        };
        evidence.extend(claim.map(|claim| Evidence::new(*delivery, claim)));
    }
    Ok(evidence)
}

/// Why a letter should not have been written after the attempt it names. Of one that was never sent nothing
/// is known.
fn given_up_too_soon(
    letter: &Value,
    attempts: &BTreeMap<i64, Attempt<'_>>,
    max: i64,
) -> Option<String> {
    let (_, token) = letter.text("letter").rsplit_once('-')?;
    let last = attempts.get(&token.parse().ok()?)?;
    let number = last.attempts;
    let mut causes = Cause::ALL.into_iter();
    let wanted = match causes.find(|cause| cause.name() == letter.text("cause")) {
        Some(Cause::Exhausted) => {
            return (number < max)
                .then(|| format!("it was given up as exhausted after attempt {number} of {max}"));
        }
        Some(Cause::Rejected) => "rejected",
        Some(Cause::Gone) => "gone",
        None => return None,
    };
    (last.recorded != wanted).then(|| {
        let recorded = last.recorded;
        format!("it was given up as {wanted}, and its attempt {number} of {max} is recorded as {recorded}")
    })
}

fn wrong_between(
    first: &Attempt<'_>,
    second: &Attempt<'_>,
    schedule: &Schedule,
    slack: &Slack,
) -> Option<String> {
    if second.attempts == 1 && first.attempts != 0 {
        // A new round, which the number of replays allows or not.
        return None;
    }
    if second.attempts <= first.attempts {
        return Some(format!("attempt {} was not counted", first.attempts));
    }
    if matches!(first.recorded, "rejected" | "gone") {
        return Some(format!("it was {}, and tried again", first.recorded));
    }
    let index = usize::try_from(first.attempts - 1).ok()?;
    let wait = schedule.waits.get(index).copied().unwrap_or_default();
    let (over, asked) = first.heard.unwrap_or((first.at, Duration::ZERO));
    // What was asked in an answer that nobody wrote down is not known to who tries again.
    let asked = match first.recorded {
        "failed" => asked.min(schedule.retry_after_max),
        _ => Duration::ZERO,
    };
    // A lost attempt is followed by the wait after it began.
    let (since, slack) = match first.recorded {
        "lost" => (first.at, slack.lost),
        _ => (over, slack.heard),
    };
    let due = since + wait.max(asked);
    (second.at + slack < due).then(|| {
        let early = due.since(second.at).as_millis();
        format!(
            "attempt {} came {early} ms before its time",
            second.attempts
        )
    })
}

fn schedule(record: &Record) -> Result<Schedule, String> {
    let mut notes = record.notes.iter();
    let told = notes.find(|note| note.name == "webhook_schedule");
    let told = told.ok_or("no Core told its retry schedule")?;
    let millis = |value: Option<i64>| Duration::from_millis(value.unwrap_or(0).unsigned_abs());
    let waits = list(told.detail.get("waits_ms")).iter();
    Ok(Schedule {
        waits: waits.map(|wait| millis(wait.as_int())).collect(),
        retry_after_max: millis(told.detail.get("retry_after_max_ms").as_int()),
    })
}

type Series<'a> = BTreeMap<&'a str, BTreeMap<i64, Attempt<'a>>>;

/// Attempts by delivery and token, and those that were sent twice under one claim.
fn series(record: &Record) -> Result<(Series<'_>, Vec<Evidence>), String> {
    let mut recorded: BTreeMap<(&str, i64), &str> = BTreeMap::new();
    for row in record.facts.table("attempts")? {
        let token = row.get("token").as_int().unwrap_or(0);
        recorded.insert((row.text("delivery"), token), row.text("outcome"));
    }
    let mut series: Series<'_> = BTreeMap::new();
    let mut twice = Vec::new();
    for note in record
        .notes
        .iter()
        .filter(|it| it.name == "webhook_attempt")
    {
        let (delivery, token) = (note.detail.text("delivery"), number(note, "token")?);
        let attempt = Attempt {
            at: note.at,
            attempts: number(note, "attempts")?,
            heard: None,
            recorded: recorded.get(&(delivery, token)).copied().unwrap_or("lost"),
        };
        let former = series.entry(delivery).or_default().insert(token, attempt);
        if former.is_some() {
            let claim = format!("it was sent twice under one claim, the {token}th");
            twice.push(Evidence {
                at: Some(note.at),
                ..Evidence::new(delivery, claim)
            });
        }
    }
    for note in record.notes.iter().filter(|it| it.name == "webhook_heard") {
        let (delivery, token) = (note.detail.text("delivery"), number(note, "token")?);
        let asked = note.detail.get("retry_after_ms").as_int().unwrap_or(0);
        let attempt = series.get_mut(delivery).and_then(|it| it.get_mut(&token));
        if let Some(attempt) = attempt {
            attempt.heard = Some((note.at, Duration::from_millis(asked.unsigned_abs())));
        }
    }
    Ok((series, twice))
}

fn number(note: &Note, name: &str) -> Result<i64, String> {
    let found = note.detail.get(name).as_int();
    found.ok_or_else(|| format!("a note `{}` of {} has no `{name}`", note.name, note.node))
}
