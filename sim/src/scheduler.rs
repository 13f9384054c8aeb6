//! The scheduler: which tasks can run, and which of them runs next.
//!
//! Tasks that were woken stand in one queue; the next is drawn from it by the schedule seed. When the
//! queue is empty nothing can run any more, and the world brings the next entry of its agenda. A
//! choice is drawn only where there is one: most of the time exactly one task is ready.
//!
//! This is also where an exploration strategy can decide otherwise.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use parking_lot::Mutex;

use crate::random::Stream;
use crate::task::TaskCell;

/// All tasks of a run.
pub(crate) struct Scheduler {
    ready: Arc<Ready>,
    tasks: RefCell<Slots>,
    order: RefCell<Stream>,
}

/// The slots of tasks that were woken and not yet polled. Only wakers share it, which must be `Sync`;
/// a run has one thread, so nobody ever waits for the lock.
#[derive(Default)]
struct Ready(Mutex<Vec<u32>>);

#[derive(Default)]
struct Slots {
    tasks: Vec<Option<Rc<TaskCell>>>,
    free: Vec<u32>,
}

/// A task's own waker and place.
pub(crate) struct Signal {
    slot: u32,
    queued: AtomicBool,
    /// A finished task is never polled again; wakers that outlive it do nothing.
    finished: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let asleep = !self.queued.load(Ordering::Relaxed) && !self.finished.load(Ordering::Relaxed);
        if asleep {
            self.queued.store(true, Ordering::Relaxed);
            self.ready.0.lock().push(self.slot);
        }
    }
}

impl Signal {
    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// Marks the end; says whether it had come before.
    fn finish(&self) -> bool {
        self.finished.swap(true, Ordering::Relaxed)
    }
}

impl Scheduler {
    /// Draws the order of tasks from a stream of its own.
    pub(crate) fn new(order: Stream) -> Scheduler {
        Scheduler {
            ready: Arc::default(),
            tasks: RefCell::default(),
            order: RefCell::new(order),
        }
    }

    /// Adds a task, ready to run.
    pub(crate) fn add(&self, make: impl FnOnce(Arc<Signal>, Waker) -> TaskCell) -> Rc<TaskCell> {
        let mut slots = self.tasks.borrow_mut();
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.tasks.push(None);
            u32::try_from(slots.tasks.len() - 1).expect("fewer than 2^32 tasks at once")
        });
        let signal = Arc::new(Signal {
            slot,
            queued: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            ready: self.ready.clone(),
        });
        let task = Rc::new(make(signal.clone(), signal.clone().into()));
        slots.tasks[slot as usize] = Some(task.clone());
        signal.wake();
        task
    }

    /// The next task to poll; nothing when none can run. Finished ones are let go on the way.
    pub(crate) fn next(&self) -> Option<Rc<TaskCell>> {
        loop {
            let slot = self.draw()?;
            let task = self.tasks.borrow().tasks[slot as usize].clone();
            let task = task.expect("a queued slot holds a task");
            task.signal.queued.store(false, Ordering::Relaxed);
            if !task.signal.is_finished() {
                return Some(task);
            }
            self.release(slot);
        }
    }

    /// Marks a task as finished, once, and lets it go: at once, or when its turn in the queue comes.
    /// Says whether it was finished before; its slot may be another's since then.
    pub(crate) fn finish(&self, task: &TaskCell) -> bool {
        let before = task.signal.finish();
        if !before && !task.signal.queued.load(Ordering::Relaxed) {
            self.release(task.signal.slot);
        }
        before
    }

    fn draw(&self) -> Option<u32> {
        let mut ready = self.ready.0.lock();
        match ready.len() {
            0 | 1 => ready.pop(),
            many => {
                let chosen = self.order.borrow_mut().below(many as u64);
                Some(ready.swap_remove(chosen as usize))
            }
        }
    }

    fn release(&self, slot: u32) {
        let mut slots = self.tasks.borrow_mut();
        let released = slots.tasks[slot as usize].take();
        slots.free.push(slot);
        // The last handle may be this one; what it drops must find the slots free to borrow.
        drop(slots);
        drop(released);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::random::{Lineage, Randomness, Root, Seeds};
    use crate::task::Identity;

    fn scheduler() -> Scheduler {
        let random = Randomness::new(Seeds::derive(1));
        Scheduler::new(random.stream(Root::Schedule, Lineage::of("test"), "task order"))
    }

    fn add(scheduler: &Scheduler, name: &str) -> Rc<TaskCell> {
        let identity = Identity::new(NodeId::at(0), 0, Lineage::of(name));
        scheduler.add(|signal, waker| TaskCell::new(identity, async {}, signal, waker))
    }

    #[test]
    fn a_task_woken_twice_runs_once_and_a_finished_one_never_again() {
        let scheduler = scheduler();
        let task = add(&scheduler, "a");
        task.signal.wake_by_ref();
        assert!(scheduler.next().is_some());
        assert!(scheduler.next().is_none());
        assert!(!scheduler.finish(&task));
        task.signal.wake_by_ref();
        assert!(scheduler.next().is_none());
    }

    #[test]
    fn a_slot_is_used_again_and_its_former_task_cannot_end_the_new_one() {
        let scheduler = scheduler();
        let former = add(&scheduler, "former");
        scheduler.next();
        scheduler.finish(&former);
        let new = add(&scheduler, "new");
        assert_eq!(former.signal.slot, new.signal.slot);
        assert!(scheduler.finish(&former), "it was finished before");
        assert!(Rc::ptr_eq(&scheduler.next().unwrap(), &new));
    }

    #[test]
    fn a_task_that_ends_while_queued_keeps_its_slot_until_its_turn() {
        let scheduler = scheduler();
        let doomed = add(&scheduler, "doomed");
        scheduler.finish(&doomed);
        let other = add(&scheduler, "other");
        assert_ne!(doomed.signal.slot, other.signal.slot);
        assert!(Rc::ptr_eq(&scheduler.next().unwrap(), &other));
        assert!(scheduler.next().is_none());
        assert_eq!(scheduler.tasks.borrow().free.len(), 1);
    }
}
