//! What a learner is given: the briefing, all that was seen until hand-over, and an empty submission.

use grading::criteria::chain::EDGES;
use grading::detection::SERIES;
use grading::submission::update::{SCOPES, SEVERITIES};
use grading::submission::{ACTIONS, POSTMORTEM, UPDATES};
use model::incident::cause::CauseKind;
use model::incident::episode::{HandOver, LENGTH};
use model::incident::settings::SETTINGS;
use model::incident::telemetry::METRICS;

use super::view;

/// The files, by name.
pub fn files(hand_over: &HandOver) -> Vec<(&'static str, String)> {
    let plant = &hand_over.plant;
    let telemetry = plant.telemetry();
    vec![
        ("briefing.md", briefing(hand_over)),
        (
            "telemetry.csv",
            view::csv(hand_over.at, telemetry.samples.iter()),
        ),
        ("log.txt", view::log(hand_over.at, telemetry.log.iter())),
        (
            "sessions.txt",
            view::sessions(hand_over.at, &plant.sessions()),
        ),
        ("queue.txt", view::queue(plant)),
        ("changes.txt", changes(hand_over)),
        ("catalogue.md", catalogue()),
        (ACTIONS, String::new()),
        (UPDATES, String::new()),
        (POSTMORTEM, SKELETON.to_owned()),
    ]
}

fn briefing(hand_over: &HandOver) -> String {
    let figures = hand_over.figures();
    format!(
        "# LOAD-2024-001 (SEV-2, active)\n\n\
         Users see stuck verifications. You are on call; the clock starts now, at 0 s, and ends at {} s.\n\n\
         | figure | now | normal |\n|---|---|---|\n\
         | open verifications | {} | below 100 |\n\
         | processed per minute | {} | 1000 with a backlog |\n\
         | failed requests | {}.{:02} % | 0 % |\n\
         | database connections | {} of 100 | below 80 |\n\
         | webhook latency | {} s | below 60 s |\n\n\
         `telemetry.csv`, `log.txt`, `sessions.txt`, `queue.txt` and `changes.txt` show what was seen until now, in seconds from now. \
         `catalogue.md` lists what you can do and name.\n\n\
         Hand in `{ACTIONS}`, `{UPDATES}` and `{POSTMORTEM}`. `proveniq incident replay FOLDER --seed {:#x}` shows what \
         your actions come to.\n",
        LENGTH.as_secs(),
        figures.queue_depth,
        figures.processed_per_min,
        figures.error_basis_points / 100,
        figures.error_basis_points % 100,
        figures.connections,
        figures.webhook_p95_s,
        hand_over.case.seed
    )
}

/// The changes on record, as text.
pub fn changes(hand_over: &HandOver) -> String {
    let case = &hand_over.case;
    let began = hand_over.at.since(case.trigger).as_secs();
    let line = |change: &model::incident::case::Change| {
        let before = began + change.before.as_secs();
        format!(
            "{:>8} {} ({})\n",
            -(before as i64),
            change.text,
            change.name
        )
    };
    case.changes.iter().map(line).collect()
}

/// What can be done and named.
pub fn catalogue() -> String {
    let mut text =
        "# Actions\n\nOne a line in `actions.jsonl`, with the second from hand-over:\n\n```\n"
            .to_owned();
    text.push_str(ACTION_LIST);
    text.push_str("```\n\n# Settings\n\nFor measures; times in milliseconds, switches 0 or 1.\n\n| setting | from | to |\n|---|---|---|\n");
    for setting in SETTINGS {
        text.push_str(&format!(
            "| {} | {} | {} |\n",
            setting.name, setting.low, setting.high
        ));
    }
    text.push_str("\n# Causes\n\n| component | fault_class | parameter |\n|---|---|---|\n");
    for kind in CauseKind::ALL {
        let entry = kind.description();
        text.push_str(&format!(
            "| {} | {} | {}1 … {}12 |\n",
            entry.component, entry.fault_class, entry.target, entry.target
        ));
    }
    text.push_str("\n# Nodes of the chain\n\n`cause`");
    for (_, to) in EDGES {
        text.push_str(&format!(", `{to}`"));
    }
    text.push_str("\n\n# Figures\n\nFor updates and evidence: ");
    text.push_str(&METRICS.join(", "));
    text.push_str(", and held.COMPONENT. For updates, severities: ");
    text.push_str(&SEVERITIES.join(", "));
    text.push_str("; scopes: ");
    text.push_str(&SCOPES.join(", "));
    text.push_str(". Series for alerts: ");
    text.push_str(&SERIES.join(", "));
    text.push_str(".\n");
    text
}

/// One example of every action.
const ACTION_LIST: &str = r#"{"at_s": 60, "action": "scale_workers", "workers": 60}
{"at_s": 60, "action": "set_pool_size", "pool": "webhook", "size": 20}
{"at_s": 60, "action": "set_statement_timeout", "ms": 5000}
{"at_s": 60, "action": "set_lock_timeout", "ms": 5000}
{"at_s": 60, "action": "set_idle_in_transaction_timeout", "ms": 60000}
{"at_s": 60, "action": "kill_session", "session": 20001}
{"at_s": 60, "action": "kill_sessions_of", "application": "notification"}
{"at_s": 60, "action": "pause", "what": "webhooks"}
{"at_s": 60, "action": "resume", "what": "webhooks"}
{"at_s": 60, "action": "rate_limit_intake", "per_minute": 800}
{"at_s": 60, "action": "open_breaker", "circuit": "site-1"}
{"at_s": 60, "action": "close_breaker", "circuit": "site-1"}
{"at_s": 60, "action": "set_retry_policy", "component": "evidence-collection", "policy": "backoff"}
{"at_s": 60, "action": "set_retry_limit", "component": "import-lane", "attempts": 5}
{"at_s": 60, "action": "quarantine_item", "item": "item-1"}
{"at_s": 60, "action": "roll_back", "change": "migration-1"}
{"at_s": 60, "action": "restart_node", "node": "verify-1"}
{"at_s": 60, "action": "resume_node", "node": "verify-1"}
{"at_s": 60, "action": "replay_dead_letters", "order": "in_order"}
{"at_s": 60, "action": "purge_queue"}
{"at_s": 60, "action": "mark_all_verified"}
{"at_s": 60, "action": "disable_idempotency"}
{"at_s": 60, "action": "declare_resolved"}
"#;

/// A post-mortem to fill in.
pub const SKELETON: &str = r#"# Fill in; proveniq incident actions lists the names.
[cause]
component = ""
fault_class = ""
parameter = ""
from_s = 0

# [[contributing]]
# component = ""
# fault_class = ""
# parameter = ""

# [[chain]]
# from = "cause"
# to = "connections_held"
# evidence = [{ metric = "held.COMPONENT", op = ">=", value = 1, at_s = -4000 }]

# [[ruled_out]]
# cause = { component = "", fault_class = "", parameter = "" }
# evidence = [{ metric = "held.COMPONENT", op = "<=", value = 0, at_s = -60 }]

# [[measures]]
# kind = "prevent"
# change = { setting = "pool.webhook", value = 15 }
# owner_role = "platform"
# due_days = 14
# done_when = "held.webhook-delivery <= 15"

# [[measures]]
# kind = "detect"
# change = { expr = "db_pool_wait_seconds > 1", for_s = 60 }
# owner_role = "on-call"
# due_days = 7
# done_when = "the alert fires in a drill"
"#;
