//! Which connections are open, whose they are, and which request of each comes next: a pure value.
//!
//! It gives single messages the behaviour of a stream (see [`protocol`](super::protocol)): each
//! request is taken once and in order, and a client's new life ends the connections of its old one.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::SessionId;
use super::protocol::{ConnectionKey, Peer};

/// The open connections of one process of the Ledger.
#[derive(Debug, Default)]
pub struct Connections {
    open: BTreeMap<ConnectionKey, Connection>,
    /// Every name that was ever taken, or was closed before it could be.
    taken: BTreeSet<ConnectionKey>,
}

#[derive(Debug)]
struct Connection {
    peer: Peer,
    session: SessionId,
    next: u64,
    busy: bool,
}

/// What an arriving request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The connection's next one; its session executes it.
    Next(SessionId),
    /// One that was taken before, or is ahead of one that is missing.
    Repeated,
    /// There is no such connection.
    Unknown,
}

impl Connections {
    /// Whether a connection had this name before: who asks for it again is a late copy.
    pub fn is_over(&self, key: ConnectionKey) -> bool {
        self.taken.contains(&key) && !self.open.contains_key(&key)
    }

    /// Adds a connection. Its first request has the number 0.
    pub fn add(&mut self, key: ConnectionKey, peer: Peer, session: SessionId) {
        let connection = Connection {
            peer,
            session,
            next: 0,
            busy: false,
        };
        self.taken.insert(key);
        self.open.insert(key, connection);
    }

    /// The session of a connection.
    pub fn session(&self, key: ConnectionKey) -> Option<SessionId> {
        self.open.get(&key).map(|connection| connection.session)
    }

    /// Every open connection's client and session.
    pub fn iter(&self) -> impl Iterator<Item = (&str, SessionId)> {
        let open = self.open.values();
        open.map(|connection| (connection.peer.name.as_str(), connection.session))
    }

    /// Takes a request, unless it was taken before or another is being worked on.
    pub fn arrive(&mut self, key: ConnectionKey, sequence: u64) -> Arrival {
        match self.open.get_mut(&key) {
            None => Arrival::Unknown,
            Some(connection) if connection.busy || connection.next != sequence => Arrival::Repeated,
            Some(connection) => {
                connection.next += 1;
                connection.busy = true;
                Arrival::Next(connection.session)
            }
        }
    }

    /// The request that was taken last is over.
    pub fn answered(&mut self, key: ConnectionKey) {
        if let Some(connection) = self.open.get_mut(&key) {
            connection.busy = false;
        }
    }

    /// Removes a connection; gives its session.
    pub fn remove(&mut self, key: ConnectionKey) -> Option<SessionId> {
        self.taken.insert(key);
        self.open.remove(&key).map(|connection| connection.session)
    }

    /// Forgets the connection of a session that the server ended.
    pub fn forget_session(&mut self, session: SessionId) {
        self.open
            .retain(|_, connection| connection.session != session);
    }

    /// Removes the connections of a peer's earlier lives; gives their sessions.
    pub fn outlived_by(&mut self, peer: &Peer) -> Vec<SessionId> {
        let mut dead = Vec::new();
        self.open.retain(|_, connection| {
            let outlived =
                connection.peer.name == peer.name && connection.peer.incarnation < peer.incarnation;
            if outlived {
                dead.push(connection.session);
            }
            !outlived
        });
        dead
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(name: &str, incarnation: u32) -> Peer {
        Peer {
            name: name.into(),
            incarnation,
            superuser: false,
        }
    }

    fn key(number: u64) -> ConnectionKey {
        ConnectionKey(number)
    }

    #[test]
    fn each_request_is_taken_once_and_in_order() {
        let mut connections = Connections::default();
        connections.add(key(1), peer("core-1", 0), SessionId(7));
        assert_eq!(connections.arrive(key(2), 0), Arrival::Unknown);
        assert_eq!(
            connections.arrive(key(1), 1),
            Arrival::Repeated,
            "too early"
        );
        assert_eq!(connections.arrive(key(1), 0), Arrival::Next(SessionId(7)));
        assert_eq!(
            connections.arrive(key(1), 1),
            Arrival::Repeated,
            "still busy"
        );
        connections.answered(key(1));
        assert_eq!(connections.arrive(key(1), 0), Arrival::Repeated, "again");
        assert_eq!(connections.arrive(key(1), 1), Arrival::Next(SessionId(7)));
    }

    #[test]
    fn a_name_that_was_taken_or_closed_is_not_taken_again() {
        let mut connections = Connections::default();
        assert!(!connections.is_over(key(1)));
        connections.add(key(1), peer("core-1", 0), SessionId(7));
        assert!(!connections.is_over(key(1)), "a copy finds it open");
        connections.remove(key(1));
        assert!(connections.is_over(key(1)));
        connections.remove(key(2));
        assert!(connections.is_over(key(2)), "its closing came first");
        connections.add(key(3), peer("core-1", 0), SessionId(8));
        connections.forget_session(SessionId(8));
        assert!(connections.is_over(key(3)));
    }

    #[test]
    fn a_new_life_ends_the_connections_of_the_old_one_only() {
        let mut connections = Connections::default();
        connections.add(key(1), peer("core-1", 0), SessionId(1));
        connections.add(key(2), peer("core-1", 1), SessionId(2));
        connections.add(key(3), peer("core-2", 0), SessionId(3));
        assert_eq!(connections.outlived_by(&peer("core-1", 1)), [SessionId(1)]);
        assert_eq!(connections.session(key(1)), None);
        assert_eq!(connections.session(key(2)), Some(SessionId(2)));
        assert_eq!(connections.session(key(3)), Some(SessionId(3)));
    }
}
