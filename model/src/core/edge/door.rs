//! The door of an instance: where a request comes in, waits, or is told to come back.
//!
//! The async shell around [`gate`](super::gate), [`bucket`](super::bucket) and [`adaptive`](super::adaptive). It
//! notes for the checks what becomes of every request, and measures how many wait.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::adaptive::AdaptiveLimit;
use super::bucket::TokenBucket;
use super::config::{EdgeConfig, LimiterClock};
use super::gate::{Arrival, Flaws, Gate, Priority, Visitor};
use crate::core::protocol::{Answer, Ask};
use crate::defects::{Defect, Defects};

/// The door of one instance. Clones are the same door.
#[derive(Clone)]
pub struct Door(Rc<Inner>);

struct Inner {
    context: NodeContext,
    config: EdgeConfig,
    clock: LimiterClock,
    sheds_silently: bool,
    gate: RefCell<Gate>,
    limit: RefCell<Option<AdaptiveLimit>>,
    bucket: RefCell<Option<TokenBucket>>,
    called: RefCell<BTreeMap<Visitor, Fate>>,
    wakers: RefCell<BTreeMap<Visitor, Waker>>,
    came: Cell<u64>,
}

/// What became of one that waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Begins,
    Shed,
}

/// Who is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turned {
    /// It is told to come back.
    Away(Answer),
    /// A defect's way: it is told nothing.
    Forgotten,
}

/// How important a request is.
pub fn priority_of(ask: &Ask) -> Priority {
    match ask {
        Ask::VerificationCompleted { .. }
        | Ask::ListDeadLetters
        | Ask::ReplayDeadLetter(_)
        | Ask::DiscardDeadLetter(_)
        | Ask::ReplayDeliveries { .. }
        | Ask::EnableEndpoint(_)
        | Ask::RotateSecret { .. }
        | Ask::Reindex
        | Ask::Ring(_)
        | Ask::Health
        | Ask::Drain => Priority::High,
        Ask::Register(_)
        | Ask::Rename { .. }
        | Ask::Edit(_)
        | Ask::RequestVerification { .. }
        | Ask::ReceiveWebhook(_)
        | Ask::Notify { .. }
        | Ask::MarkRead { .. } => Priority::Normal,
        Ask::Read(_)
        | Ask::ReadAt { .. }
        | Ask::Look(_)
        | Ask::QueryAudit(_)
        | Ask::PageAudit { .. }
        | Ask::Search(_)
        | Ask::Subscribe { .. }
        | Ask::ListNotifications { .. }
        | Ask::TakeNotices { .. } => Priority::Low,
    }
}

impl Door {
    /// An open one.
    pub fn new(context: &NodeContext, config: &EdgeConfig, defects: &Defects) -> Door {
        let flaws = Flaws {
            unbounded: defects.has(Defect::UnboundedQueue),
            inverted: defects.has(Defect::PriorityInverted),
        };
        let adaptive = config.adaptive.map(|adaptive| {
            let target = Duration::from_millis(adaptive.target_ms);
            AdaptiveLimit::new(adaptive.in_flight_min, config.in_flight_max, target)
        });
        let by_wall_clock = defects.has(Defect::LimiterByWallClock);
        let clock = match config.limiter.map(|it| it.clock) {
            Some(LimiterClock::Monotonic) | None if !by_wall_clock => LimiterClock::Monotonic,
            _ => LimiterClock::Wall,
        };
        let now = time(context, clock);
        let limiter = config.limiter;
        let bucket = limiter.map(|it| TokenBucket::new(it.per_second, it.burst, now));
        let opened = [
            ("in_flight_max", config.in_flight_max.into()),
            ("waiting_max", config.waiting_max.map(i64::from).into()),
            (
                "per_second",
                limiter.map(|it| i64::from(it.per_second)).into(),
            ),
            ("burst", limiter.map(|it| i64::from(it.burst)).into()),
        ];
        context.note("door_opened", Value::map(opened));
        Door(Rc::new(Inner {
            context: context.clone(),
            config: config.clone(),
            clock,
            sheds_silently: defects.has(Defect::ShedsAcceptedWork),
            gate: RefCell::new(Gate::new(config.in_flight_max, config.waiting_max, flaws)),
            limit: RefCell::new(adaptive),
            bucket: RefCell::new(bucket),
            called: RefCell::default(),
            wakers: RefCell::default(),
            came: Cell::new(0),
        }))
    }

    /// Lets a request in, perhaps after a wait no longer than its sender's patience.
    ///
    /// # Errors
    /// What it is told instead.
    pub async fn enter(&self, ask: &Ask, patience: Duration) -> Result<Pass, Turned> {
        let inner = &self.0;
        let (visitor, priority) = (Visitor(inner.came.get()), priority_of(ask));
        inner.came.set(visitor.0 + 1);
        if let Err(wait) = inner.take_token() {
            inner.context.reached("too_fast_was_told");
            return Err(inner.turn_away("limited", visitor, priority, 429, wait));
        }
        let arrival = inner.gate.borrow_mut().arrive(visitor, priority);
        match arrival {
            Arrival::Begins => inner.tell("begins", visitor, priority, &[]),
            Arrival::Refused => {
                return Err(inner.turn_away("refused", visitor, priority, 503, Duration::ZERO));
            }
            Arrival::Waits { instead_of } => {
                if let Some((other, _)) = instead_of {
                    inner.decide(other, Fate::Shed);
                }
                inner.tell("waits", visitor, priority, &[]);
                self.wait(visitor, priority, patience).await?;
            }
        }
        let began = inner.context.monotonic();
        Ok(Pass {
            door: self.clone(),
            visitor,
            priority,
            began,
        })
    }

    async fn wait(
        &self,
        visitor: Visitor,
        priority: Priority,
        patience: Duration,
    ) -> Result<(), Turned> {
        let inner = &self.0;
        let mut sleep = inner.context.sleep(patience);
        let fate = poll_fn(|context| {
            if let Some(fate) = inner.called.borrow_mut().remove(&visitor) {
                return Poll::Ready(Some(fate));
            }
            let waker = context.waker().clone();
            inner.wakers.borrow_mut().insert(visitor, waker);
            Pin::new(&mut sleep).poll(context).map(|()| None)
        });
        match fate.await {
            Some(Fate::Begins) => Ok(()),
            Some(Fate::Shed) if inner.sheds_silently => Err(Turned::Forgotten),
            Some(Fate::Shed) => {
                inner.context.reached("lesser_request_made_room");
                Err(inner.turn_away("shed", visitor, priority, 503, Duration::ZERO))
            }
            None => {
                inner.wakers.borrow_mut().remove(&visitor);
                inner.gate.borrow_mut().withdraw(visitor, priority);
                Err(inner.turn_away("gave_up", visitor, priority, 503, Duration::ZERO))
            }
        }
    }
}

impl Inner {
    fn take_token(&self) -> Result<(), Duration> {
        let now = time(&self.context, self.clock);
        match &mut *self.bucket.borrow_mut() {
            Some(bucket) => bucket.take(now),
            None => Ok(()),
        }
    }

    fn decide(&self, visitor: Visitor, fate: Fate) {
        self.called.borrow_mut().insert(visitor, fate);
        if let Some(waker) = self.wakers.borrow_mut().remove(&visitor) {
            waker.wake();
        }
    }

    /// The answer for who is not let in: when to come back, at the earliest after `wait`.
    fn turn_away(
        &self,
        did: &'static str,
        visitor: Visitor,
        priority: Priority,
        status: u16,
        wait: Duration,
    ) -> Turned {
        let least = u64::try_from(wait.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let after = self.config.retry_after_ms.max(least);
        let told = [
            ("status", i64::from(status).into()),
            (
                "retry_after_ms",
                i64::try_from(after).unwrap_or(i64::MAX).into(),
            ),
        ];
        self.tell(did, visitor, priority, &told);
        self.context.reached("overload_was_told");
        self.context.count(
            "core.edge.turned_away",
            &[("why", did), ("priority", priority.name())],
        );
        let mut answer = Answer::later(status, None);
        answer.retry_after_ms = Some(after);
        Turned::Away(answer)
    }

    /// Notes what became of a request, and who waits now.
    fn tell(
        &self,
        did: &'static str,
        visitor: Visitor,
        priority: Priority,
        more: &[(&'static str, Value)],
    ) {
        let gate = self.gate.borrow();
        let mut detail = vec![
            ("did", did.into()),
            ("visitor", (visitor.0 as i64).into()),
            ("priority", priority.name().into()),
            ("in_flight", gate.in_flight().into()),
        ];
        let waiting = Priority::ALL.map(|it| (it.name(), gate.waiting_with(it).into()));
        detail.extend(waiting);
        detail.extend(more.iter().cloned());
        let instance = self.context.name();
        let labels = [("instance", instance.as_str())];
        let depth = i64::from(gate.waiting_count());
        self.context.gauge("core.edge.waiting", &labels, depth);
        let detail = detail.into_iter().collect();
        self.context.note("door", Value::Map(detail));
    }

    /// A place is free again.
    fn leave(&self, visitor: Visitor, priority: Priority, took: Duration) {
        let in_flight = self.gate.borrow().in_flight();
        self.gate.borrow_mut().leave();
        if let Some(limit) = &mut *self.limit.borrow_mut() {
            let before = limit.limit();
            limit.done(took, in_flight);
            self.gate.borrow_mut().set_places(limit.limit());
            if limit.limit() < before {
                self.context.reached("edge_let_fewer_in");
            }
        }
        self.tell("finished", visitor, priority, &[]);
        loop {
            let next = self.gate.borrow_mut().call();
            let Some((next, priority)) = next else { break };
            self.tell("called", next, priority, &[]);
            self.decide(next, Fate::Begins);
        }
    }
}

/// The time a limiter goes by, in nanoseconds.
fn time(context: &NodeContext, clock: LimiterClock) -> i64 {
    match clock {
        LimiterClock::Wall => context.wall_clock().nanos(),
        LimiterClock::Monotonic => {
            i64::try_from(context.monotonic().as_nanos()).unwrap_or(i64::MAX)
        }
    }
}

/// A place behind the door, until dropped.
pub struct Pass {
    door: Door,
    visitor: Visitor,
    priority: Priority,
    began: Duration,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let inner = &self.door.0;
        let took = inner.context.monotonic().saturating_sub(self.began);
        inner.leave(self.visitor, self.priority, took);
    }
}
