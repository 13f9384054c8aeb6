//! What a device is asked: frames of its stream, and at the end of a run what it shows.

use sim::network::{Payload, Request};

use crate::realtime::notification::Notification;

/// What reaches a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ListenerRequest {
    /// A frame of a stream.
    Frame {
        /// The stream.
        stream: String,
        /// Its place in the stream, from 1.
        frame: u64,
        /// What is in it; nothing in a heartbeat.
        notification: Option<Notification>,
    },
    /// A stream is over.
    Closed(String),
    /// What it shows.
    Tell,
}

/// What a device answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Heard {
    /// It has the frame.
    Taken,
    /// It does not know its stream yet.
    Early,
    /// It is not on that stream, or not any more.
    Left,
    /// What it shows.
    Shown {
        /// Its user.
        user: String,
        /// The number of the last notification it has shown.
        last: i64,
        /// How many unread notifications it says there are; nothing before it was told.
        badge: Option<i64>,
    },
}

impl Payload for ListenerRequest {}
impl Payload for Heard {}
impl Request for ListenerRequest {
    type Response = Heard;
}
