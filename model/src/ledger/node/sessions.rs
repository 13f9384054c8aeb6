//! Connections and their sessions: who gets one, who is doing what, and which are over.

use std::rc::Rc;
use std::time::Duration;

use sim::record::value::Value as Note;

use super::Ledger;
use crate::ledger::engine::{EngineConfig, SessionId, SessionTimeouts};
use crate::ledger::protocol::{ConnectionKey, LedgerResponse, Peer, SessionActivity};

/// No statement of the service waits longer for a lock (`lock_timeout`): longer than the second after
/// which deadlocks are looked for.
const LOCK_TIMEOUT: Duration = Duration::from_millis(2_500);
/// `statement_timeout`: shorter than a client's patience, so that the client is told.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(4);
/// `idle_in_transaction_session_timeout`: how long a vanished client's locks may be in the way.
const IDLE_IN_TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// `idle_session_timeout`: twice as long as the services keep a connection they do not use.
const IDLE_SESSION_TIMEOUT: Duration = Duration::from_secs(60);

impl Ledger {
    pub(super) fn activity(&self) -> Vec<SessionActivity> {
        let now = self.now();
        let (connections, engine) = (self.connections.borrow(), self.engine.borrow());
        let open = connections.iter();
        open.filter_map(|(client, session)| {
            let (state, idle_since) = engine.session_state(session)?;
            Some(SessionActivity {
                client: client.to_owned(),
                state,
                idle_ms: idle_since.map_or(0, |since| (now - since) / 1_000_000),
            })
        })
        .collect()
    }

    /// Sessions outside a transaction that idled for too long: their clients have gone without a word.
    pub(super) fn idle_for_too_long(&self) -> Vec<SessionId> {
        let since = self
            .now()
            .saturating_sub(IDLE_SESSION_TIMEOUT.as_nanos() as u64);
        let (connections, engine) = (self.connections.borrow(), self.engine.borrow());
        let idle = |session: &SessionId| {
            let state = engine.session_state(*session);
            matches!(state, Some(("idle", Some(idle_since))) if idle_since < since)
        };
        connections
            .iter()
            .map(|(_, session)| session)
            .filter(idle)
            .collect()
    }

    /// Leaves a note of how many sessions are open.
    pub(super) fn note_connections(&self, peer: &Peer) {
        let open = self.engine.borrow().sessions_open();
        let counts = [
            ("client", Note::from(peer.name.as_str())),
            ("open", (open as i64).into()),
            (
                "limit",
                (EngineConfig::postgresql_15().connections_max as i64).into(),
            ),
        ];
        self.context.note("connections", Note::map(counts));
    }

    pub(super) fn connect(
        self: &Rc<Self>,
        connection: ConnectionKey,
        peer: &Peer,
    ) -> LedgerResponse {
        let dead = self.connections.borrow_mut().outlived_by(peer);
        self.close(dead);
        for session in self.idle_for_too_long() {
            self.connections.borrow_mut().forget_session(session);
            self.close([session]);
        }
        if self.connections.borrow().session(connection).is_some() {
            return self.connected();
        }
        let opened = self.engine.borrow_mut().open_session(peer.superuser);
        match opened {
            Ok(session) => {
                self.engine
                    .borrow_mut()
                    .set_timeouts(session, service_timeouts());
                self.connections
                    .borrow_mut()
                    .add(connection, peer.clone(), session);
                self.note_connections(peer);
                self.connected()
            }
            Err(error) => {
                self.note_connections(peer);
                self.context.reached("ledger_refused_a_connection");
                LedgerResponse::Refused(error)
            }
        }
    }

    pub(super) fn connected(&self) -> LedgerResponse {
        LedgerResponse::Connected {
            life: self.context.incarnation(),
        }
    }

    pub(super) fn close(self: &Rc<Self>, sessions: impl IntoIterator<Item = SessionId>) {
        for session in sessions {
            let now = self.now();
            self.engine.borrow_mut().close_session(session, now);
            self.waiting.give_up(session);
        }
        self.after_engine();
    }
}

fn service_timeouts() -> SessionTimeouts {
    let nanos = |span: Duration| Some(span.as_nanos() as u64);
    SessionTimeouts {
        statement_ns: nanos(STATEMENT_TIMEOUT),
        lock_ns: nanos(LOCK_TIMEOUT),
        idle_in_transaction_ns: nanos(IDLE_IN_TRANSACTION_TIMEOUT),
    }
}
