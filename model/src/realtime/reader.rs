//! The receiving end of a session: the last number it has, and the stream it is connected to.
//!
//! A stream is one connection, within which frames are counted, so that a frame that comes twice is known,
//! as TCP knows it. Over several streams the number of the last notification is all that is remembered
//! (`last-event-id` of the HTML standard's event sources, § 9.2): the device believes its server that what
//! comes next is what follows. It keeps no notification.

/// What a frame was to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The next of its stream.
    Next,
    /// It was there before.
    Repeated,
    /// The device waits to hear which stream it is connected to.
    Early,
    /// It is of a stream the device has left, or frames before it are missing: the stream is over.
    Broken,
}

/// Where a device stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reader {
    last: i64,
    connection: Connection,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Connection {
    #[default]
    None,
    Asked,
    Open {
        stream: String,
        frames: u64,
    },
}

impl Reader {
    /// The number of the last notification it has; 0 before the first.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// The stream it is connected to.
    pub fn stream(&self) -> Option<&str> {
        match &self.connection {
            Connection::Open { stream, .. } => Some(stream),
            Connection::None | Connection::Asked => None,
        }
    }

    /// It asks for a stream, and leaves the one it had.
    pub fn ask(&mut self) {
        self.connection = Connection::Asked;
    }

    /// It was given a stream.
    pub fn open(&mut self, stream: &str) {
        self.connection = Connection::Open {
            stream: stream.to_owned(),
            frames: 0,
        };
    }

    /// It is connected to nothing.
    pub fn leave(&mut self) {
        self.connection = Connection::None;
    }

    /// A frame has come, with the number of the notification in it if there is one.
    pub fn take(&mut self, stream: &str, frame: u64, number: Option<i64>) -> Taken {
        match &mut self.connection {
            Connection::Asked => Taken::Early,
            Connection::Open {
                stream: mine,
                frames,
            } if mine == stream => match frame {
                known if known <= *frames => Taken::Repeated,
                next if next == *frames + 1 => {
                    *frames = next;
                    self.last = number.unwrap_or(self.last);
                    Taken::Next
                }
                _ => Taken::Broken,
            },
            Connection::None | Connection::Open { .. } => Taken::Broken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(stream: &str) -> Reader {
        let mut reader = Reader::default();
        reader.ask();
        reader.open(stream);
        reader
    }

    /// Frames of streams, each with what it is to a device on stream `b`.
    fn check(frames: &[(&str, u64, Taken)]) {
        let mut reader = open("b");
        for (stream, frame, expected) in frames {
            let taken = reader.take(stream, *frame, Some(40 + *frame as i64));
            assert_eq!(taken, *expected, "frame {frame} of {stream}");
        }
    }

    #[test]
    fn a_device_takes_the_frames_of_its_stream_in_order_and_each_once() {
        use Taken::{Broken, Next, Repeated};
        check(&[("b", 1, Next), ("b", 1, Repeated), ("b", 2, Next)]);
        check(&[("b", 1, Next), ("b", 3, Broken)]);
        check(&[("a", 1, Broken), ("b", 1, Next)]);
    }

    #[test]
    fn before_it_knows_its_stream_and_after_it_left_it_takes_nothing() {
        let mut reader = Reader::default();
        assert_eq!(reader.take("a", 1, Some(1)), Taken::Broken);
        reader.ask();
        assert_eq!(reader.take("a", 1, Some(1)), Taken::Early);
        reader.open("a");
        reader.leave();
        assert_eq!(reader.take("a", 1, Some(1)), Taken::Broken);
        assert_eq!(reader.last(), 0);
    }

    #[test]
    fn what_it_has_outlives_its_streams_and_a_heartbeat_adds_nothing() {
        let mut reader = open("a");
        reader.take("a", 1, Some(7));
        reader.take("a", 2, None);
        reader.ask();
        assert_eq!((reader.last(), reader.stream()), (7, None));
        reader.open("b");
        assert_eq!(reader.take("b", 1, Some(8)), Taken::Next);
        assert_eq!(reader.last(), 8);
    }
}
