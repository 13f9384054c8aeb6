//! Tasks: futures of nodes, wrapped so that the world knows when all is quiet.
//!
//! The world's driver may bring the next thing on the agenda only when nothing can run any more.
//! madsim tells nobody when that is, so each task counts itself: a wake marks it ready, a poll
//! unmarks it, and whoever unmarks the last one wakes the driver. That makes the moment exact and
//! spends no timer on it.
//!
//! The wrapper also gives each task its identity (node, life, lineage), stops it when its process
//! died, turns a panic into a finding, and stops a task that spins.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use parking_lot::Mutex;

use crate::node::NodeId;
use crate::random::Lineage;
use crate::world::World;

type Body = Pin<Box<dyn Future<Output = ()>>>;

/// Who a task is.
pub(crate) struct Identity {
    pub(crate) node: NodeId,
    pub(crate) incarnation: u32,
    pub(crate) lineage: Lineage,
    /// How many times this task used each purpose so far; few enough for a list.
    uses: RefCell<Vec<(&'static str, u64)>>,
}

impl Identity {
    pub(crate) fn new(node: NodeId, incarnation: u32, lineage: Lineage) -> Identity {
        Identity {
            node,
            incarnation,
            lineage,
            uses: RefCell::new(Vec::new()),
        }
    }

    /// The lineage of the next thing this task does for a purpose.
    pub(crate) fn next(&self, purpose: &'static str) -> Lineage {
        let mut uses = self.uses.borrow_mut();
        let count = match uses.iter_mut().find(|(name, _)| *name == purpose) {
            Some((_, count)) => count,
            None => {
                uses.push((purpose, 0));
                &mut uses.last_mut().expect("just pushed").1
            }
        };
        *count += 1;
        self.lineage.child(purpose, *count - 1)
    }
}

/// A task's body and identity, shared between the executor and the process it belongs to.
pub(crate) struct TaskCell {
    pub(crate) identity: Rc<Identity>,
    /// Nothing while it is being polled, and after its end.
    body: RefCell<Option<Body>>,
    killed: Cell<bool>,
    signal: Arc<Signal>,
}

impl TaskCell {
    /// Ends the task. Its future is handed out so that the caller drops it while holding no borrow
    /// of the world: `Drop` code may call back in.
    pub(crate) fn kill(&self) -> Option<impl Sized + use<>> {
        self.killed.set(true);
        let body = self.body.borrow_mut().take();
        self.signal.clone().wake();
        body
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.signal.finished.load(Ordering::Relaxed)
    }
}

/// Counts ready tasks and wakes the driver when there are none.
#[derive(Default)]
pub(crate) struct Readiness {
    ready: AtomicUsize,
    /// Polls since the driver last brought something.
    polls: AtomicU64,
    driver: Mutex<Option<Waker>>,
}

impl Readiness {
    /// Waits until no task can run.
    pub(crate) fn quiescence(self: &Arc<Self>) -> impl Future<Output = ()> + use<> {
        let readiness = self.clone();
        std::future::poll_fn(move |context| {
            if readiness.ready.load(Ordering::Relaxed) == 0 {
                readiness.polls.store(0, Ordering::Relaxed);
                return Poll::Ready(());
            }
            *readiness.driver.lock() = Some(context.waker().clone());
            Poll::Pending
        })
    }

    fn one_less(&self) {
        self.ready.fetch_sub(1, Ordering::Relaxed);
    }

    fn wake_driver_when_quiet(&self) {
        if self.ready.load(Ordering::Relaxed) == 0
            && let Some(driver) = self.driver.lock().take()
        {
            driver.wake();
        }
    }
}

/// A task's waker: marks it ready, then tells the executor.
struct Signal {
    ready: AtomicBool,
    /// A finished task is never polled again, so waking it must not count.
    finished: AtomicBool,
    readiness: Arc<Readiness>,
    executor: Mutex<Option<Waker>>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.finished.load(Ordering::Relaxed) {
            return;
        }
        if !self.ready.swap(true, Ordering::Relaxed) {
            self.readiness.ready.fetch_add(1, Ordering::Relaxed);
            if let Some(executor) = self.executor.lock().as_ref() {
                executor.wake_by_ref();
            }
        }
    }
}

/// What the executor polls.
pub(crate) struct Task {
    cell: Rc<TaskCell>,
    waker: Waker,
    world: World,
}

impl Task {
    /// A new task, ready to run, and the cell its process keeps.
    pub(crate) fn new(
        world: World,
        identity: Identity,
        body: impl Future<Output = ()> + 'static,
    ) -> (Task, Rc<TaskCell>) {
        let readiness = world.readiness().clone();
        readiness.ready.fetch_add(1, Ordering::Relaxed);
        let signal = Arc::new(Signal {
            ready: AtomicBool::new(true),
            finished: AtomicBool::new(false),
            readiness,
            executor: Mutex::new(None),
        });
        let cell = Rc::new(TaskCell {
            identity: Rc::new(identity),
            body: RefCell::new(Some(Box::pin(body))),
            killed: Cell::new(false),
            signal: signal.clone(),
        });
        let task = Task {
            cell: cell.clone(),
            waker: signal.into(),
            world,
        };
        (task, cell)
    }

    fn finish(&self) {
        self.cell.signal.finished.store(true, Ordering::Relaxed);
        self.unmark();
        let body = self.cell.body.borrow_mut().take();
        drop(body);
    }

    fn unmark(&self) {
        if self.cell.signal.ready.swap(false, Ordering::Relaxed) {
            self.cell.signal.readiness.one_less();
        }
    }

    fn poll_body(&self) -> Poll<()> {
        let Some(mut body) = self.cell.body.borrow_mut().take() else {
            return Poll::Ready(());
        };
        let outer = self.world.enter_task(self.cell.identity.clone());
        let mut context = Context::from_waker(&self.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut context)));
        let polled = match polled {
            Ok(Poll::Pending) if !self.cell.killed.get() => {
                *self.cell.body.borrow_mut() = Some(body);
                Poll::Pending
            }
            Ok(_) => {
                self.world.drop_as(&self.cell.identity, body);
                Poll::Ready(())
            }
            Err(_) => {
                self.world.task_panicked(&self.cell.identity);
                self.world.drop_as(&self.cell.identity, body);
                Poll::Ready(())
            }
        };
        self.world.leave_task(outer);
        polled
    }
}

impl Future for Task {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let signal = &self.cell.signal;
        {
            let mut executor = signal.executor.lock();
            if executor
                .as_ref()
                .is_none_or(|waker| !waker.will_wake(context.waker()))
            {
                *executor = Some(context.waker().clone());
            }
        }
        self.unmark();
        let polls = signal.readiness.polls.fetch_add(1, Ordering::Relaxed) + 1;
        let polled = if polls > self.world.polls_per_instant_max() {
            self.world.task_spins(&self.cell.identity, polls);
            Poll::Ready(())
        } else {
            self.poll_body()
        };
        if polled.is_ready() {
            self.finish();
        }
        signal.readiness.wake_driver_when_quiet();
        polled
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.finish();
        self.cell.signal.readiness.wake_driver_when_quiet();
    }
}
