//! What a receiver does with a message it believes: a pure value.

use crate::webhooks::config::ReceiverConfig;

/// What was drawn for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// It fails this time.
    pub fails: bool,
    /// Its answer is lost this time.
    pub loses_answer: bool,
    /// It never does anything with this event, and says that it does.
    pub drops: bool,
    /// It never takes this event.
    pub rejects: bool,
}

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It works on the event, and answers 200 if the answer is not lost.
    Process {
        /// Whether the answer gets out.
        answers: bool,
    },
    /// It answers 200 and does nothing.
    Drop,
    /// It answers 503 and does nothing.
    Fail,
    /// It answers 422.
    Reject,
    /// It answers 410.
    Gone,
}

/// What a receiver does at that time of the run, in milliseconds.
pub fn act(config: &ReceiverConfig, now_ms: u64, drawn: Drawn) -> Act {
    let is_down = |window: &&_| {
        let crate::webhooks::config::Window { from_ms, until_ms } = **window;
        (from_ms..until_ms).contains(&now_ms)
    };
    if config.gone_from_ms.is_some_and(|from| now_ms >= from) {
        return Act::Gone;
    }
    if config.down.iter().find(is_down).is_some() || drawn.fails {
        return Act::Fail;
    }
    match (drawn.rejects, drawn.drops) {
        (true, _) => Act::Reject,
        (false, true) => Act::Drop,
        (false, false) => Act::Process {
            answers: !drawn.loses_answer,
        },
    }
}

impl Act {
    /// As records name it.
    pub fn name(self) -> &'static str {
        match self {
            Act::Process { .. } => "processed",
            Act::Drop => "dropped",
            Act::Fail => "failed",
            Act::Reject => "rejected",
            Act::Gone => "gone",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhooks::config::Window;

    #[test]
    fn a_receiver_that_is_gone_or_down_does_nothing_else() {
        let config = ReceiverConfig {
            down: vec![Window {
                from_ms: 10,
                until_ms: 20,
            }],
            gone_from_ms: Some(30),
            ..ReceiverConfig::default()
        };
        let plain = Drawn::default();
        let works = Act::Process { answers: true };
        let rejects = Drawn {
            rejects: true,
            ..plain
        };
        let drops = Drawn {
            drops: true,
            ..plain
        };
        let loses_answer = Drawn {
            loses_answer: true,
            ..plain
        };
        let fails = Drawn {
            fails: true,
            ..plain
        };
        for (at, drawn, expected) in [
            (9, plain, works),
            (10, plain, Act::Fail),
            (10, rejects, Act::Fail),
            (20, plain, works),
            (20, fails, Act::Fail),
            (20, rejects, Act::Reject),
            (20, drops, Act::Drop),
            (20, loses_answer, Act::Process { answers: false }),
            (30, plain, Act::Gone),
            (30, fails, Act::Gone),
        ] {
            assert_eq!(act(&config, at, drawn), expected, "{at} {drawn:?}");
        }
    }
}
