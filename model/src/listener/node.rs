//! A device as a node: connects, shows what comes, and connects again when nothing comes any more.
//!
//! It remembers the number of its last notification in its own storage, which outlives the program. It
//! leaves a note `notification_shown` of everything it shows: the `user`, the `stream`, and the
//! notification's `number` and `source`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use sim::latency::Latency;
use sim::network::{CallError, Incoming};
use sim::random::Root;
use sim::record::value::Value as Note;
use sim::{NodeContext, NodeId};

use super::protocol::{Heard, ListenerRequest};
use super::reading;
use crate::core::protocol::{Answer, Ask, Body, CoreRequest};
use crate::core::realtime::streams::HEARTBEAT;
use crate::realtime::config::RealtimeConfig;
use crate::realtime::notification::Notification;
use crate::realtime::reader::{Reader, Taken};

/// How long it waits for an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A stream that is silent for so long is over: two heartbeats have not come.
const SILENCE_MAX: Duration = Duration::from_secs(2 * HEARTBEAT.as_secs() + 5);
/// How often it looks whether its stream is over.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long it waits at most before it asks the next instance.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// What a device is made of.
pub struct ListenerSetup {
    /// Its user.
    pub user: String,
    /// The names of the Core instances.
    pub cores: Vec<String>,
    /// How long it is busy with a notification.
    pub show: Latency,
    /// What users and devices do.
    pub config: RealtimeConfig,
}

impl ListenerSetup {
    /// The device of a user.
    ///
    /// # Panics
    /// When a table does not ascend: configurations are validated before anything is built.
    pub fn of(config: &RealtimeConfig, user: String, cores: &[String]) -> ListenerSetup {
        ListenerSetup {
            user,
            cores: cores.to_vec(),
            show: Latency::try_from(config.show).expect("validated tables ascend"),
            config: config.clone(),
        }
    }
}

/// A device's storage.
pub type Storage = Rc<RefCell<Reader>>;

/// One life of the program on a device.
pub(super) struct Listener {
    pub(super) context: NodeContext,
    pub(super) setup: Rc<ListenerSetup>,
    /// How many unread notifications there are, as it was told last.
    pub(super) badge: Cell<Option<i64>>,
    storage: Storage,
    cores: Vec<NodeId>,
    /// Whose turn it is to be asked.
    turn: Cell<usize>,
    heard_at: Cell<Duration>,
}

/// A device's program.
pub async fn run(context: NodeContext, setup: Rc<ListenerSetup>, storage: Storage) {
    storage.borrow_mut().leave();
    let cores: Vec<NodeId> = setup.cores.iter().map(|name| context.find(name)).collect();
    let first = context.node().index() % cores.len();
    let listener = Rc::new(Listener {
        context: context.clone(),
        setup,
        badge: Cell::new(None),
        storage,
        cores,
        turn: Cell::new(first),
        heard_at: Cell::new(Duration::ZERO),
    });
    context.spawn("connect", listener.clone().stay_connected());
    context.spawn("badge", reading::keep_badge(listener.clone()));
    loop {
        let incoming = context.receive().await;
        context.spawn_for(incoming.lineage, listener.clone().serve(incoming));
    }
}

impl Listener {
    async fn stay_connected(self: Rc<Self>) {
        let mut connected_to = None;
        loop {
            let core = self.turn.get() % self.cores.len();
            if self.connect().await {
                let resumes = self.storage.borrow().last() > 0;
                if resumes && connected_to.is_some_and(|former| former != core) {
                    self.context.reached("sse_resumed_on_another_instance");
                }
                connected_to = Some(core);
                while self.is_connected() {
                    self.context.sleep(LOOK_EVERY).await;
                }
            }
            // Whoever was silent is asked last.
            self.turn.set(self.turn.get() + 1);
            let mut stream = self.context.stream(Root::Schedule, "connect");
            let wait = stream.span(Duration::ZERO, ASK_AGAIN);
            self.context.sleep(wait).await;
        }
    }

    /// Asks an instance for a stream of what follows the last notification.
    async fn connect(&self) -> bool {
        self.storage.borrow_mut().ask();
        let ask = Ask::Subscribe {
            user: self.setup.user.clone(),
            device: self.context.name(),
            last: self.storage.borrow().last(),
        };
        let answer = self.ask(ask).await;
        match answer.as_deref().map(|answer| &answer.body) {
            Ok(Body::Stream(stream)) => {
                self.heard_at.set(self.context.monotonic());
                self.storage.borrow_mut().open(stream);
                true
            }
            _ => {
                self.storage.borrow_mut().leave();
                false
            }
        }
    }

    fn is_connected(&self) -> bool {
        let silent = self.context.monotonic().saturating_sub(self.heard_at.get());
        self.storage.borrow().stream().is_some() && silent < SILENCE_MAX
    }

    /// Asks the instance whose turn it is.
    pub(super) async fn ask(&self, ask: Ask) -> Result<Arc<Answer>, CallError> {
        let request = CoreRequest {
            budget_ms: PATIENCE.as_millis() as u64,
            ask,
        };
        let core = self.cores[self.turn.get() % self.cores.len()];
        self.context.call(core, request, PATIENCE).await
    }

    async fn serve(self: Rc<Self>, incoming: Incoming) {
        let request: Arc<ListenerRequest> = incoming
            .payload()
            .expect("a device is asked in its own protocol");
        let heard = match &*request {
            ListenerRequest::Frame {
                stream,
                frame,
                notification,
            } => self.take(stream, *frame, notification.as_ref()).await,
            ListenerRequest::Closed(stream) => {
                let mut reader = self.storage.borrow_mut();
                if reader.stream() == Some(stream) {
                    reader.leave();
                }
                return;
            }
            ListenerRequest::Tell => Heard::Shown {
                user: self.setup.user.clone(),
                last: self.storage.borrow().last(),
                badge: self.badge.get(),
            },
        };
        self.context.reply(&incoming, heard);
    }

    async fn take(
        self: &Rc<Self>,
        stream: &str,
        frame: u64,
        notification: Option<&Notification>,
    ) -> Heard {
        let number = notification.map(|it| it.number);
        let taken = self.storage.borrow_mut().take(stream, frame, number);
        if matches!(taken, Taken::Next | Taken::Repeated) {
            self.heard_at.set(self.context.monotonic());
        }
        match taken {
            Taken::Next => {
                if let Some(notification) = notification {
                    self.show(stream, notification);
                    self.context.work(&self.setup.show).await;
                }
                Heard::Taken
            }
            Taken::Repeated => Heard::Taken,
            Taken::Early => Heard::Early,
            Taken::Broken => Heard::Left,
        }
    }

    fn show(self: &Rc<Self>, stream: &str, notification: &Notification) {
        let detail = [
            ("user", Note::from(self.setup.user.as_str())),
            ("stream", stream.into()),
            ("number", notification.number.into()),
            ("source", notification.source.as_str().into()),
        ];
        self.context.note("notification_shown", Note::map(detail));
        reading::read(self, notification.number);
    }
}
