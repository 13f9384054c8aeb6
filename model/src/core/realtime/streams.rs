//! Streams: one for each connected device, over which it is sent what follows its last notification.
//!
//! A stream begins behind and reads from the Ledger no faster than the device takes; once nothing more is
//! there it is live, and [`watching`](super::watching) brings it what is new. Frames go one at a time, each
//! again until the device has it; a frame without a notification is a heartbeat. A stream that the device
//! has left, whose device stays silent, or whose next notification is missing, is given up: nothing is lost,
//! for the device says where it is when it comes again, here or at another instance.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use sim::NodeId;
use sim::record::value::Value as Note;

use super::watching::following;
use super::{Realtime, storing};
use crate::core::node::Core;
use crate::core::protocol::{Answer, Body};
use crate::defects::Defect;
use crate::failure::Failure;
use crate::ledger::client::LedgerError;
use crate::ledger::query::{self, is};
use crate::ledger::replica::bell::Bell;
use crate::ledger::row::Cells;
use crate::ledger::tables::inboxes;
use crate::listener::protocol::{Heard, ListenerRequest};
use crate::realtime::notification::Notification;
use crate::realtime::outlet::Outlet;
use crate::resilience::deadline::Deadline;

const LEDGER_LIMIT: Duration = Duration::from_secs(5);
/// How long a device has to take a frame.
const FRAME_LIMIT: Duration = Duration::from_secs(5);
/// How often a frame is sent before its device counts as gone.
const FRAME_TRIES: u32 = 4;
/// A device that does not know its stream yet is asked again so soon.
const EARLY: Duration = Duration::from_millis(100);
/// A page that could not be read is asked for again so soon.
const PAGE_AGAIN: Duration = Duration::from_millis(500);
/// After so long without a notification a heartbeat is sent.
pub const HEARTBEAT: Duration = Duration::from_secs(10);

/// A connected device.
pub struct Stream {
    /// Its name, which no other stream has.
    pub name: String,
    /// Whose device it is.
    pub user: String,
    /// What is to be sent.
    pub outlet: RefCell<Outlet>,
    /// Rung when there is something to be sent, or nothing any more.
    pub bell: Bell,
    device: NodeId,
    open: Cell<bool>,
}

/// How the sending of a frame ended.
enum Sent {
    Taken,
    Left,
}

/// Connects a device.
///
/// # Errors
/// Only with a defect, as [`LedgerClient::read`](crate::ledger::client::LedgerClient::read).
///
/// # Panics
/// When the topology has no such device: a device names itself.
pub async fn subscribe(
    core: &Core,
    user: &str,
    device: &str,
    last: i64,
    deadline: Deadline,
) -> Result<Answer, LedgerError> {
    match &core.realtime {
        Some(realtime) => realtime.subscribe(user, device, last, deadline).await,
        None => Ok(Answer::refused(404, Failure::LedgerConstraint)),
    }
}

impl Realtime {
    async fn subscribe(
        self: &Rc<Self>,
        user: &str,
        device: &str,
        last: i64,
        deadline: Deadline,
    ) -> Result<Answer, LedgerError> {
        if !self.users.iter().any(|known| known == user) {
            return Ok(Answer::refused(404, Failure::LedgerConstraint));
        }
        let after = if self.defects.has(Defect::SseResumeSkipsEvent) {
            self.head(user, deadline).await?
        } else if self.defects.has(Defect::SseResumeRepeats) {
            (last - 1).max(0)
        } else {
            last
        };
        let number = self.opened.get() + 1;
        self.opened.set(number);
        let (name, life) = (self.context.name(), self.context.incarnation());
        let stream = Rc::new(Stream {
            name: format!("{name}/{life}/{number}"),
            user: user.to_owned(),
            outlet: RefCell::new(Outlet::after(after, self.room)),
            bell: Bell::default(),
            device: self.context.find(device),
            open: Cell::new(true),
        });
        let known = (stream.name.clone(), stream.clone());
        self.streams.borrow_mut().extend([known]);
        let answer = Answer::ok(200, Body::Stream(stream.name.clone()));
        let realtime = self.clone();
        let served = async move { realtime.serve(&stream).await };
        self.context.spawn("stream", served);
        Ok(answer)
    }

    /// The number of a user's last notification; for a defect.
    async fn head(&self, user: &str, deadline: Deadline) -> Result<i64, LedgerError> {
        let inbox = query::select(inboxes::TABLE, is(inboxes::USER, user));
        let rows = self.ledger.read("inbox.read", deadline, inbox).await?;
        Ok(rows.first().map_or(0, |row| row.int(inboxes::LAST)))
    }

    async fn serve(self: &Rc<Self>, stream: &Stream) {
        let mut frames = 0;
        while stream.open.get() {
            let next = stream.outlet.borrow().next().cloned();
            if next.is_none() && !stream.outlet.borrow().is_live() {
                self.catch_up(stream).await;
                continue;
            }
            if next.is_none() {
                let patience = self.context.sleep(HEARTBEAT);
                let news = || !stream.open.get() || stream.outlet.borrow().next().is_some();
                if stream.bell.until_or(news, patience).await {
                    continue;
                }
            }
            frames += 1;
            let is_heartbeat = next.is_none();
            match self.send(stream, frames, next).await {
                Sent::Taken if is_heartbeat => {}
                Sent::Taken => stream.outlet.borrow_mut().sent(),
                Sent::Left => self.close(stream, "its device has left"),
            }
        }
    }

    /// Reads as much as there is room for. When there is no more, the stream is live; what is stored
    /// between this read and the first look is found by that look.
    async fn catch_up(self: &Rc<Self>, stream: &Stream) {
        let (cursor, room) = {
            let outlet = stream.outlet.borrow();
            (outlet.cursor(), outlet.room())
        };
        let deadline = Deadline::within(LEDGER_LIMIT, self.context.monotonic());
        let page = following(&stream.user, cursor, room as u64);
        let page = self.ledger.read("notifications.page", deadline, page).await;
        let Ok(rows) = page else {
            self.context.sleep(PAGE_AGAIN).await;
            return;
        };
        let stands_still = {
            let mut outlet = stream.outlet.borrow_mut();
            for row in &rows {
                outlet.offer(&storing::of_row(row));
            }
            !rows.is_empty() && outlet.cursor() == cursor
        };
        if stands_still {
            // A number is missing, which no commit leaves. The stream cannot go on over it; kept, it would
            // read for ever and never notice that its device has left.
            self.close(stream, "what follows is not there");
        } else if rows.len() < room {
            stream.outlet.borrow_mut().go_live();
            self.look_soon(vec![stream.user.clone()]);
        }
    }

    /// Sends a frame until the device has it.
    async fn send(&self, stream: &Stream, frame: u64, notification: Option<Notification>) -> Sent {
        let request = ListenerRequest::Frame {
            stream: stream.name.clone(),
            frame,
            notification,
        };
        let mut failed = 0;
        while failed < FRAME_TRIES && stream.open.get() {
            let heard = self
                .context
                .call(stream.device, request.clone(), FRAME_LIMIT);
            match heard.await.as_deref() {
                Ok(Heard::Taken) => return Sent::Taken,
                Ok(Heard::Early) => self.context.sleep(EARLY).await,
                Ok(Heard::Left) => return Sent::Left,
                Ok(other) => {
                    panic!("invariant: a device answers a frame in kind, not with {other:?}")
                }
                Err(_) => failed += 1,
            }
        }
        Sent::Left
    }

    /// Ends a stream, and says so to its device, which hears it or notices the silence. Leaves a note
    /// `stream_closed`: the `stream`, its `user`, and why.
    pub(super) fn close(&self, stream: &Stream, why: &str) {
        if !stream.open.replace(false) {
            return;
        }
        self.streams.borrow_mut().remove(&stream.name);
        stream.bell.ring();
        let detail = [
            ("stream", Note::from(stream.name.as_str())),
            ("user", stream.user.as_str().into()),
            ("why", why.into()),
        ];
        self.context.note("stream_closed", Note::map(detail));
        let closed = ListenerRequest::Closed(stream.name.clone());
        self.context.send(stream.device, closed);
    }

    /// Ends every stream: the instance is about to end.
    pub fn close_all(&self) {
        let all: Vec<Rc<Stream>> = self.streams.borrow().values().cloned().collect();
        for stream in all {
            self.close(&stream, "its instance is drained");
        }
    }
}
