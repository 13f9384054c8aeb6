//! What a primary has besides the Ledger alone: a reign, a lease, and replicas that follow its log.
//!
//! Start at [`Leadership::may_answer`] and [`Leadership::replicated`], which the Ledger asks before it confirms
//! anything, and [`Leadership::next_for`], which is what a replica gets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::super::engine::log::frame::Lsn;
use super::super::group_commit::GroupCommit;
use super::config::ReplicationMode;
use super::epochs::{Epoch, Epochs};
use super::in_sync::InSync;
use super::lease::Lease;
use super::operator::OPERATOR;
use super::outbox::Next;
use super::protocol::{Report, ServerResponse, View};
use super::server::{REPORT_EVERY, REPORT_LIMIT, RESTART_AFTER, ServerSetup};
use crate::defects::Defect;

/// How long a replica is made to wait when there is nothing new.
const POLL_MAX: Duration = Duration::from_millis(300);

/// A primary's reign.
pub struct Leadership {
    context: NodeContext,
    setup: Rc<ServerSetup>,
    epochs: Epochs,
    lease: Cell<Lease>,
    in_sync: RefCell<InSync>,
    /// Whether clients are served: first everything recovered must be where confirmed commits are.
    ready: Cell<bool>,
}

impl Leadership {
    /// A reign that a view has given, which was asked for at a time of this node's clock. The log's last epoch is
    /// the view's.
    pub fn new(
        context: NodeContext,
        setup: Rc<ServerSetup>,
        epochs: Epochs,
        view: &View,
        asked_at: Duration,
    ) -> Leadership {
        let synchronous = setup.config.mode == ReplicationMode::Synchronous;
        let mut lease = Lease::default();
        lease.renew(asked_at, setup.config.lease());
        let in_sync = InSync::new(synchronous, view, context.monotonic());
        Leadership {
            context,
            setup,
            epochs,
            lease: Cell::new(lease),
            in_sync: RefCell::new(in_sync),
            ready: Cell::new(false),
        }
    }

    /// The number of the reign.
    pub fn epoch(&self) -> Epoch {
        self.epochs.current()
    }

    /// Whether clients may connect.
    pub fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// What the log holds is confirmed: clients may connect.
    pub fn serve_clients(&self) {
        self.ready.set(true);
    }

    /// Whether anything may be answered at this moment: another server may lead already when the lease is over.
    pub fn may_answer(&self) -> bool {
        let fenced = !self.setup.ledger.defects.has(Defect::OldPrimaryNotFenced);
        !fenced || self.lease.get().holds(self.context.monotonic())
    }

    /// Waits until the replicas that count are durable up to a position.
    pub async fn replicated(&self, log: &GroupCommit, upto: Lsn) {
        let waits = !self.setup.ledger.defects.has(Defect::SyncCommitNotAwaited);
        if waits && self.in_sync.borrow().replicated() < upto {
            self.context.reached("commit_waited_for_a_replica");
            let reached = || self.in_sync.borrow().replicated() >= upto;
            log.shipped().until(reached).await;
        }
    }

    /// Leaves a note `ledger_commit` of a commit that is about to be acknowledged.
    pub fn note_commit(&self, upto: Lsn) {
        if self.may_answer() {
            let detail = [
                ("epoch", Value::Int(self.epoch() as i64)),
                ("upto", Value::Int(upto.0 as i64)),
            ];
            self.context.note("ledger_commit", Value::map(detail));
        }
    }

    /// What a replica gets that says how far it is; nothing new for a while is an answer too.
    pub async fn next_for(
        &self,
        log: &GroupCommit,
        (follower, epoch, end): (&str, Epoch, Lsn),
        visible: Lsn,
    ) -> Next {
        let outbox = log
            .outbox()
            .expect("invariant: a primary's log is kept for replicas");
        let position = self.epochs.fits(epoch, end).then_some(end);
        if let Some(position) = position {
            let (now, log_end) = (self.context.monotonic(), outbox.borrow().end());
            self.in_sync
                .borrow_mut()
                .heard(follower, position, log_end, now);
            log.shipped().ring();
        }
        let is_news = || Some(outbox.borrow().end()) != position || self.visible(log) > visible;
        log.shipped()
            .until_or(is_news, self.context.sleep(POLL_MAX))
            .await;
        outbox.borrow().after(position)
    }

    /// The answer to a replica.
    pub fn shipped(&self, log: &GroupCommit, next: Next) -> ServerResponse {
        let (anew, shipments) = match next {
            Next::Follows(shipments) => (false, shipments),
            Next::Anew(shipments) => (true, shipments),
            Next::NeedsCheckpoint => (false, Vec::new()),
        };
        ServerResponse::Shipped {
            epochs: self.epochs.clone(),
            anew,
            shipments,
            visible: self.visible(log),
        }
    }

    /// Up to where a replica may show what it has: what only some hold may be lost with them.
    fn visible(&self, log: &GroupCommit) -> Lsn {
        log.durable().min(self.in_sync.borrow().replicated())
    }

    /// Reports to the operator, and renews the lease by it, for as long as the reign lasts. A primary that learns of
    /// a later reign ends its process, and with it every connection; it comes back as a replica.
    pub async fn report(self: Rc<Self>, log: impl Fn() -> Lsn, changed: impl Fn()) {
        let operator = self.context.find(OPERATOR);
        loop {
            let asked_at = self.context.monotonic();
            let report = self.present_state(log());
            let answer = self.context.call(operator, report, REPORT_LIMIT).await;
            if let Ok(view) = answer {
                if view.epoch > self.epoch() {
                    self.step_down().await;
                } else if view.primary == self.context.name() {
                    let mut lease = self.lease.get();
                    lease.renew(asked_at, self.setup.config.lease());
                    self.lease.set(lease);
                    self.in_sync.borrow_mut().confirm(&view);
                    changed();
                }
            }
            self.context.sleep(REPORT_EVERY).await;
        }
    }

    fn present_state(&self, durable: Lsn) -> Report {
        let in_sync = self.in_sync.borrow();
        Report {
            server: self.context.name(),
            life: self.context.incarnation(),
            epoch: self.epoch(),
            durable,
            view: in_sync.view(),
            joining: in_sync.joining(),
            lagging: in_sync.lagging(self.context.monotonic()),
        }
    }

    async fn step_down(&self) {
        if !self.setup.ledger.defects.has(Defect::OldPrimaryNotFenced) {
            tracing::warn!(
                epoch = self.epoch(),
                "another server leads; the process ends and follows it"
            );
            self.context.reached("old_primary_stepped_down");
            self.context.abort(RESTART_AFTER).await;
        }
    }
}
