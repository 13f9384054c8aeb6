//! A worker process seen from outside: started, asked, watched, ended.
//!
//! Whatever a seed does to its process — hang, spin, abort, eat all memory — comes out here as a
//! value that says so.

#![expect(
    clippy::disallowed_methods,
    reason = "worker processes are watched in real time, on threads outside any simulation"
)]

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::limits::{Limits, resident_memory};
use super::protocol::{Reply, Request};
use crate::failure::Failure;
use crate::setup::SetupText;

/// A running worker.
pub struct WorkerProcess {
    child: Child,
    input: Option<ChildStdin>,
    replies: Receiver<String>,
    complaint: Arc<Mutex<String>>,
}

/// Why a request has no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It took too long.
    TimedOut(Duration),
    /// It took too much memory.
    OutOfMemory {
        /// How much was allowed, in bytes.
        allowed: u64,
    },
    /// The process ended by itself.
    Ended {
        /// How, and what it said last.
        how: String,
    },
    /// Somebody else ended the process.
    Killed {
        /// By which signal.
        signal: i32,
    },
    /// The coordinator was told to stop.
    Stopped,
}

/// Signals by which others end a process: hang-up, interrupt, kill (the system's out-of-memory killer
/// among others) and terminate.
const SIGNALS_FROM_OUTSIDE: [i32; 4] = [1, 2, 9, 15];

/// How often a waiting coordinator looks at time, memory and its own orders.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl WorkerProcess {
    /// Starts this program again as a worker.
    ///
    /// # Errors
    /// When the system has no process to give.
    pub fn start(setup: &SetupText) -> Result<WorkerProcess, Failure> {
        let failed = |error| Failure::Temporary(format!("cannot start a worker process: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // In a group of its own, an interrupt at the terminal reaches the coordinator alone,
            // which then ends its workers in order.
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let stdin = child.stdin.take().expect("a piped input is there");
        let stdout = child.stdout.take().expect("a piped output is there");
        let stderr = child.stderr.take().expect("a piped error output is there");
        let (reply, replies) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if reply.send(line).is_err() {
                    return;
                }
            }
        });
        let complaint = Arc::new(Mutex::new(String::new()));
        let heard = complaint.clone();
        thread::spawn(move || listen(stderr, &heard));
        let mut worker = WorkerProcess {
            child,
            input: Some(stdin),
            replies,
            complaint,
        };
        let setup = serde_json::to_string(setup).expect("a setup's maps have text as keys");
        // A worker that is gone already is found out by the first request.
        let _ = worker.say(&setup);
        Ok(worker)
    }

    /// Asks and waits, within limits, until `stop` says to give up.
    ///
    /// # Errors
    /// [`Lost`]; the worker is then ended and of no further use.
    pub fn ask(
        &mut self,
        request: &Request,
        limits: &Limits,
        stop: &dyn Fn() -> bool,
    ) -> Result<Reply, Lost> {
        let began = Instant::now();
        let request = serde_json::to_string(request).expect("a request's maps have text as keys");
        if self.say(&request).is_err() {
            return Err(self.ended());
        }
        loop {
            match self.replies.recv_timeout(LOOK_EVERY) {
                Ok(line) => {
                    return serde_json::from_str(&line).map_err(|error| {
                        self.end(Lost::Ended {
                            how: format!("its reply makes no sense: {error}"),
                        })
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if stop() => return Err(self.end(Lost::Stopped)),
                Err(RecvTimeoutError::Timeout) if began.elapsed() >= limits.wall => {
                    return Err(self.end(Lost::TimedOut(limits.wall)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if resident_memory(self.child.id()).is_some_and(|bytes| bytes > limits.memory) {
                let allowed = limits.memory;
                return Err(self.end(Lost::OutOfMemory { allowed }));
            }
        }
    }

    fn say(&mut self, line: &str) -> std::io::Result<()> {
        let Some(input) = &mut self.input else {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        };
        input.write_all(line.as_bytes())?;
        input.write_all(b"\n")?;
        input.flush()
    }

    fn end(&mut self, why: Lost) -> Lost {
        self.kill();
        why
    }

    /// The process has closed its output: how did it end?
    fn ended(&mut self) -> Lost {
        self.input = None;
        let Ok(status) = self.child.wait() else {
            let how = "nobody knows how".to_owned();
            return Lost::Ended { how };
        };
        match status.signal() {
            Some(signal) if SIGNALS_FROM_OUTSIDE.contains(&signal) => Lost::Killed { signal },
            _ => Lost::Ended {
                how: self.describe(status),
            },
        }
    }

    fn describe(&self, status: ExitStatus) -> String {
        // The listener may still be busy with the last words.
        let deadline = Instant::now() + Duration::from_millis(200);
        while self.complaint.lock().is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
        match self.complaint.lock().trim() {
            "" => status.to_string(),
            said => format!("{status}; it said: {said}"),
        }
    }

    fn kill(&mut self) {
        self.input = None;
        // It may have ended by itself meanwhile, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}

/// How much of a worker's complaint is kept, in bytes.
const COMPLAINT_MAX: usize = 2_000;

fn listen(mut errors: impl Read, heard: &Mutex<String>) {
    let mut buffer = [0; 512];
    while let Ok(length) = errors.read(&mut buffer) {
        if length == 0 {
            return;
        }
        let mut heard = heard.lock();
        heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
        if heard.len() > COMPLAINT_MAX {
            let surplus = heard.len() - COMPLAINT_MAX;
            let cut = (surplus..heard.len()).find(|at| heard.is_char_boundary(*at));
            heard.drain(..cut.unwrap_or(surplus));
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lost::TimedOut(limit) => write!(
                f,
                "no result after {} s of wall time (--seed-timeout)",
                limit.as_secs()
            ),
            Lost::OutOfMemory { allowed } => write!(
                f,
                "its process took more than {} MiB of memory (--memory-limit)",
                allowed / (1 << 20)
            ),
            Lost::Ended { how } => write!(f, "its process ended: {how}"),
            Lost::Killed { signal } => {
                write!(f, "its process was ended from outside (signal {signal})")
            }
            Lost::Stopped => f.write_str("it was stopped"),
        }
    }
}
