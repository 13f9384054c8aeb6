//! How figures, sessions and the log are shown, as text.

use model::incident::case::TARGETS;
use model::incident::episode::Outcome;
use model::incident::plant::Plant;
use model::incident::telemetry::{LogLine, Sample, Session};
use sim::SimTime;

/// Seconds from hand-over.
pub fn seconds(hand_over: SimTime, at: SimTime) -> i64 {
    let seconds = |later: SimTime, earlier: SimTime| later.since(earlier).as_secs() as i64;
    match at >= hand_over {
        true => seconds(at, hand_over),
        false => -seconds(hand_over, at),
    }
}

/// Samples as a table.
pub fn table<'a>(hand_over: SimTime, samples: impl Iterator<Item = &'a Sample>) -> String {
    let mut text =
        "    at_s   queue  done/min  errors  connections  pool wait  webhook p95  waiting webhooks\n"
            .to_owned();
    for sample in samples {
        text.push_str(&format!(
            "{:>8} {:>7} {:>9} {:>5}.{:02}% {:>8} of 100 {:>7} ms {:>10} s {:>17}\n",
            seconds(hand_over, sample.at),
            sample.queue_depth,
            sample.processed_per_min,
            sample.error_basis_points / 100,
            sample.error_basis_points % 100,
            sample.connections,
            sample.pool_wait_ms,
            sample.webhook_p95_s,
            sample.webhook_backlog
        ));
    }
    text
}

/// Samples as comma-separated values, with the names that submissions use.
pub fn csv<'a>(hand_over: SimTime, samples: impl Iterator<Item = &'a Sample>) -> String {
    use model::incident::cause::CauseKind;
    use model::incident::telemetry::METRICS;
    let held = CauseKind::ALL.map(|kind| format!("held.{}", kind.description().component));
    let names: Vec<&str> = METRICS
        .into_iter()
        .chain(held.iter().map(String::as_str))
        .collect();
    let mut text = format!("at_s,{}\n", names.join(","));
    for sample in samples {
        text.push_str(&seconds(hand_over, sample.at).to_string());
        for name in &names {
            let value = sample.metric_in_thousandths(name).unwrap_or_default();
            match value % 1000 {
                0 => text.push_str(&format!(",{}", value / 1000)),
                rest => text.push_str(&format!(",{}.{rest:03}", value / 1000)),
            }
        }
        text.push('\n');
    }
    text
}

/// The activity view. Sessions with numbers in a row that are alike but for their age stand in one row, with the
/// greatest age: fifty of a kind are one thing to know.
pub fn sessions(now: SimTime, sessions: &[Session]) -> String {
    let mut text = "        pid  application          state                 age_s  waiting on            statement\n".to_owned();
    let kind = |it: &Session| {
        let waiting_on = it.waiting_on.clone();
        (it.application, it.state, waiting_on, it.statement)
    };
    let follows =
        |one: &Session, next: &Session| one.pid + 1 == next.pid && kind(one) == kind(next);
    for alike in sessions.chunk_by(follows) {
        let first = &alike[0];
        let pids = match alike {
            [only] => only.pid.to_string(),
            more => format!("{}-{}", first.pid, more[more.len() - 1].pid),
        };
        let age = alike.iter().map(|it| now.since(it.since).as_secs()).max();
        text.push_str(&format!(
            "{pids:>11}  {:<20} {:<20} {:>6}  {:<20}  {}\n",
            first.application,
            first.state,
            age.unwrap_or_default(),
            first.waiting_on,
            first.statement
        ));
    }
    text
}

/// How many items of the queue are shown.
const QUEUE_SHOWN: usize = 20;

/// The head of the queue, and the dead letters.
pub fn queue(plant: &Plant) -> String {
    let now = plant.now().since(SimTime::START).as_secs();
    let mut text = format!(
        "{} verifications are open; the first that wait for a worker:\n       item  waits_s\n",
        plant.books().open()
    );
    for (item, accepted_at) in plant.queue_head(QUEUE_SHOWN) {
        let waits = now.saturating_sub(u64::from(accepted_at));
        text.push_str(&format!("{item:>11}  {waits:>7}\n"));
    }
    let letters: Vec<(u32, u16)> = plant.dead_letters().collect();
    text.push_str(&format!(
        "\n{} dead letters\n      asset  endpoint\n",
        letters.len()
    ));
    for (asset, endpoint) in letters {
        let endpoint = match endpoint {
            0 => "main".to_owned(),
            number => format!("endpoint-{number}"),
        };
        text.push_str(&format!("{asset:>11}  {endpoint}\n"));
    }
    text
}

/// The circuit breakers.
pub fn breakers(plant: &Plant) -> String {
    let open: Vec<&str> = plant.open_breakers().collect();
    let state = |circuit: &str| match open.contains(&circuit) {
        true => "open",
        false => "closed",
    };
    (1..=TARGETS)
        .map(|number| {
            let (endpoint, site) = (format!("endpoint-{number}"), format!("site-{number}"));
            let (first, second) = (state(&endpoint), state(&site));
            format!("{endpoint:<14} {first:<10} {site:<10} {second}\n")
        })
        .collect()
}

/// The log.
pub fn log<'a>(hand_over: SimTime, lines: impl Iterator<Item = &'a LogLine>) -> String {
    let line = |line: &LogLine| {
        let at = seconds(hand_over, line.at);
        format!("{at:>8} {:<20} {}\n", line.component, line.text)
    };
    lines.map(line).collect()
}

/// What an episode came to.
pub fn balance(outcome: &Outcome) -> String {
    let books = outcome.balance;
    let stable = match outcome.stable_at_s {
        Some(at) => format!("stable from {at} s on"),
        None => "not stable".to_owned(),
    };
    format!(
        "{stable}; accepted {}, completed {}, rejected {}, queued {}, lost {}, falsified {}, twice {}, out of order {}\n\
         fingerprint {}\n",
        books.accepted,
        books.completed,
        books.rejected,
        books.queued,
        books.lost,
        books.falsified,
        books.duplicates,
        books.disordered,
        outcome.fingerprint()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_a_kind_stand_in_one_row_with_their_numbers_and_greatest_age() {
        let session = |pid, state, since_s: u64| Session {
            pid,
            application: "verify-worker",
            state,
            waiting_on: "verify-11".to_owned(),
            since: SimTime::from_millis(1_000 * since_s),
            statement: "SELECT 1",
        };
        let all = [
            session(20001, "idle in transaction", 10),
            session(20002, "idle in transaction", 5),
            session(20004, "idle in transaction", 7),
            session(20005, "active", 99),
        ];
        insta::assert_snapshot!(sessions(SimTime::from_millis(100_000), &all), @r"
                pid  application          state                 age_s  waiting on            statement
        20001-20002  verify-worker        idle in transaction      95  verify-11             SELECT 1
              20004  verify-worker        idle in transaction      93  verify-11             SELECT 1
              20005  verify-worker        active                    1  verify-11             SELECT 1
        ");
    }
}
