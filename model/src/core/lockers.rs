//! Asking a Locker: through the circuit, within the bulkhead, and what its silence means.

use std::time::Duration;

use sim::NodeContext;
use sim::network::CallError;

use crate::defects::Defects;
use crate::failure::Failure;
use crate::ids::{AssetId, DeviceOperation, LockerRef, SlotNumber};
use crate::locker::protocol::{LockerRequest, LockerResponse};
use crate::resilience::breaker::{BreakerPolicy, Settlement};
use crate::resilience::bulkhead::{Bulkhead, BulkheadLimits};
use crate::resilience::circuit::Circuit;

/// How long a request of a user waits for a Locker.
pub const SYNCHRONOUS_LIMIT: Duration = Duration::from_secs(5);
/// How long a job waits for a Locker: the hardware's own time limit.
pub const HARDWARE_LIMIT: Duration = Duration::from_secs(30);
/// How many commands one instance has under way at once: slow devices shall not take every task.
const BULKHEAD: BulkheadLimits = BulkheadLimits {
    concurrent: 32,
    waiting: 32,
};

/// Why a command has no good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It was sent, and failed so.
    Failed(Failure),
    /// It was never sent: the circuit is open, or too many are under way. That says nothing of this
    /// command, so it does not count as a try.
    Withheld {
        /// When it may be tried.
        again_after: Duration,
    },
}

impl Unanswered {
    /// What the user is told.
    pub fn failure(self) -> Failure {
        match self {
            Unanswered::Failed(failure) => failure,
            Unanswered::Withheld { .. } => Failure::LockerUnreachable,
        }
    }
}

/// One process's way to all Lockers. Clones share circuit and bulkhead.
#[derive(Clone)]
pub struct Lockers {
    context: NodeContext,
    circuit: Circuit,
    bulkhead: Bulkhead,
}

impl Lockers {
    /// For one process.
    pub fn new(context: NodeContext, defects: &Defects) -> Lockers {
        Lockers {
            circuit: Circuit::new(context.clone(), "locker", BreakerPolicy::LOCKER, defects),
            bulkhead: Bulkhead::new(BULKHEAD),
            context,
        }
    }

    /// Asks once to link an asset. A time-out says nothing about whether the device acted, or will.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn link(
        &self,
        locker: &LockerRef,
        operation: &DeviceOperation,
        asset: &AssetId,
        limit: Duration,
    ) -> Result<SlotNumber, Unanswered> {
        let request = LockerRequest::Link {
            operation: operation.clone(),
            asset: asset.clone(),
        };
        let answer = self.ask("link", locker, request, limit).await?;
        match answer {
            LockerResponse::Linked(slot) => Ok(slot),
            // Somebody takes the registration back; what is left of it here has nothing to link.
            LockerResponse::Cancelled => Err(Unanswered::Failed(Failure::LedgerConflict)),
            other => {
                panic!("invariant: a Locker answers a link command in kind, not with {other:?}")
            }
        }
    }

    /// Asks once to take a link back, whether or not it was ever made.
    ///
    /// # Errors
    /// As [`link`](Self::link).
    pub async fn unlink(
        &self,
        locker: &LockerRef,
        link: &DeviceOperation,
        asset: &AssetId,
        limit: Duration,
    ) -> Result<(), Unanswered> {
        let request = LockerRequest::Unlink {
            operation: DeviceOperation(format!("un{link}")),
            cancels: link.clone(),
            asset: asset.clone(),
        };
        match self.ask("unlink", locker, request, limit).await? {
            LockerResponse::Unlinked => Ok(()),
            other => panic!("invariant: a Locker answers an unlink in kind, not with {other:?}"),
        }
    }

    async fn ask(
        &self,
        operation: &'static str,
        locker: &LockerRef,
        request: LockerRequest,
        limit: Duration,
    ) -> Result<LockerResponse, Unanswered> {
        let asked = self.context.monotonic();
        let answered = self.guarded(locker, request, limit).await;
        let status = answered
            .as_ref()
            .err()
            .map_or("ok", |why| why.failure().code());
        let labels = [
            ("subsystem", "locker"),
            ("operation", operation),
            ("status", status),
        ];
        self.context.count("core.orchestration.requests", &labels);
        let span = self.context.monotonic() - asked;
        self.context
            .measure("core.orchestration.latency", &labels, Some(span));
        answered
    }

    async fn guarded(
        &self,
        locker: &LockerRef,
        request: LockerRequest,
        limit: Duration,
    ) -> Result<LockerResponse, Unanswered> {
        let place = self.bulkhead.enter(&self.context, limit / 2).await;
        let _place = place.map_err(|_| {
            self.context.reached("bulkhead_was_full");
            let again_after = limit;
            Unanswered::Withheld { again_after }
        })?;
        let node = self.context.find(&locker.0);
        let call = self.context.call(node, request, limit);
        let classify = |answer: &Result<_, CallError>| match answer {
            Ok(_) => Settlement::Success,
            Err(_) => Settlement::Failure,
        };
        let answer = self.circuit.call(call, classify).await;
        let answer = answer.map_err(|rejected| Unanswered::Withheld {
            again_after: rejected.retry_after,
        })?;
        match answer.as_deref() {
            Ok(LockerResponse::HardwareError(fault)) => {
                tracing::error!(%locker, %fault, "hardware error");
                Err(Unanswered::Failed(Failure::LockerHardware))
            }
            Ok(response) => Ok(response.clone()),
            Err(CallError::Refused) => Err(Unanswered::Failed(Failure::LockerUnreachable)),
            Err(CallError::Reset | CallError::TimedOut) => {
                Err(Unanswered::Failed(Failure::LockerTimeout))
            }
        }
    }
}
