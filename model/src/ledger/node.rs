//! The Ledger as a node: a [`Store`] behind a log that is synced before anything is acknowledged.
//!
//! Commits and reads go through one queue. Whoever finds it idle works it off: it applies a batch,
//! writes the batch to the log, syncs once for all, and answers. So no answer, not even to a read,
//! tells what a crash could take back. A log that cannot be written or synced ends the process, as a
//! store must that no longer knows what its disk holds; recovery reads the log again.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sim::NodeContext;
use sim::latency::Latency;
use sim::network::Incoming;

use super::protocol::{LedgerRequest, LedgerResponse, TransactionId};
use super::store::{LedgerMillis, Mutation, Store};
use crate::config::Timing;
use crate::ids::IdempotencyKey;
use crate::journal;
use crate::points;

/// The name of the Ledger's node.
pub const LEDGER: &str = "ledger";

const LOG: &str = "ledger.log";
const RESTART_AFTER: Duration = Duration::from_secs(1);
/// Transactions older than this are forgotten when a new one begins.
const OPEN_TRANSACTIONS_MAX: usize = 1_000;

/// One committed transaction in the log.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct LogRecord {
    at: LedgerMillis,
    mutations: Vec<Mutation>,
}

/// The Ledger's service times.
#[derive(Clone)]
pub struct LedgerTiming {
    begin: Latency,
    write: Latency,
    commit: Latency,
    read: Latency,
    queue_verification: Latency,
}

impl LedgerTiming {
    /// The Ledger's part of the system's timing.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(timing: &Timing) -> LedgerTiming {
        let latency = |table| Latency::try_from(table).expect("validated tables ascend");
        LedgerTiming {
            begin: latency(timing.begin),
            write: latency(timing.write),
            commit: latency(timing.commit),
            read: latency(timing.read),
            queue_verification: latency(timing.queue_verification),
        }
    }
}

/// One process of the Ledger.
struct Ledger {
    context: NodeContext,
    timing: Rc<LedgerTiming>,
    store: RefCell<Store>,
    open: RefCell<BTreeMap<TransactionId, Vec<Mutation>>>,
    next_transaction: Cell<u64>,
    queue: RefCell<VecDeque<Work>>,
    working: Cell<bool>,
}

/// What waits for the log.
struct Work {
    incoming: Incoming,
    what: WorkKind,
}

enum WorkKind {
    Transact(Vec<Mutation>),
    LookUp(IdempotencyKey),
    ReadOpenJobs,
    ReadTables,
}

/// The Ledger's program: recover, then serve.
pub async fn run(context: NodeContext, timing: Rc<LedgerTiming>) {
    let store = replay(&journal::recover(&context, LOG).await);
    let ledger = Rc::new(Ledger {
        context: context.clone(),
        timing,
        store: RefCell::new(store),
        open: RefCell::default(),
        next_transaction: Cell::new(0),
        queue: RefCell::default(),
        working: Cell::new(false),
    });
    loop {
        let incoming = context.receive().await;
        let ledger = ledger.clone();
        context.spawn_for(
            incoming.lineage,
            async move { ledger.serve(incoming).await },
        );
    }
}

fn replay(records: &[LogRecord]) -> Store {
    let mut store = Store::default();
    for record in records {
        store
            .apply(&record.mutations, record.at)
            .expect("what was committed once applies again in the same order");
    }
    store
}

impl Ledger {
    async fn serve(&self, incoming: Incoming) {
        let request: Arc<LedgerRequest> = incoming
            .payload()
            .expect("the Ledger is asked in its own protocol");
        match &*request {
            LedgerRequest::Begin => {
                self.context.work(&self.timing.begin).await;
                let transaction = self.begin();
                self.context
                    .reply(&incoming, LedgerResponse::Begun(transaction));
            }
            LedgerRequest::Write {
                transaction,
                mutations,
            } => {
                self.context.work(self.write_latency(mutations)).await;
                let response = self.stage(*transaction, mutations);
                self.context.reply(&incoming, response);
            }
            LedgerRequest::Commit { transaction } => {
                self.context.work(&self.timing.commit).await;
                match self.open.borrow_mut().remove(transaction) {
                    Some(mutations) => self.enqueue(incoming, WorkKind::Transact(mutations)),
                    None => {
                        self.context
                            .reply(&incoming, LedgerResponse::NoSuchTransaction);
                        return;
                    }
                }
                self.work_off().await;
            }
            LedgerRequest::Transact { mutations } => {
                self.context.work(self.write_latency(mutations)).await;
                self.enqueue(incoming, WorkKind::Transact(mutations.clone()));
                self.work_off().await;
            }
            LedgerRequest::LookUp { key } => {
                self.read(incoming, WorkKind::LookUp(key.clone())).await;
            }
            LedgerRequest::ReadOpenJobs => self.read(incoming, WorkKind::ReadOpenJobs).await,
            LedgerRequest::ReadTables => self.read(incoming, WorkKind::ReadTables).await,
        }
    }

    async fn read(&self, incoming: Incoming, what: WorkKind) {
        self.context.work(&self.timing.read).await;
        self.enqueue(incoming, what);
        self.work_off().await;
    }

    fn write_latency(&self, mutations: &[Mutation]) -> &Latency {
        match mutations {
            [Mutation::QueueVerification { .. }] => &self.timing.queue_verification,
            _ => &self.timing.write,
        }
    }

    fn begin(&self) -> TransactionId {
        let transaction = TransactionId(self.next_transaction.get());
        self.next_transaction.set(transaction.0 + 1);
        let mut open = self.open.borrow_mut();
        if open.len() >= OPEN_TRANSACTIONS_MAX {
            open.pop_first();
        }
        open.insert(transaction, Vec::new());
        transaction
    }

    fn stage(&self, transaction: TransactionId, mutations: &[Mutation]) -> LedgerResponse {
        let mut open = self.open.borrow_mut();
        let Some(staged) = open.get_mut(&transaction) else {
            return LedgerResponse::NoSuchTransaction;
        };
        let store = self.store.borrow();
        for mutation in mutations {
            if let Err(refusal) = store.check(mutation) {
                open.remove(&transaction);
                return LedgerResponse::Refused(refusal);
            }
        }
        staged.extend_from_slice(mutations);
        LedgerResponse::Written
    }

    fn enqueue(&self, incoming: Incoming, what: WorkKind) {
        self.queue.borrow_mut().push_back(Work { incoming, what });
    }

    /// Works the queue off, unless somebody is at it: then that one does this too.
    async fn work_off(&self) {
        if self.working.replace(true) {
            return;
        }
        loop {
            let batch = std::mem::take(&mut *self.queue.borrow_mut());
            if batch.is_empty() {
                self.working.set(false);
                return;
            }
            self.flush(batch).await;
        }
    }

    /// Applies a batch, makes it durable with one sync, and answers it.
    async fn flush(&self, batch: VecDeque<Work>) {
        let mut bytes = Vec::new();
        let mut answers = Vec::new();
        for work in batch {
            let answer = self.execute(work.what, &mut bytes);
            answers.push((work.incoming, answer));
        }
        if !bytes.is_empty() {
            if self.context.disk().append(LOG, &bytes).await.is_err() {
                self.give_up().await;
            }
            self.context.pass(points::LOG_WRITTEN).await;
            if self.context.disk().sync(LOG).await.is_err() {
                self.give_up().await;
            }
            self.context.pass(points::LOG_SYNCED).await;
        }
        for (incoming, answer) in answers {
            self.context.reply(&incoming, answer);
        }
    }

    fn execute(&self, what: WorkKind, bytes: &mut Vec<u8>) -> LedgerResponse {
        let mut store = self.store.borrow_mut();
        match what {
            WorkKind::Transact(mutations) => {
                let at = self.context.wall_clock().millis();
                match store.apply(&mutations, at) {
                    Ok(claimed) => {
                        let empty_claim = claimed.is_empty()
                            && mutations
                                .iter()
                                .all(|it| matches!(it, Mutation::Claim { .. }));
                        if !empty_claim {
                            bytes.extend(journal::encode(&LogRecord { at, mutations }));
                        }
                        LedgerResponse::Committed(claimed)
                    }
                    Err(refusal) => LedgerResponse::Refused(refusal),
                }
            }
            WorkKind::LookUp(key) => {
                LedgerResponse::Key(store.keys.get(&key).cloned().map(Box::new))
            }
            WorkKind::ReadOpenJobs => {
                let open = store
                    .open_jobs()
                    .map(|(asset, job)| (asset.clone(), job.state.clone()));
                LedgerResponse::OpenJobs(open.collect())
            }
            WorkKind::ReadTables => LedgerResponse::Tables(Box::new(store.clone())),
        }
    }

    /// The memory is ahead of the log, and nobody knows what the disk holds: only recovery does.
    async fn give_up(&self) {
        tracing::error!("the log cannot be written; the process ends and recovers");
        self.context.reached("ledger_ended_on_a_disk_error");
        self.context.abort(RESTART_AFTER).await
    }
}
