//! Tasks: the futures of nodes, each with its identity.
//!
//! A poll here knows whose it is (node, life, lineage), stops what belongs to a dead process, turns a
//! panic into a finding, and stops a node that spins without letting time pass.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::node::NodeId;
use crate::random::Lineage;
use crate::scheduler::Signal;
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

/// A task, shared between the scheduler and the process it belongs to.
pub(crate) struct TaskCell {
    pub(crate) identity: Rc<Identity>,
    pub(crate) signal: Arc<Signal>,
    waker: Waker,
    /// Nothing while it is being polled, and after its end.
    body: RefCell<Option<Body>>,
}

impl TaskCell {
    pub(crate) fn new(
        identity: Identity,
        body: impl Future<Output = ()> + 'static,
        signal: Arc<Signal>,
        waker: Waker,
    ) -> TaskCell {
        TaskCell {
            identity: Rc::new(identity),
            signal,
            waker,
            body: RefCell::new(Some(Box::pin(body))),
        }
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.signal.is_finished()
    }
}

impl World {
    /// Polls ready tasks, in an order drawn from the schedule seed, until none can run.
    pub(crate) fn run_ready_tasks(&self) {
        while let Some(task) = self.scheduler().next() {
            let step = self.step();
            let polls = self.with_process(task.identity.node, |process| process.count_poll(step));
            if polls > self.polls_per_instant_max() {
                self.task_spins(&task.identity, polls);
                self.finish(&task);
            } else if self.poll(&task).is_ready() {
                self.finish(&task);
            }
        }
    }

    fn poll(&self, task: &TaskCell) -> Poll<()> {
        let Some(mut body) = task.body.borrow_mut().take() else {
            return Poll::Ready(());
        };
        let outer = self.enter_task(task.identity.clone());
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(&mut context)));
        if polled.is_err() {
            self.task_panicked(&task.identity);
        }
        self.leave_task(outer);
        if matches!(polled, Ok(Poll::Pending)) && !task.is_finished() {
            *task.body.borrow_mut() = Some(body);
            return Poll::Pending;
        }
        self.drop_as(&task.identity, body);
        Poll::Ready(())
    }

    /// Ends a task, whether by itself or by its process's death. One that is being polled just now
    /// ends with that poll.
    pub(crate) fn finish(&self, task: &TaskCell) {
        self.scheduler().finish(task);
        let body = task.body.borrow_mut().take();
        if let Some(body) = body {
            self.drop_as(&task.identity, body);
        }
    }

    /// Drops a task's future as that task: `Drop` code that asks who it is gets an answer, and one
    /// that panics is a finding like any other. It may call back in, so nothing is borrowed.
    fn drop_as(&self, identity: &Rc<Identity>, body: Body) {
        let outer = self.enter_task(identity.clone());
        if catch_unwind(AssertUnwindSafe(|| drop(body))).is_err() {
            self.task_panicked(identity);
        }
        self.leave_task(outer);
    }
}
