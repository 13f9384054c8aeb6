//! The programs that tests put on a stage, and the scenes made of them.
//!
//! Each does one plain thing and says what it saw. A [`Scene`] is a fixed cast with the lines that it
//! says when nothing goes wrong: what a fault changes is seen against them.

use sim::latency::Latency;
use sim::network::{CallError, Payload, Request};
use sim::random::Lineage;

use super::stage::{Program, Stage, ms, program, say};

/// A question that names itself by a number.
#[derive(Debug, Hash)]
pub struct Question(pub u64);

/// The answer: which life of the server gave it, and how many it had answered before in that life.
#[derive(Debug, Hash)]
pub struct Answer {
    /// The server's incarnation.
    pub life: u32,
    /// How many answers that life gave before: what it has in memory.
    pub before: u32,
}

impl Payload for Question {}
impl Payload for Answer {}
impl Request for Question {
    type Response = Answer;
}

/// What a caller says of a failed call.
pub fn failure(error: CallError) -> &'static str {
    match error {
        CallError::Refused => "refused",
        CallError::Reset => "reset",
        CallError::TimedOut => "timed out",
    }
}

/// Says `does N` for each question as it takes effect, and answers it.
pub fn server() -> Program {
    program(|node| async move {
        let mut before = 0;
        loop {
            let incoming = node.receive().await;
            let Some(question) = incoming.payload::<Question>() else {
                continue;
            };
            say(&node, format!("does {}", question.0));
            let life = node.incarnation();
            node.reply(&incoming, Answer { life, before });
            before += 1;
        }
    })
}

/// Like [`server`], but busy with each question for a while before it takes effect.
pub fn slow_server(busy_ms: u64) -> Program {
    program(move |node| async move {
        loop {
            let incoming = node.receive().await;
            node.work(&Latency::constant(ms(busy_ms))).await;
            if let Some(question) = incoming.payload::<Question>() {
                say(&node, format!("does {}", question.0));
                let life = node.incarnation();
                node.reply(&incoming, Answer { life, before: 0 });
            }
        }
    })
}

/// Asks `to` question N at the Nth of the times, each in a task of its own, and says the outcome.
pub fn asks(to: &'static str, times_ms: &'static [u64], deadline_ms: u64) -> Program {
    program(move |node| async move {
        for (number, at) in (0..).zip(times_ms) {
            let asker = node.clone();
            node.spawn_for(Lineage::of("ask").child("number", number), async move {
                asker.sleep(ms(*at)).await;
                let to = asker.find(to);
                match asker.call(to, Question(number), ms(deadline_ms)).await {
                    Ok(answer) => {
                        let Answer { life, before } = *answer;
                        say(
                            &asker,
                            format!("{number} ok (life {life}, {before} before)"),
                        );
                    }
                    Err(error) => say(&asker, format!("{number} {}", failure(error))),
                }
            });
        }
    })
}

/// Sends `to` message N at the Nth of the times; nobody answers.
pub fn tells(to: &'static str, times_ms: &'static [u64]) -> Program {
    program(move |node| async move {
        let to = node.find(to);
        let mut now = 0;
        for (number, at) in (0..).zip(times_ms) {
            node.sleep(ms(at - now)).await;
            now = *at;
            node.send(to, Question(number));
        }
    })
}

/// Says `hears N in life L` for each message.
pub fn hears() -> Program {
    program(|node| async move {
        loop {
            let incoming = node.receive().await;
            if let Some(message) = incoming.payload::<Question>() {
                let life = node.incarnation();
                say(&node, format!("hears {} in life {life}", message.0));
            }
        }
    })
}

/// At each start says what it finds on its disk; then appends a letter every 10 ms and syncs it,
/// saying what it could not do.
pub fn keeps_letters() -> Program {
    program(|node| async move {
        match node.disk().read("log").await {
            Ok(found) => say(
                &node,
                format!("finds [{}]", String::from_utf8_lossy(&found)),
            ),
            Err(error) => say(&node, format!("read: {error}")),
        }
        for letter in ["a", "b", "c", "d", "e"] {
            node.sleep(ms(10)).await;
            if let Err(error) = node.disk().append("log", letter.as_bytes()).await {
                say(&node, format!("{letter}: {error}"));
                continue;
            }
            match node.disk().sync("log").await {
                Ok(()) => say(&node, format!("{letter} kept")),
                Err(error) => say(&node, format!("{letter}: {error}")),
            }
        }
        let found = node.disk().read("log").await.unwrap_or_default();
        say(&node, format!("has [{}]", String::from_utf8_lossy(&found)));
    })
}

/// Says its wall clock and its monotonic clock after each 10 ms on its own timer.
pub fn reads_clocks() -> Program {
    program(|node| async move {
        loop {
            node.sleep(ms(10)).await;
            let wall = node.wall_clock().millis();
            let monotonic = node.monotonic().as_millis();
            say(&node, format!("wall {wall}, monotonic {monotonic}"));
        }
    })
}

/// Works 5 ms, sleeps 5 ms, passes the point `work.done`, and says so, again and again.
pub fn works() -> Program {
    program(|node| async move {
        for round in 0.. {
            node.work(&Latency::constant(ms(5))).await;
            say(&node, format!("worked {round}"));
            node.sleep(ms(5)).await;
            node.pass("work.done").await;
            say(&node, format!("slept {round}"));
        }
    })
}

/// A cast and what it says when nothing goes wrong.
pub struct Scene {
    /// What it is called in a failing test.
    pub name: &'static str,
    /// Sets the stage.
    pub stage: fn() -> Stage,
    /// What is said on it, undisturbed.
    pub undisturbed: &'static [&'static str],
}

/// A client asks a server four questions, 10 ms apart, and waits 15 ms for each answer.
pub const CALLS: Scene = Scene {
    name: "calls",
    stage: || {
        Stage::new([
            ("client", asks("server", &[10, 20, 30, 40], 15)),
            ("server", server()),
        ])
    },
    undisturbed: &[
        "11 server does 0",
        "12 client 0 ok (life 0, 0 before)",
        "21 server does 1",
        "22 client 1 ok (life 0, 1 before)",
        "31 server does 2",
        "32 client 2 ok (life 0, 2 before)",
        "41 server does 3",
        "42 client 3 ok (life 0, 3 before)",
    ],
};

/// A sender tells a receiver six numbers, two at a time.
pub const MESSAGES: Scene = Scene {
    name: "messages",
    stage: || {
        let times = &[10, 10, 20, 20, 30, 30];
        Stage::new([("sender", tells("receiver", times)), ("receiver", hears())])
    },
    undisturbed: &[
        "11 receiver hears 0 in life 0",
        "11 receiver hears 1 in life 0",
        "21 receiver hears 2 in life 0",
        "21 receiver hears 3 in life 0",
        "31 receiver hears 4 in life 0",
        "31 receiver hears 5 in life 0",
    ],
};

/// A store keeps five letters on its disk.
pub const LETTERS: Scene = Scene {
    name: "letters",
    stage: || Stage::new([("store", keeps_letters())]),
    undisturbed: &[
        "1 store finds []",
        "14 store a kept",
        "27 store b kept",
        "40 store c kept",
        "53 store d kept",
        "66 store e kept",
        "67 store has [abcde]",
    ],
};

/// A node looks at its clocks every 10 ms.
pub const CLOCKS: Scene = Scene {
    name: "clocks",
    stage: || Stage::new([("watch", reads_clocks())]).lasting(45),
    undisturbed: &[
        "10 watch wall 10, monotonic 10",
        "20 watch wall 20, monotonic 20",
        "30 watch wall 30, monotonic 30",
        "40 watch wall 40, monotonic 40",
    ],
};

/// A node works and sleeps in turns.
pub const WORK: Scene = Scene {
    name: "work",
    stage: || Stage::new([("worker", works())]).lasting(41),
    undisturbed: &[
        "5 worker worked 0",
        "10 worker slept 0",
        "15 worker worked 1",
        "20 worker slept 1",
        "25 worker worked 2",
        "30 worker slept 2",
        "35 worker worked 3",
        "40 worker slept 3",
    ],
};
