//! From a decided commit to a confirmed one: on this disk, and on those of the replicas that count.

use std::rc::Rc;

use super::{Ledger, RESTART_AFTER};
use crate::defects::Defect;
use crate::ledger::engine::log::frame::Lsn;
use crate::ledger::engine::log::record::Record;
use crate::ledger::engine::statement::Outcome;
use crate::ledger::engine::{SessionId, SqlError};
use crate::ledger::group_commit::Durability;
use crate::ledger::replica::leadership::Leadership;
use crate::ledger::replica::outbox::Next;
use crate::ledger::replica::protocol::{ServerRequest, ServerResponse};
use crate::ledger::waiting::client_gone;

impl Ledger {
    /// How far its log is durable.
    pub(in crate::ledger) fn durable(&self) -> Lsn {
        self.log.durable()
    }

    /// The operator has said who counts: who waits for replicas looks again.
    pub(in crate::ledger) fn replicas_changed(&self) {
        self.log.shipped().ring();
    }

    /// Waits until a position is where confirmed commits are.
    pub(in crate::ledger) async fn replicated(&self, upto: Lsn) {
        if let Some(leads) = &self.leads {
            leads.replicated(&self.log, upto).await;
        }
    }

    /// What a replica gets.
    pub(super) async fn ship(
        self: &Rc<Self>,
        leads: &Leadership,
        request: &ServerRequest,
    ) -> ServerResponse {
        let ServerRequest::Follow {
            follower,
            epoch,
            end,
            visible,
        } = request
        else {
            return ServerResponse::NotMine;
        };
        let next = leads
            .next_for(&self.log, (follower, *epoch, *end), *visible)
            .await;
        if next == Next::NeedsCheckpoint {
            self.log.want_checkpoint();
            self.checkpoint_if_long().await;
        }
        leads.shipped(&self.log, next)
    }

    /// Makes a decided commit durable, then lets others see it.
    pub(super) async fn commit(
        self: &Rc<Self>,
        session: SessionId,
        records: Vec<Record>,
    ) -> Result<Outcome, SqlError> {
        if self.setup.defects.has(Defect::WalAckBeforeSync) {
            let ledger = self.clone();
            let sync = async move { ledger.make_durable(records).await };
            self.context.spawn("sync", sync);
        } else {
            self.make_durable(records).await;
        }
        if let Some(leads) = &self.leads {
            let upto = self.log.durable();
            leads.replicated(&self.log, upto).await;
            leads.note_commit(upto);
        }
        let now = self.now();
        let outcome = self.engine.borrow_mut().commit_durable(session, now);
        self.after_engine();
        self.checkpoint_if_long().await;
        outcome.ok_or_else(client_gone)
    }

    pub(super) async fn make_durable(&self, records: Vec<Record>) {
        if let Durability::Lost = self.log.make_durable(records).await {
            self.give_up().await;
        }
    }

    pub(super) async fn checkpoint_if_long(&self) {
        let image = || self.engine.borrow().image();
        if let Durability::Lost = self.log.checkpoint_if_long(image).await {
            self.give_up().await;
        }
    }

    /// The memory is ahead of the log, and nobody knows what the disk holds: only recovery does.
    pub(super) async fn give_up(&self) -> ! {
        tracing::error!("the log cannot be written; the process ends and recovers");
        self.context.reached("ledger_ended_on_a_disk_error");
        self.context.abort(RESTART_AFTER).await
    }
}
