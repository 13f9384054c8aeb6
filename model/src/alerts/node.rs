//! The node `ops`: scrapes the run and evaluates the alert rules.
//!
//! It stands for a monitoring system beside the service, not for a part of it: scrapes reach every
//! process out of band, and faults do not strike it unless a plan names it. Its memory of what is
//! pending dies with its process.

use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;

use super::catalogue::RULES;
use super::rule::Watch;
use super::transition::ALERT;
use crate::defects::Defects;

/// The node's name.
pub const OPS: &str = "ops";

/// How long it waits between two scrapes; rules are evaluated with each.
pub const SCRAPE_EVERY: Duration = Duration::from_secs(15);

/// Its program. Each change of an alert leaves a note and the number of firing alerts of its rule.
pub async fn run(context: NodeContext, defects: Rc<Defects>) {
    let mut watch = Watch::new(RULES, (*defects).clone());
    loop {
        context.sleep(SCRAPE_EVERY).await;
        for change in context.scrape(|scrapes| watch.evaluate(scrapes)) {
            let labels = [("alert", change.alert.as_str())];
            let firing = watch.firing(&change.alert);
            let firing = i64::try_from(firing).expect("fewer than 2^63 alerts");
            context.gauge("ops.alerts.firing", &labels, firing);
            context.note(ALERT, change.to_value());
        }
    }
}
