//! A Locker as a node: it executes commands, late if need be.
//!
//! A device knows nothing of its caller's patience: a command that waited longer than its caller is
//! executed all the same. What it has done is durable in its journal before it answers; a journal
//! that cannot be written ends the process, and recovery finds out what was done.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;

use super::device::{Device, LinkDecision, Linked};
use super::protocol::{LockerRequest, LockerResponse};
use crate::defects::{Defect, Defects};
use crate::ids::{AssetId, DeviceOperation};
use crate::journal;
use crate::points;

const JOURNAL: &str = "locker.journal";
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// What a Locker is made of.
#[derive(Clone)]
pub struct LockerSetup {
    /// How many slots it has.
    pub slots: u32,
    /// How long its hardware takes to link.
    pub link: Latency,
    /// The bugs switched on.
    pub defects: Defects,
}

/// One life of a Locker.
struct Locker {
    context: NodeContext,
    setup: Rc<LockerSetup>,
    device: RefCell<Device>,
}

/// A Locker's program: recover, then serve.
pub async fn run(context: NodeContext, setup: Rc<LockerSetup>) {
    let mut device = Device::new(setup.slots);
    for linked in journal::recover::<Linked>(&context, JOURNAL).await {
        device.execute(&linked);
    }
    let locker = Rc::new(Locker {
        context: context.clone(),
        setup,
        device: RefCell::new(device),
    });
    loop {
        let incoming = context.receive().await;
        let locker = locker.clone();
        context.spawn_for(
            incoming.lineage,
            async move { locker.serve(incoming).await },
        );
    }
}

impl Locker {
    async fn serve(&self, incoming: Incoming) {
        let request: Arc<LockerRequest> = incoming
            .payload()
            .expect("a Locker is asked in its own protocol");
        let response = match &*request {
            LockerRequest::Link { operation, asset } => self.link(operation, asset).await,
            LockerRequest::ListLinks => self.list(),
        };
        self.context.reply(&incoming, response);
    }

    async fn link(&self, operation: &DeviceOperation, asset: &AssetId) -> LockerResponse {
        self.context.pass(points::COMMAND_RECEIVED).await;
        self.context.work(&self.setup.link).await;
        let remembers = !self.setup.defects.has(Defect::LinkNotIdempotent);
        let decision = self.device.borrow().decide(operation, asset, remembers);
        let slot = match decision {
            LinkDecision::Full => return LockerResponse::HardwareError("no slot is free"),
            LinkDecision::AlreadyDone(slot) => {
                self.context.reached("device_recognised_a_repeated_command");
                slot
            }
            LinkDecision::Do(linked) => {
                self.device.borrow_mut().execute(&linked);
                self.append(&linked).await;
                linked.slot
            }
        };
        // A repeated command may find its first execution not yet durable, hence the sync for both.
        if self.context.disk().sync(JOURNAL).await.is_err() {
            self.context.abort(RESTART_AFTER).await;
        }
        self.context.pass(points::COMMAND_EXECUTED).await;
        LockerResponse::Linked(slot)
    }

    async fn append(&self, linked: &Linked) {
        if self
            .context
            .disk()
            .append(JOURNAL, &journal::encode(linked))
            .await
            .is_err()
        {
            self.context.abort(RESTART_AFTER).await;
        }
    }

    fn list(&self) -> LockerResponse {
        let device = self.device.borrow();
        let links = device.links().map(|(slot, asset)| (slot, asset.clone()));
        LockerResponse::Links(links.collect())
    }
}
