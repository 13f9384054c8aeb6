//! A client of the PostgreSQL wire protocol that can be asked whether an answer has come yet, and that keeps
//! command tags, which the usual clients throw away: `COMMIT` of a failed transaction differs from any other
//! by its tag alone.

use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::{backend, frontend};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a statement came to: a command tag and rows, or an SQLSTATE and a message.
pub type Answer = Result<(String, Vec<Vec<Option<String>>>), (String, String)>;

/// One session of a real server.
pub struct Wire {
    stream: UnixStream,
    input: BytesMut,
    tag: String,
    rows: Vec<Vec<Option<String>>>,
    error: Option<(String, String)>,
    busy: bool,
    /// The server's process number.
    pub pid: i32,
}

impl Wire {
    /// Connects as superuser.
    pub fn connect(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).expect("the server listens");
        let mut output = BytesMut::new();
        frontend::startup_message(
            [("user", "postgres"), ("database", "postgres")],
            &mut output,
        )
        .expect("short names");
        stream.write_all(&output).expect("the server reads");
        stream
            .set_nonblocking(true)
            .expect("a socket can be polled");
        let (tag, rows) = (String::new(), Vec::new());
        let mut wire = Self {
            stream,
            input: BytesMut::new(),
            tag,
            rows,
            error: None,
            busy: true,
            pid: 0,
        };
        wire.wait(Duration::from_secs(10))
            .expect("the server greets")
            .expect("trust needs no password");
        wire
    }

    /// Sends a statement without waiting for its answer.
    pub fn send(&mut self, sql: &str) {
        let mut output = BytesMut::new();
        frontend::query(sql, &mut output).expect("no zero byte in SQL");
        self.stream.write_all(&output).expect("the server reads");
        self.busy = true;
    }

    /// Whether a statement was sent whose answer has not come.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// Waits a little for something to read.
    pub fn wait_readable(&mut self, patience: Duration) -> bool {
        self.stream
            .set_nonblocking(false)
            .expect("a socket can block");
        self.stream
            .set_read_timeout(Some(patience))
            .expect("a socket can time out");
        let mut chunk = [0; 4096];
        let count = self.stream.read(&mut chunk).unwrap_or(0);
        self.input.extend_from_slice(&chunk[..count]);
        self.stream
            .set_nonblocking(true)
            .expect("a socket can be polled");
        count > 0
    }

    /// Executes a statement that does not wait for locks.
    pub fn run(&mut self, sql: &str) -> Answer {
        self.send(sql);
        self.wait(Duration::from_secs(30))
            .expect("an answer within 30 s")
    }

    /// The answer, if it comes in time.
    pub fn wait(&mut self, patience: Duration) -> Option<Answer> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(answer) = self.poll() {
                return Some(answer);
            }
            if Instant::now() >= deadline {
                return None;
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }

    /// The answer, if it has come.
    pub fn poll(&mut self) -> Option<Answer> {
        let answer = self.receive();
        self.busy &= answer.is_none();
        answer
    }

    fn receive(&mut self) -> Option<Answer> {
        let mut chunk = [0; 16384];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => {
                    let lost = (
                        "08006".to_owned(),
                        "the server closed the connection".to_owned(),
                    );
                    return Some(Err(self.error.take().unwrap_or(lost)));
                }
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("the socket failed: {error}"),
            }
        }
        while let Some(message) =
            backend::Message::parse(&mut self.input).expect("the server speaks the protocol")
        {
            if let Some(answer) = self.take(message) {
                return Some(answer);
            }
        }
        None
    }

    fn take(&mut self, message: backend::Message) -> Option<Answer> {
        match message {
            backend::Message::BackendKeyData(body) => self.pid = body.process_id(),
            backend::Message::DataRow(body) => {
                let ranges: Vec<_> = body.ranges().collect().expect("a well-formed row");
                let cell = |range: std::ops::Range<usize>| {
                    String::from_utf8_lossy(&body.buffer()[range]).into_owned()
                };
                self.rows
                    .push(ranges.into_iter().map(|range| range.map(cell)).collect());
            }
            backend::Message::CommandComplete(body) => {
                body.tag().expect("a tag").clone_into(&mut self.tag)
            }
            backend::Message::ErrorResponse(body) => {
                let (mut state, mut words) = (String::new(), String::new());
                let mut fields = body.fields();
                while let Some(field) = fields.next().expect("well-formed fields") {
                    match field.type_() {
                        b'C' => state = String::from_utf8_lossy(field.value_bytes()).into_owned(),
                        b'M' => words = String::from_utf8_lossy(field.value_bytes()).into_owned(),
                        _ => {}
                    }
                }
                self.error = Some((state, words));
            }
            backend::Message::ReadyForQuery(_) => {
                let rows = std::mem::take(&mut self.rows);
                let tag = std::mem::take(&mut self.tag);
                return Some(self.error.take().map_or(Ok((tag, rows)), Err));
            }
            _ => {}
        }
        None
    }
}
