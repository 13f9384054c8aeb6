//! The scheduler: which tasks can run, and which of them runs next.
//!
//! Tasks that were woken stand in one queue. Each has a rank there, drawn by the schedule seed from the
//! task's lineage and how often it was woken before; the lowest goes first. So which of two tasks goes
//! first depends on these two alone: taking an operation away leaves the order of all others as it was,
//! which one stream of choices would not. When the queue is empty nothing can run any more, and the
//! world brings the next entry of its agenda.
//!
//! Random ranks of events are partial order sampling (Yuan, Yang, Gu: "Partial Order Aware Concurrency
//! Sampling", CAV 2018), without its new draw after each race.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Wake, Waker};

use parking_lot::Mutex;

use crate::random::Lineage;
use crate::task::TaskCell;

/// All tasks of a run.
pub(crate) struct Scheduler {
    ready: Arc<Ready>,
    tasks: RefCell<Slots>,
}

/// The tasks that were woken and not yet polled, by rank and slot. Only wakers share it, which must be
/// `Sync`; a run has one thread, so nobody ever waits for the lock.
struct Ready {
    queue: Mutex<BinaryHeap<Reverse<(u64, u32)>>>,
    seed: AtomicU64,
}

#[derive(Default)]
struct Slots {
    tasks: Vec<Option<Rc<TaskCell>>>,
    free: Vec<u32>,
}

/// A task's own waker and place.
pub(crate) struct Signal {
    slot: u32,
    /// Names the task among all of the run.
    name: u64,
    /// How often it was woken.
    wakes: AtomicU64,
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
            let rank = self.rank();
            self.ready.queue.lock().push(Reverse((rank, self.slot)));
        }
    }
}

impl Signal {
    fn rank(&self) -> u64 {
        let wakes = self.wakes.load(Ordering::Relaxed) + 1;
        self.wakes.store(wakes, Ordering::Relaxed);
        let seed = self.ready.seed.load(Ordering::Relaxed);
        scattered(scattered(seed ^ self.name).wrapping_add(wakes))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Relaxed)
    }

    /// Marks the end; says whether it had come before.
    fn finish(&self) -> bool {
        self.finished.swap(true, Ordering::Relaxed)
    }
}

impl Scheduler {
    /// Ranks tasks by a seed.
    pub(crate) fn new(seed: u64) -> Scheduler {
        Scheduler {
            ready: Arc::new(Ready {
                queue: Mutex::default(),
                seed: AtomicU64::new(seed),
            }),
            tasks: RefCell::default(),
        }
    }

    /// Ranks by another seed whatever is woken from now on.
    pub(crate) fn reseed(&self, seed: u64) {
        self.ready.seed.store(seed, Ordering::Relaxed);
    }

    /// Adds a task of a lineage, ready to run.
    pub(crate) fn add(
        &self,
        lineage: Lineage,
        make: impl FnOnce(Arc<Signal>, Waker) -> TaskCell,
    ) -> Rc<TaskCell> {
        let mut slots = self.tasks.borrow_mut();
        let slot = slots.free.pop().unwrap_or_else(|| {
            slots.tasks.push(None);
            u32::try_from(slots.tasks.len() - 1).expect("fewer than 2^32 tasks at once")
        });
        let signal = Arc::new(Signal {
            slot,
            name: lineage.value(),
            wakes: AtomicU64::new(0),
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
            let Reverse((_, slot)) = self.ready.queue.lock().pop()?;
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

    fn release(&self, slot: u32) {
        let mut slots = self.tasks.borrow_mut();
        let released = slots.tasks[slot as usize].take();
        slots.free.push(slot);
        // The last handle may be this one; what it drops must find the slots free to borrow.
        drop(slots);
        drop(released);
    }
}

/// A bijection of 64 bits in which near inputs have far outputs (Steele, Lea, Flood: "Fast splittable
/// pseudorandom number generators", OOPSLA 2014).
fn scattered(bits: u64) -> u64 {
    let mixed = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::NodeId;
    use crate::task::Identity;

    fn scheduler() -> Scheduler {
        Scheduler::new(1)
    }

    fn add(scheduler: &Scheduler, name: &str) -> Rc<TaskCell> {
        let lineage = Lineage::of(name);
        let identity = Identity::new(NodeId::at(0), 0, lineage);
        scheduler.add(lineage, |signal, waker| {
            TaskCell::new(identity, async {}, signal, waker)
        })
    }

    /// The order in which tasks of these names run when all are ready.
    fn order(seed: u64, names: &[&str]) -> Vec<u32> {
        let scheduler = Scheduler::new(seed);
        let tasks: Vec<_> = names.iter().map(|name| add(&scheduler, name)).collect();
        let ran = std::iter::from_fn(|| scheduler.next());
        let ran: Vec<_> = ran.collect();
        let position = |task: &Rc<TaskCell>| tasks.iter().position(|it| Rc::ptr_eq(it, task));
        let positions = ran.iter().map(|task| position(task).expect("it was added"));
        positions.map(|position| position as u32).collect()
    }

    #[test]
    fn the_order_of_two_tasks_depends_on_no_third() {
        let mut first = [0, 0];
        for seed in 0..100 {
            let alone = order(seed, &["a", "b"]);
            let mut among = order(seed, &["a", "b", "c", "d"]);
            among.retain(|task| *task < 2);
            assert_eq!(among, alone, "seed {seed}");
            first[alone[0] as usize] += 1;
        }
        assert!(
            first[0] > 30 && first[1] > 30,
            "either may be first: {first:?}"
        );
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
