//! Who leads, and who is to lead when the primary falls silent: what the operator decides by, as a plain value.
//!
//! It stands for what a consensus service and a failover manager do together (etcd and Patroni): it grants the
//! primary's lease with each report, keeps the set of replicas that hold every confirmed commit, and, when the lease
//! is surely over, names a successor: one that follows the current reign, was heard of late, and
//!
//! - in synchronous mode is in the set, hence lacks nothing that was confirmed;
//! - in asynchronous mode holds all that the primary had by its first report within the accepted loss before its last
//!   one (Patroni's `maximum_lag_on_failover`, in time instead of bytes).
//!
//! Of several the one whose log reaches farthest. If there is none, the primary's return is waited for. Start at
//! [`Overseer::hear`] and [`Overseer::consider`].

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::engine::log::frame::Lsn;
use super::config::{ReplicaConfig, ReplicationMode};
use super::epochs::Epoch;
use super::lease::surely_over_after;
use super::protocol::{Report, View};
use crate::defects::{Defect, Defects};

/// A server that was not heard for so long may be down and is nobody's successor.
const FRESH: Duration = Duration::from_millis(2_000);

/// What is known of the servers.
#[derive(Clone, Debug)]
pub struct Overseer {
    config: ReplicaConfig,
    defects: Defects,
    view: View,
    lives: BTreeMap<String, u32>,
    heard: BTreeMap<String, Heard>,
    /// When the primary was heard last, or could have been.
    primary_heard: Duration,
    /// What the primary told of its log, back to the loss that is accepted.
    told: VecDeque<(Duration, Lsn)>,
}

#[derive(Clone, Copy, Debug)]
struct Heard {
    at: Duration,
    epoch: Epoch,
    durable: Lsn,
}

/// A change of the primary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// The new reign.
    pub epoch: Epoch,
    /// Who led before.
    pub from: String,
    /// Who leads now.
    pub to: String,
    /// How far the successor's log reaches for certain.
    pub position: Lsn,
    /// How long the primary has been silent.
    pub silent: Duration,
}

impl Overseer {
    /// With the view that was in force last, at a time when its primary may still have a lease.
    pub fn new(config: ReplicaConfig, defects: Defects, view: View, now: Duration) -> Overseer {
        Overseer {
            config,
            defects,
            view,
            lives: BTreeMap::new(),
            heard: BTreeMap::new(),
            primary_heard: now,
            told: VecDeque::new(),
        }
    }

    /// The view in force.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Takes a report. The answer to it is the view, which must be durable before it is told.
    pub fn hear(&mut self, report: &Report, now: Duration) {
        let life = self
            .lives
            .entry(report.server.clone())
            .or_insert(report.life);
        if report.life < *life {
            return;
        }
        *life = report.life;
        let heard = Heard {
            at: now,
            epoch: report.epoch,
            durable: report.durable,
        };
        self.heard.insert(report.server.clone(), heard);
        if report.server == self.view.primary {
            self.hear_primary(report, now);
        }
    }

    fn hear_primary(&mut self, report: &Report, now: Duration) {
        self.primary_heard = now;
        self.told.push_back((now, report.durable));
        let accepted = Duration::from_millis(self.config.loss_accepted_ms);
        let since = now.saturating_sub(accepted);
        while self.told.len() > 1 && self.told.front().is_some_and(|(at, _)| *at < since) {
            self.told.pop_front();
        }
        // A report of another view may come from before what that view has changed.
        if report.view != self.view.number {
            return;
        }
        let mut in_sync = self.view.in_sync.clone();
        in_sync.retain(|name| !report.lagging.contains(name));
        in_sync.extend(report.joining.iter().cloned());
        in_sync.sort_unstable();
        in_sync.dedup();
        if in_sync != self.view.in_sync {
            self.view.in_sync = in_sync;
            self.view.number += 1;
        }
    }

    /// Names another primary if the present one's lease is surely over and there is a successor.
    pub fn consider(&mut self, now: Duration) -> Option<Failover> {
        let silent = now.saturating_sub(self.primary_heard);
        if silent < surely_over_after(self.config.lease()) {
            return None;
        }
        let (to, position) = self.successor(now)?;
        let from = std::mem::replace(&mut self.view.primary, to.clone());
        self.view.number += 1;
        self.view.epoch += 1;
        self.view.in_sync.clear();
        self.primary_heard = now;
        self.told.clear();
        Some(Failover {
            epoch: self.view.epoch,
            from,
            to,
            position,
            silent,
        })
    }

    fn successor(&self, now: Duration) -> Option<(String, Lsn)> {
        let alive = self.heard.iter().filter(|(name, heard)| {
            **name != self.view.primary
                && heard.epoch == self.view.epoch
                && now.saturating_sub(heard.at) < FRESH
        });
        let alive = alive.map(|(name, heard)| (name.clone(), heard.durable));
        if self.defects.has(Defect::PromotesMostLagging) {
            return alive.min_by_key(|(_, durable)| *durable);
        }
        let holds_enough = |(name, durable): &(String, Lsn)| match self.config.mode {
            ReplicationMode::Synchronous => self.view.in_sync.contains(name),
            ReplicationMode::Asynchronous => {
                self.told.front().is_some_and(|(_, told)| durable >= told)
            }
        };
        // Of equals the first by name.
        alive
            .filter(holds_enough)
            .rev()
            .max_by_key(|(_, durable)| *durable)
    }
}

#[cfg(test)]
mod tests;
