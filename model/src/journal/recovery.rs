//! Recovery: what a node does with its log when it starts.
//!
//! A torn tail is cut. Everything else that does not read well is read again: damage on the disk
//! reads alike each time, damage in the reading does not. A log that stays corrupt in the middle is
//! never served: to lose what was acknowledged is worse than to be down.

use std::time::Duration;

use serde::de::DeserializeOwned;
use sim::NodeContext;

use super::format::{self, Tail};

const REREAD_AFTER: Duration = Duration::from_millis(200);
/// A damaged tail that reads alike this often is on the disk.
const READS_TO_TRUST_DAMAGE: usize = 3;

/// Reads a log until it is certain what it says, and cuts its torn tail.
pub async fn recover<T: DeserializeOwned>(context: &NodeContext, log: &str) -> Vec<T> {
    let mut damaged: Vec<Vec<u8>> = Vec::new();
    loop {
        let bytes = match context.disk().read(log).await {
            Ok(bytes) => bytes,
            // Only a dead process is told so, and it does nothing more.
            Err(_) => std::future::pending().await,
        };
        let contents = format::decode(&bytes);
        match contents.tail {
            Tail::Clean => return contents.records,
            Tail::CorruptMiddle => {
                tracing::error!(
                    log,
                    "corrupt in the middle; not serving until it reads well"
                );
                damaged.clear();
            }
            Tail::Damaged => {
                damaged.retain(|earlier| *earlier == bytes);
                damaged.push(bytes);
            }
        }
        if damaged.len() >= READS_TO_TRUST_DAMAGE {
            tracing::warn!(log, intact = contents.intact_bytes, "cutting a torn tail");
            context.reached("recovery_cut_a_torn_tail");
            if context
                .disk()
                .truncate(log, contents.intact_bytes)
                .await
                .is_ok()
            {
                return contents.records;
            }
        }
        context.sleep(REREAD_AFTER).await;
    }
}
