//! What a node may reach: its context, and nothing else.
//!
//! A node is a program that is given a [`NodeContext`] at each start. Through it it reads its own
//! clock, sleeps and works, sends and receives, reads and writes its disk, draws chance named by
//! cause, passes fault points, and leaves notes for the checks. There is no other way out of a node.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::agenda::Ticket;
use crate::agenda_entry::{Entry, Timer};
use crate::clock::WallTime;
use crate::disk::DiskHandle;
use crate::latency::Latency;
use crate::network::call::{CallId, Pending};
use crate::network::message::downcast;
use crate::network::{CallError, Incoming, MessageKind, Payload, Request};
use crate::random::{Lineage, Root, Stream};
use crate::record::history::{OperationId, Outcome};
use crate::record::metrics::MetricKey;
use crate::record::note::Note;
use crate::record::scrapes::Scrapes;
use crate::record::trace::Happening;
use crate::record::value::Value;
use crate::world::World;

/// Names a node of a run by its position in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(u32);

impl NodeId {
    /// The node at a position.
    pub const fn at(index: usize) -> NodeId {
        NodeId(index as u32)
    }

    /// Its position.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node's handles, valid for one incarnation. Outliving it, they are inert.
#[derive(Clone)]
pub struct NodeContext {
    world: World,
    node: NodeId,
    incarnation: u32,
}

impl NodeContext {
    pub(crate) fn new(world: World, node: NodeId, incarnation: u32) -> NodeContext {
        NodeContext {
            world,
            node,
            incarnation,
        }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Whether the process this context belongs to still runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.world.is_current(self.node, self.incarnation)
    }

    /// Which node this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The node's name.
    pub fn name(&self) -> String {
        self.world.node_name(self.node)
    }

    /// Which life of the node this is, counted from zero.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The node with this name.
    ///
    /// # Panics
    /// When the topology has none: the program was wired wrongly.
    pub fn find(&self, name: &str) -> NodeId {
        self.world
            .find(name)
            .unwrap_or_else(|| panic!("the topology has a node `{name}`"))
    }

    /// The nodes whose names begin so, in the order of their creation.
    pub fn find_all(&self, prefix: &str) -> Vec<NodeId> {
        let names = self.world.node_names();
        let fitting = names.iter().filter(|name| name.starts_with(prefix));
        fitting.map(|name| self.find(name)).collect()
    }

    // Time.

    /// What the node's wall clock shows. It may be wrong, and may step.
    pub fn wall_clock(&self) -> WallTime {
        self.world
            .with_process(self.node, |process| process.clock.wall(self.world.now()))
    }

    /// The node's monotonic clock, in nanoseconds: it drifts but never steps.
    pub fn monotonic(&self) -> Duration {
        let nanos = self.world.with_process(self.node, |process| {
            process.clock.monotonic(self.world.now())
        });
        Duration::from_nanos(nanos)
    }

    /// Waits for a span on the node's own clock.
    pub fn sleep(&self, span: Duration) -> Sleep {
        let span = self
            .world
            .with_process(self.node, |process| process.clock.true_span(span));
        self.sleep_true(span)
    }

    /// Waits for a span of true time: for what the machine, not the program, is busy with.
    pub(crate) fn sleep_true(&self, span: Duration) -> Sleep {
        let timer = Timer::default();
        let ticket = self.is_alive().then(|| {
            let due = self.world.now() + span;
            self.world
                .enter(due, Entry::Alarm(self.node, timer.clone()))
        });
        Sleep {
            world: self.world.clone(),
            timer,
            ticket,
        }
    }

    /// Works for as long as the table says, longer while the process is slow.
    pub async fn work(&self, latency: &Latency) {
        let span = match latency.as_constant() {
            Some(constant) => constant,
            None => latency.draw(&mut self.stream(Root::Schedule, "work")),
        };
        let factor = self.world.with_process(self.node, |process| {
            process
                .slow
                .iter()
                .map(|(_, factor)| *factor)
                .fold(1, u32::saturating_mul)
        });
        self.sleep_true(span.saturating_mul(factor)).await;
    }

    // Chance and tasks.

    /// The stream for the next draw this task makes for a purpose.
    pub fn stream(&self, root: Root, purpose: &'static str) -> Stream {
        self.world.stream(root, self.lineage(purpose), purpose)
    }

    /// The stream of a thing that is the same whoever asks and however often, such as whether an item
    /// is poison.
    pub fn stream_of(&self, root: Root, cause: Lineage, purpose: &'static str) -> Stream {
        self.world.stream(root, cause, purpose)
    }

    /// The lineage of the next thing this task does for a purpose.
    pub fn lineage(&self, purpose: &'static str) -> Lineage {
        self.world.current_task().next(purpose)
    }

    /// Starts a task whose cause is the current one.
    pub fn spawn(&self, purpose: &'static str, body: impl Future<Output = ()> + 'static) {
        self.spawn_for(self.lineage(purpose), body);
    }

    /// Starts a task with a cause of its own, such as a received message's
    /// [`Incoming::lineage`] or a job's name.
    pub fn spawn_for(&self, lineage: Lineage, body: impl Future<Output = ()> + 'static) {
        self.world.spawn(self.node, self.incarnation, lineage, body);
    }

    // Network.

    /// Sends a message nobody answers.
    pub fn send(&self, to: NodeId, payload: impl Payload) {
        if self.is_alive() {
            let lineage = self.lineage("send");
            self.world.send(
                self.node,
                to,
                MessageKind::OneWay,
                Arc::new(payload),
                lineage,
            );
        }
    }

    /// Asks and waits for the answer until a deadline on the node's own clock.
    ///
    /// # Errors
    /// [`CallError`]; only a refusal is certain to have had no effect.
    ///
    /// # Panics
    /// When the answer is not of the request's response type: a bug in the answering node.
    pub async fn call<R: Request>(
        &self,
        to: NodeId,
        request: R,
        deadline: Duration,
    ) -> Result<Arc<R::Response>, CallError> {
        if !self.is_alive() {
            return std::future::pending().await;
        }
        let lineage = self.lineage("call");
        let (call, pending) = self.world.network().borrow_mut().calls.open(self.node);
        self.world.send(
            self.node,
            to,
            MessageKind::Request(call),
            Arc::new(request),
            lineage,
        );
        let answer = Call {
            world: self.world.clone(),
            open: Some(call),
            pending,
            deadline: self.sleep(deadline),
        }
        .await?;
        Ok(downcast(answer).expect("a response has the type its request promises"))
    }

    /// Waits for the next message.
    pub fn receive(&self) -> impl Future<Output = Incoming> + use<> {
        let context = self.clone();
        std::future::poll_fn(move |poll| {
            if !context.is_alive() {
                return Poll::Pending;
            }
            context.world.with_process(context.node, |process| {
                match process.mailbox.arrived.pop_front() {
                    Some(incoming) => Poll::Ready(incoming),
                    None => {
                        process.mailbox.receiver = Some(poll.waker().clone());
                        Poll::Pending
                    }
                }
            })
        })
    }

    /// Answers a received request. Without effect when the sender waits for no answer.
    pub fn reply(&self, incoming: &Incoming, response: impl Payload) {
        let Some(call) = incoming.call else {
            return;
        };
        if self.is_alive() {
            self.world
                .network()
                .borrow_mut()
                .calls
                .answered(self.node, call);
            let lineage = incoming.lineage.child("reply", 0);
            let kind = MessageKind::Response(call);
            self.world
                .send(self.node, incoming.from, kind, Arc::new(response), lineage);
        }
    }

    // Machine.

    /// The node's disk.
    pub fn disk(&self) -> DiskHandle<'_> {
        DiskHandle::new(self)
    }

    /// Passes a named place at which planned faults may strike.
    pub async fn pass(&self, point: &'static str) {
        let stall = self.world.pass_point(self, point);
        let paused = self
            .world
            .with_process(self.node, |process| process.is_paused());
        if stall.is_some() || paused {
            // A process paused here must not run on: even a wait of no length ends when it resumes.
            self.sleep_true(stall.unwrap_or_default()).await;
        }
        if !self.is_alive() {
            std::future::pending().await
        }
    }

    /// Ends the process by its own decision, as a store does that can no longer trust its disk.
    /// It stays down for `restart_after`, then its supervisor starts it again.
    pub async fn abort(&self, restart_after: Duration) -> ! {
        if self.is_alive() {
            self.world.abort(self.node, restart_after);
        }
        std::future::pending().await
    }

    // Record.

    /// Leaves a note for the checks.
    pub fn note(&self, name: &'static str, detail: Value) {
        if self.is_alive() {
            let detail = Arc::new(detail);
            let note = Note {
                at: self.world.now(),
                node: self.name(),
                incarnation: self.incarnation,
                name: name.to_owned(),
                detail: Arc::clone(&detail),
            };
            self.world.recorder().borrow_mut().notes.push(note);
            self.world
                .trace(self.node, Happening::Noted { name, detail });
        }
    }

    /// Says that a state worth reaching was reached (see the *sometimes* checks).
    pub fn reached(&self, state: &'static str) {
        if self.is_alive() {
            self.world
                .recorder()
                .borrow_mut()
                .reached
                .insert(state.to_owned());
        }
    }

    /// Writes the invocation of a client operation into the history.
    pub fn invoke(&self, process: String, function: &str, input: Value) -> OperationId {
        let now = self.world.now();
        let operation = self
            .world
            .recorder()
            .borrow_mut()
            .history
            .invoke(process, function, input, now);
        self.world
            .trace(self.node, Happening::Invoked { operation });
        operation
    }

    /// Writes the completion of a client operation into the history.
    pub fn complete(&self, operation: OperationId, outcome: Outcome) {
        if self.is_alive() {
            let now = self.world.now();
            self.world
                .recorder()
                .borrow_mut()
                .complete(operation, outcome, now);
            self.world
                .trace(self.node, Happening::Completed { operation });
        }
    }

    /// Adds one to a counter.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) {
        if self.is_alive() {
            let key = MetricKey::new(name, labels);
            self.world.recorder().borrow_mut().metrics.count(key, 1);
        }
    }

    /// Sets a gauge. One whose label `instance` names this node is of this process and ends with
    /// it: while the process is down or stands still, no scrape sees it, and its next life must set
    /// it anew. Any other is of the system as a whole and keeps its value.
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)], value: i64) {
        if !self.is_alive() {
            return;
        }
        let key = MetricKey::new(name, labels);
        let of = (key.labels.get("instance") == Some(&self.name()))
            .then_some((self.node, self.incarnation));
        let now = self.world.now();
        self.world
            .recorder()
            .borrow_mut()
            .metrics
            .gauge(key, now, value, of);
    }

    /// Takes a scrape of all counters and gauges of the run, as a monitoring system does, and reads
    /// all scrapes so far. It reaches every process out of band: no network delays or loses it.
    pub fn scrape<T>(&self, read: impl FnOnce(&Scrapes) -> T) -> T {
        let mut recorder = self.world.recorder().borrow_mut();
        if self.is_alive() {
            let answers = |(node, incarnation)| self.world.answers(node, incarnation);
            recorder.metrics.scrape(self.world.now(), answers);
        }
        read(&recorder.metrics.scrapes)
    }

    /// Adds a span to a histogram; nothing stands for one that failed, hence took forever.
    pub fn measure(&self, name: &str, labels: &[(&str, &str)], span: Option<Duration>) {
        if !self.is_alive() {
            return;
        }
        let key = MetricKey::new(name, labels);
        let mut recorder = self.world.recorder().borrow_mut();
        let histogram = recorder.metrics.histogram(key);
        match span {
            Some(span) => histogram.record(span),
            None => histogram.record_failure(),
        }
    }
}

/// A wait; dropping it cancels its timer.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    world: World,
    timer: Timer,
    /// Nothing when the process was dead from the start: such a sleep never ends.
    ticket: Option<Ticket>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.timer.poll(context.waker())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.world.cancel(ticket);
        }
    }
}

/// The wait for an answer.
struct Call {
    world: World,
    /// Nothing once the answer is here: the network closed the call when it came.
    open: Option<CallId>,
    pending: Pending,
    deadline: Sleep,
}

impl Future for Call {
    type Output = Result<Arc<dyn Payload>, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The answer is looked at first: one that arrives at the deadline counts.
        if let Poll::Ready(answer) = self.pending.poll(context.waker()) {
            self.open = None;
            return Poll::Ready(answer);
        }
        Pin::new(&mut self.deadline)
            .poll(context)
            .map(|()| Err(CallError::TimedOut))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let Some(call) = self.open {
            drop(self.world.network().borrow_mut().calls.close(call));
        }
    }
}
