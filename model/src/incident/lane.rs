//! A component in trouble: the sessions it opens, how long each keeps its connection, and what makes it stop.
//!
//! A lane is the mechanism of one cause. Its ordinary work takes milliseconds of a connection and is left out;
//! while the cause is in force each of its sessions comes back to the same wait. Everything here is a
//! decision about one lane; the [`plant`](super::plant) gives and takes connections.

use std::collections::BTreeSet;
use std::time::Duration;

use sim::SimTime;

use super::cause::{Cause, CauseKind};
use super::settings::Settings;

/// What an operator has paused, opened, taken back and so on, by the names of things.
#[derive(Clone, Debug, Default)]
pub struct Controls {
    /// Paused things.
    pub paused: BTreeSet<String>,
    /// Circuit breakers that were opened by hand.
    pub breakers: BTreeSet<String>,
    /// Changes that were taken back.
    pub rolled_back: BTreeSet<String>,
    /// Items that were taken out.
    pub quarantined: BTreeSet<String>,
    /// Nodes that were restarted, or let go on.
    pub restarted: BTreeSet<String>,
}

/// A session that keeps a connection.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Its number within the lane.
    pub id: u32,
    /// Since when.
    pub since: SimTime,
    /// Whether the attempt that runs will succeed.
    pub succeeds: bool,
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The session tries again.
    Again,
    /// It has no more to wait for.
    Leaves,
    /// It was ended by a time-out and tries again after a rest.
    Rests(Duration),
}

/// How long evidence is waited for.
const EVIDENCE_PATIENCE: Duration = Duration::from_secs(30);

/// How long a site is out of order at first.
const OUTAGE: Duration = Duration::from_secs(120);

/// How much work a site's gateway lets wait.
const GATEWAY_QUEUE: Duration = Duration::from_secs(60);

/// How long somebody rests who was ended by a time-out.
const REST: Duration = Duration::from_secs(60);

/// How long the scheduler takes to start a re-index again that was killed and not paused.
const REINDEX_AGAIN: Duration = Duration::from_secs(300);

/// A component in trouble.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub from: SimTime,
    /// Its sessions that keep a connection.
    pub holders: Vec<Holder>,
    /// Its sessions that wait for one.
    pub asked: u32,
    /// Its sessions that rest after a time-out.
    pub resting: u32,
    /// Work that waits for a session.
    pub backlog: u64,
    /// Verifications kept aside.
    pub items: Vec<u32>,
    /// Whether the trouble is over for good.
    pub over: bool,
    attempts: u32,
    opened: u32,
    lost: u32,
    gateway_free: SimTime,
    reindex_from: SimTime,
}

impl Lane {
    /// A lane whose trouble begins.
    pub fn new(cause: Cause, from: SimTime) -> Lane {
        Lane {
            cause,
            from,
            holders: Vec::new(),
            asked: 0,
            resting: 0,
            backlog: 0,
            items: Vec::new(),
            over: false,
            attempts: 0,
            opened: 0,
            lost: 0,
            gateway_free: from + OUTAGE,
            reindex_from: from,
        }
    }

    /// Whether sessions of this lane get stuck.
    pub fn in_force(&self, now: SimTime, settings: &Settings, controls: &Controls) -> bool {
        let thing = self.cause.parameter();
        let shut = controls.paused.contains(&thing) || controls.breakers.contains(&thing);
        if self.over || controls.rolled_back.contains(&thing) {
            return false;
        }
        match self.cause.kind {
            CauseKind::ConnectionHeldAcrossHttp => {
                !shut && !settings.release_before_http && !controls.paused.contains("webhooks")
            }
            CauseKind::EvidenceRetryStorm => !shut,
            CauseKind::BlockingReindex => {
                !controls.paused.contains("reindex") && now >= self.reindex_from
            }
            CauseKind::SlowStatement => true,
            CauseKind::PoisonItem => {
                let tried = settings
                    .lane_attempts
                    .is_some_and(|most| self.attempts >= most);
                !tried && !controls.quarantined.contains(&thing)
            }
            CauseKind::LostLease => !controls.restarted.contains(&thing),
            CauseKind::ShrunkPool => false,
        }
    }

    /// Whether work of this lane goes past it, because nothing keeps it.
    pub fn flows(&self, now: SimTime, settings: &Settings, controls: &Controls) -> bool {
        let thing = self.cause.parameter();
        let shut = controls.paused.contains(&thing) || controls.breakers.contains(&thing);
        match self.cause.kind {
            // The endpoint stays slow whatever we do, and a site behind a breaker is not asked.
            CauseKind::ConnectionHeldAcrossHttp => false,
            CauseKind::EvidenceRetryStorm => self.over && !shut,
            _ => !self.in_force(now, settings, controls),
        }
    }

    /// Whether another session may be opened.
    pub fn may_open(&self, settings: &Settings) -> bool {
        let cap = settings.cap(self.cause.kind.description().component);
        let open = self.holders.len() as u32 + self.asked + self.resting;
        self.backlog > u64::from(open) && open + self.lost < self.cause.slots.min(cap)
    }

    /// A session got its connection: how long its first attempt takes.
    pub fn open(&mut self, now: SimTime, settings: &Settings) -> (u32, Duration) {
        self.asked -= 1;
        self.opened += 1;
        let id = self.opened;
        self.holders.push(Holder {
            id,
            since: now,
            succeeds: false,
        });
        (id, self.begin_attempt(id, now, settings))
    }

    /// Begins an attempt of a session: how long it takes.
    pub fn begin_attempt(&mut self, id: u32, now: SimTime, settings: &Settings) -> Duration {
        let span = match self.cause.kind {
            CauseKind::ConnectionHeldAcrossHttp => Duration::from_secs(30),
            CauseKind::EvidenceRetryStorm => return self.ask_gateway(id, now),
            CauseKind::SlowStatement => Duration::from_millis(3_400),
            _ => Duration::from_secs(5),
        };
        self.time_limit(settings)
            .map_or(span, |limit| limit.min(span))
    }

    /// The site answers in turn, each in the same time; work whose asker has gone is done all the same. That is
    /// what keeps the storm alive after the outage.
    fn ask_gateway(&mut self, id: u32, now: SimTime) -> Duration {
        let each = Duration::from_secs(34) / self.cause.slots.max(1);
        let starts = self.gateway_free.max(now);
        if starts.since(now) > GATEWAY_QUEUE {
            return EVIDENCE_PATIENCE;
        }
        self.gateway_free = starts + each;
        let answer = self.gateway_free.since(now);
        let succeeds = answer <= EVIDENCE_PATIENCE;
        if let Some(holder) = self.holders.iter_mut().find(|holder| holder.id == id) {
            holder.succeeds = succeeds;
        }
        answer.min(EVIDENCE_PATIENCE)
    }

    /// How long the database lets such a session wait.
    fn time_limit(&self, settings: &Settings) -> Option<Duration> {
        let either = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        match self.cause.kind {
            CauseKind::BlockingReindex | CauseKind::PoisonItem => {
                either(settings.lock_timeout, settings.statement_timeout)
            }
            CauseKind::SlowStatement => settings.statement_timeout,
            CauseKind::ConnectionHeldAcrossHttp | CauseKind::LostLease => {
                settings.idle_in_transaction_timeout
            }
            CauseKind::EvidenceRetryStorm | CauseKind::ShrunkPool => None,
        }
    }

    /// An attempt of a session ended: what it does.
    pub fn end_attempt(
        &mut self,
        id: u32,
        now: SimTime,
        settings: &Settings,
        controls: &Controls,
    ) -> Option<Attempt> {
        let holder = *self.holders.iter().find(|holder| holder.id == id)?;
        self.attempts += 1;
        let crowded =
            self.holders.len() as u32 > settings.cap(self.cause.kind.description().component);
        if !self.in_force(now, settings, controls) || crowded {
            return Some(Attempt::Leaves);
        }
        if self.cause.kind == CauseKind::EvidenceRetryStorm {
            return Some(self.end_evidence(holder, now, settings));
        }
        let leads = self.leads(id);
        let limit = self.time_limit(settings);
        if limit.is_some_and(|limit| now.since(holder.since) >= limit) && !leads {
            return Some(Attempt::Rests(REST));
        }
        // The one statement that is slow ends each time; the other waits go on.
        Some(Attempt::Again)
    }

    /// Whether a session is the one the others wait for: it works, and no time-out for waiting ends it.
    fn leads(&self, id: u32) -> bool {
        let blocks = matches!(
            self.cause.kind,
            CauseKind::BlockingReindex | CauseKind::PoisonItem
        );
        blocks && self.holders.first().is_some_and(|first| first.id == id)
    }

    fn end_evidence(&mut self, holder: Holder, now: SimTime, settings: &Settings) -> Attempt {
        if holder.succeeds {
            self.over |= self.gateway_free.since(now) < Duration::from_secs(5);
            return Attempt::Leaves;
        }
        match settings.evidence_backoff {
            true => Attempt::Rests(REST * (1 + holder.id % 4)),
            false => Attempt::Again,
        }
    }

    /// Takes a session out.
    ///
    /// # Panics
    /// When it is not there.
    pub fn leave(&mut self, id: u32) {
        let at = self.holders.iter().position(|holder| holder.id == id);
        self.holders
            .remove(at.expect("a session that leaves was there"));
    }

    /// An operator ended a session: what it was is told to the mechanism.
    pub fn killed(&mut self, id: u32, now: SimTime) {
        match self.cause.kind {
            CauseKind::BlockingReindex if self.leads(id) => self.reindex_from = now + REINDEX_AGAIN,
            // A process that stands still opens no new session.
            CauseKind::LostLease => self.lost += 1,
            _ => {}
        }
        self.leave(id);
    }

    /// A process that stood still is gone: its transactions end.
    pub fn lease_ends(&mut self) {
        self.over = true;
    }

    /// A site's gateway was restarted: what waited in it is gone.
    pub fn gateway_restarted(&mut self, now: SimTime) {
        self.gateway_free = now;
    }

    /// The number of a session in the activity view: for who looks only, since another session has had it before.
    pub fn pid(&self, lane: usize, holder: u32) -> u32 {
        20_000 + lane as u32 * 10_000 + holder % 10_000
    }
}
