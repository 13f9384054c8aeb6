//! A device that shows its user the notices of edits that overtook theirs.
//!
//! It asks the Core instances in turn, and says with each question what was shown since. A notice that is given
//! again, because what was said did not arrive, is shown once. What was shown is noted for the checks.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use sim::record::value::Value;
use sim::{NodeContext, NodeId};

use crate::core::conflicts::notices::Notice;
use crate::core::protocol::{Ask, Body, CoreRequest};

/// How often a device asks.
const EVERY: Duration = Duration::from_secs(2);
/// How long it waits for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for as long as the device is on.
pub async fn watch(context: NodeContext, cores: Rc<Vec<NodeId>>) {
    let mut known = BTreeSet::new();
    let mut shown: Vec<String> = Vec::new();
    for turn in 0.. {
        context.sleep(EVERY).await;
        let request = CoreRequest {
            budget_ms: PATIENCE.as_millis() as u64,
            ask: Ask::TakeNotices {
                user: context.name(),
                shown: shown.clone(),
            },
        };
        let core = cores[turn % cores.len()];
        let Ok(answer) = context.call(core, request, PATIENCE).await else {
            continue;
        };
        if let Body::Notices(notices) = &answer.body {
            shown = notices.iter().map(|notice| notice.name.clone()).collect();
            for notice in notices {
                if known.insert(notice.name.clone()) {
                    show(&context, notice);
                }
            }
        }
    }
}

fn show(context: &NodeContext, notice: &Notice) {
    let told = Value::map([
        ("asset", notice.asset.0.as_str().into()),
        ("version", notice.version.into()),
        ("by", notice.by.into()),
        ("made", notice.made.name().into()),
    ]);
    context.note("conflict_notice_shown", told);
    context.reached("overtaken_user_was_told");
}
