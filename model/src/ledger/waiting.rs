//! Statements that wait in the engine, and the tasks that wait for their completion.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::task::{Poll, Waker};

use super::engine::{Reply, SessionId, SqlError, SqlState};

/// One place per session with a statement that waits.
#[derive(Default)]
pub struct Waiting {
    places: RefCell<BTreeMap<SessionId, Place>>,
}

#[derive(Default)]
struct Place {
    reply: Option<Reply>,
    waker: Option<Waker>,
}

impl Waiting {
    /// Waits for the completion of a session's statement.
    pub fn reply(&self, session: SessionId) -> impl Future<Output = Reply> + '_ {
        self.places.borrow_mut().entry(session).or_default();
        std::future::poll_fn(move |poll| {
            let mut places = self.places.borrow_mut();
            let place = places
                .get_mut(&session)
                .expect("invariant: the place of a waiting statement is kept until its reply");
            match place.reply.take() {
                Some(reply) => {
                    places.remove(&session);
                    Poll::Ready(reply)
                }
                None => {
                    place.waker = Some(poll.waker().clone());
                    Poll::Pending
                }
            }
        })
    }

    /// Brings a completion, or gives it back when nobody waits for it any more.
    pub fn complete(&self, session: SessionId, reply: Reply) -> Option<Reply> {
        let mut places = self.places.borrow_mut();
        match places.get_mut(&session) {
            Some(place) if place.reply.is_none() => {
                place.reply = Some(reply);
                if let Some(waker) = place.waker.take() {
                    waker.wake();
                }
                None
            }
            _ => Some(reply),
        }
    }

    /// The client has gone: nobody will read the completion.
    pub fn give_up(&self, session: SessionId) {
        drop(self.complete(session, Reply::Terminated(client_gone())));
    }
}

/// What is answered to a client that is gone.
pub fn client_gone() -> SqlError {
    SqlError::new(
        SqlState::ConnectionFailure,
        "the client has closed the connection",
    )
}
