//! Words that a command line can be completed with: commands, actions, their fields, and names that are seen.

use model::incident::case::TARGETS;
use model::incident::cause::CauseKind;

use super::session::Session;

/// A command of the console, with what follows it and what it does.
pub const COMMANDS: &[(&str, &str, &str)] = &[
    ("advance", "SECONDS", "let time pass"),
    ("do", "NAME [FIELD=VALUE …]", "act"),
    ("update", "", "post a status update"),
    ("sessions", "", "database sessions that keep a connection"),
    ("log", "", "the log"),
    ("breakers", "", "circuit breakers, and what is paused"),
    ("queue", "", "the head of the queue, and dead letters"),
    ("changes", "", "what was changed lately"),
    ("actions", "", "what can be done"),
    ("help", "", "what can be said"),
    ("quit", "", "end, and write the submission"),
];

/// Every action with its fields.
pub const ACTIONS: &[(&str, &[&str])] = &[
    ("scale_workers", &["workers="]),
    ("set_pool_size", &["pool=", "size="]),
    ("set_statement_timeout", &["ms="]),
    ("set_lock_timeout", &["ms="]),
    ("set_idle_in_transaction_timeout", &["ms="]),
    ("kill_session", &["session="]),
    ("kill_sessions_of", &["application="]),
    ("pause", &["what="]),
    ("resume", &["what="]),
    ("rate_limit_intake", &["per_minute="]),
    ("open_breaker", &["circuit="]),
    ("close_breaker", &["circuit="]),
    ("set_retry_policy", &["component=", "policy="]),
    ("set_retry_limit", &["component=", "attempts="]),
    ("quarantine_item", &["item="]),
    ("roll_back", &["change="]),
    ("restart_node", &["node="]),
    ("resume_node", &["node="]),
    ("replay_dead_letters", &["order="]),
    ("purge_queue", &[]),
    ("mark_all_verified", &[]),
    ("disable_idempotency", &[]),
    ("declare_resolved", &[]),
];

/// What the last word of a line may become, in order.
pub fn candidates(line: &str, session: &Session) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let last = words.last().copied().unwrap_or_default();
    let all: Vec<String> = match words.as_slice() {
        [_] => COMMANDS
            .iter()
            .map(|(name, ..)| (*name).to_owned())
            .collect(),
        ["do", _] => ACTIONS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        ["do", action, ..] => match last.split_once('=') {
            Some((field, _)) => values(field, session)
                .into_iter()
                .map(|value| format!("{field}={value}"))
                .collect(),
            None => fields(action),
        },
        _ => Vec::new(),
    };
    let mut fitting: Vec<String> = all
        .into_iter()
        .filter(|word| word.starts_with(last) && word != last)
        .collect();
    fitting.dedup();
    fitting
}

/// A line with its last word completed as far as all candidates agree.
pub fn complete(line: &str, session: &Session) -> String {
    let found = candidates(line, session);
    let Some(first) = found.first() else {
        return line.to_owned();
    };
    let common = found.iter().fold(first.len(), |length, other| {
        let alike = first.bytes().zip(other.bytes());
        length.min(alike.take_while(|(a, b)| a == b).count())
    });
    let begins = line.rfind(' ').map_or(0, |space| space + 1);
    let mut completed = format!("{}{}", &line[..begins], &first[..common]);
    if found.len() == 1 && !completed.ends_with('=') {
        completed.push(' ');
    }
    completed
}

fn fields(action: &str) -> Vec<String> {
    let found = ACTIONS.iter().find(|(name, _)| *name == action);
    let fields = found.map_or(&[][..], |(_, fields)| fields);
    fields.iter().map(|field| (*field).to_owned()).collect()
}

/// The values a field may have, as far as they can be seen.
fn values(field: &str, session: &Session) -> Vec<String> {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let numbered = |prefix: &str| {
        (1..=TARGETS)
            .map(|number| format!("{prefix}{number}"))
            .collect()
    };
    let changes = session.hand_over().case.changes.iter();
    match field {
        "pool" => owned(&[
            "shared",
            "reporting",
            "webhook",
            "evidence",
            "search",
            "notification",
            "import",
            "verify",
        ]),
        "what" => owned(&["webhooks", "intake", "reindex"]),
        "policy" => owned(&["backoff", "immediate"]),
        "order" => owned(&["in_order", "all_at_once"]),
        "component" => owned(&["evidence-collection", "import-lane"]),
        "circuit" => {
            let mut circuits: Vec<String> = numbered("endpoint-");
            circuits.extend::<Vec<String>>(numbered("site-"));
            circuits
        }
        "node" => {
            let mut nodes: Vec<String> = numbered("verify-");
            nodes.extend::<Vec<String>>(numbered("site-"));
            nodes
        }
        "change" => changes.map(|change| change.name.clone()).collect(),
        "application" => CauseKind::ALL
            .into_iter()
            .map(|kind| kind.description().component.to_owned())
            .collect(),
        "session" => {
            let sessions = session.plant().sessions();
            sessions.iter().map(|it| it.pid.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use model::incident::action::Action;
    use model::incident::case::Case;
    use model::incident::episode::HandOver;

    fn session() -> Session {
        Session::new(HandOver::of(&Case::of_seed(1)).expect("seed 1 has an incident"))
    }

    #[test]
    fn the_last_word_is_completed_as_far_as_it_is_clear() {
        let session = session();
        for (line, expected) in [
            ("adv", "advance "),
            ("", ""),
            ("zz", "zz"),
            ("do sca", "do scale_workers "),
            ("do set_", "do set_"),
            ("do set_p", "do set_pool_size "),
            ("do set_pool_size p", "do set_pool_size pool="),
            ("do set_pool_size pool=we", "do set_pool_size pool=webhook "),
            (
                "do open_breaker circuit=end",
                "do open_breaker circuit=endpoint-",
            ),
            ("do no_such f", "do no_such f"),
            ("advance 1", "advance 1"),
        ] {
            assert_eq!(complete(line, &session), expected, "{line}");
        }
    }

    #[test]
    fn every_action_of_the_model_can_be_completed() {
        for (name, fields) in ACTIONS {
            let mut object = serde_json::Map::new();
            object.insert("action".into(), (*name).into());
            for field in *fields {
                let field = field.trim_end_matches('=');
                let value: serde_json::Value = match field {
                    "policy" => "backoff".into(),
                    "order" => "in_order".into(),
                    "workers" | "size" | "ms" | "session" | "per_minute" | "attempts" => 20.into(),
                    _ => "x".into(),
                };
                object.insert(field.into(), value);
            }
            let read: Result<Action, _> = serde_json::from_value(object.into());
            assert!(read.is_ok(), "{name}: {read:?}");
        }
    }
}
