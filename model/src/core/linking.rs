//! Asking a Locker to link an asset, and what its silence means.

use std::time::Duration;

use sim::NodeContext;
use sim::network::CallError;

use crate::failure::Failure;
use crate::ids::{AssetId, DeviceOperation, LockerRef, SlotNumber};
use crate::locker::protocol::{LockerRequest, LockerResponse};

/// How long a request of a user waits for a Locker.
pub const SYNCHRONOUS_LIMIT: Duration = Duration::from_secs(5);
/// How long a job waits for a Locker: the hardware's own time limit.
pub const HARDWARE_LIMIT: Duration = Duration::from_secs(30);

/// Asks once. A time-out says nothing about whether the device acted, or will.
///
/// # Errors
/// The failure in the system's own terms.
pub async fn link(
    context: &NodeContext,
    locker: &LockerRef,
    operation: &DeviceOperation,
    asset: &AssetId,
    limit: Duration,
) -> Result<SlotNumber, Failure> {
    let node = context.find(&locker.0);
    let request = LockerRequest::Link {
        operation: operation.clone(),
        asset: asset.clone(),
    };
    let asked = context.monotonic();
    let answer = context.call(node, request, limit).await;
    let linked = match answer.as_deref() {
        Ok(LockerResponse::Linked(slot)) => Ok(*slot),
        Ok(LockerResponse::HardwareError(fault)) => {
            tracing::error!(%locker, %asset, %fault, "hardware error");
            Err(Failure::LockerHardware)
        }
        Ok(other) => {
            panic!("a Locker answers a link that nobody takes back in kind, not {other:?}")
        }
        Err(CallError::Refused) => Err(Failure::LockerUnreachable),
        Err(CallError::Reset | CallError::TimedOut) => Err(Failure::LockerTimeout),
    };
    let status = linked.map_or_else(Failure::code, |_| "ok");
    let labels = [
        ("subsystem", "locker"),
        ("operation", "link"),
        ("status", status),
    ];
    context.count("core.orchestration.requests", &labels);
    context.measure(
        "core.orchestration.latency",
        &labels,
        Some(context.monotonic() - asked),
    );
    linked
}
