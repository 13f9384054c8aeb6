//! An endpoint: who wants to hear what, what its answers mean, and when it is left alone.
//!
//! [`Verdict::of`] judges one answer, [`Health::after`] a course of them. An endpoint that fails for
//! days is disabled, and enabled again when its owner says so; one that says it is gone is never asked
//! again. When to try again is [`schedule`](super::schedule)'s business.

use std::time::Duration;

use crate::core::asset::named_states;

/// What a sender hears of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An HTTP answer.
    Status {
        /// Its status.
        status: u16,
        /// What its `retry-after` asks for.
        retry_after: Option<Duration>,
    },
    /// Nothing in time: it may have been processed.
    TimedOut,
    /// The connection broke with the request under way: it may have been processed.
    Reset,
    /// The connection was refused: it was not processed.
    Refused,
}

/// What an attempt means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it.
    Acknowledged,
    /// It may be tried again, not before the receiver's own wish.
    Transient {
        /// The wish.
        retry_after: Option<Duration>,
    },
    /// The receiver does not want it, and never will.
    Permanent,
    /// There is nobody to receive anything any more.
    Gone,
}

impl Heard {
    /// As tables and notes spell it.
    pub fn outcome(self) -> &'static str {
        match self {
            Heard::TimedOut => "timed_out",
            Heard::Reset => "reset",
            Heard::Refused => "refused",
            Heard::Status { .. } => match Verdict::of(self) {
                Verdict::Acknowledged => "acknowledged",
                Verdict::Transient { .. } => "failed",
                Verdict::Permanent => "rejected",
                Verdict::Gone => "gone",
            },
        }
    }

    /// The status, if there was an answer.
    pub fn status(self) -> Option<u16> {
        match self {
            Heard::Status { status, .. } => Some(status),
            Heard::TimedOut | Heard::Reset | Heard::Refused => None,
        }
    }
}

impl Verdict {
    /// Judges an answer. Only 2xx is success; a redirect is not followed, and may be mended. 408 and
    /// 425 ask for another try by their definition, 429 by its purpose; any other 4xx says that the
    /// request itself is at fault.
    pub fn of(heard: Heard) -> Verdict {
        let Heard::Status {
            status,
            retry_after,
        } = heard
        else {
            return Verdict::Transient { retry_after: None };
        };
        match status {
            200..=299 => Verdict::Acknowledged,
            410 => Verdict::Gone,
            408 | 425 | 429 => Verdict::Transient { retry_after },
            400..=499 => Verdict::Permanent,
            _ => Verdict::Transient { retry_after },
        }
    }
}

named_states! {
    /// Whether an endpoint is sent anything.
    EndpointState {
        /// It is.
        Enabled = "enabled",
        /// It failed for so long that it is left alone until its owner asks for it.
        Disabled = "disabled",
        /// It said that it is gone.
        Gone = "gone",
    }
}

/// How an endpoint has fared. Times are milliseconds of one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether it is sent anything.
    pub state: EndpointState,
    /// Since when nothing has succeeded.
    pub failing_since: Option<i64>,
}

impl Health {
    /// A new endpoint's.
    pub const NEW: Health = Health {
        state: EndpointState::Enabled,
        failing_since: None,
    };

    /// After an attempt. A permanent refusal speaks of one delivery, not of the endpoint.
    pub fn after(self, verdict: Verdict, now: i64, disable_after: Duration) -> Health {
        if self.state == EndpointState::Gone {
            return self;
        }
        let limit = i64::try_from(disable_after.as_millis()).unwrap_or(i64::MAX);
        match verdict {
            // One that was on its way when the endpoint was disabled does not enable it.
            Verdict::Acknowledged if self.state == EndpointState::Disabled => self,
            Verdict::Acknowledged => Health {
                failing_since: None,
                ..self
            },
            Verdict::Permanent => self,
            Verdict::Gone => Health {
                state: EndpointState::Gone,
                ..self
            },
            Verdict::Transient { .. } => {
                let since = self.failing_since.unwrap_or(now);
                let overdue = now - since >= limit;
                Health {
                    state: if overdue {
                        EndpointState::Disabled
                    } else {
                        self.state
                    },
                    failing_since: Some(since),
                }
            }
        }
    }

    /// Its owner says that it works again. What is gone stays gone.
    pub fn enabled(self) -> Health {
        match self.state {
            EndpointState::Gone => self,
            EndpointState::Enabled | EndpointState::Disabled => Health::NEW,
        }
    }
}

/// Whether an endpoint that subscribed to these kinds of events wants this one; to none is to all.
pub fn wants(subscribed: &[String], kind: &str) -> bool {
    subscribed.is_empty() || subscribed.iter().any(|it| it == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16) -> Heard {
        Heard::Status {
            status,
            retry_after: None,
        }
    }

    #[test]
    fn only_2xx_succeeds_and_only_what_may_pass_is_tried_again() {
        const AGAIN: Verdict = Verdict::Transient { retry_after: None };
        for (heard, verdict, outcome) in [
            (status(200), Verdict::Acknowledged, "acknowledged"),
            (status(204), Verdict::Acknowledged, "acknowledged"),
            (status(301), AGAIN, "failed"),
            (status(400), Verdict::Permanent, "rejected"),
            (status(401), Verdict::Permanent, "rejected"),
            (status(408), AGAIN, "failed"),
            (status(410), Verdict::Gone, "gone"),
            (status(429), AGAIN, "failed"),
            (status(500), AGAIN, "failed"),
            (status(503), AGAIN, "failed"),
            (Heard::TimedOut, AGAIN, "timed_out"),
            (Heard::Reset, AGAIN, "reset"),
            (Heard::Refused, AGAIN, "refused"),
        ] {
            let found = (Verdict::of(heard), heard.outcome());
            assert_eq!(found, (verdict, outcome), "{heard:?}");
        }
    }

    #[test]
    fn an_endpoint_is_disabled_after_failing_for_so_long_and_not_by_failing_often() {
        const LIMIT: Duration = Duration::from_millis(100);
        const FAILED: Verdict = Verdict::Transient { retry_after: None };
        let course = |verdicts: &[(i64, Verdict)]| {
            let all = verdicts.iter();
            all.fold(Health::NEW, |health, (at, verdict)| {
                health.after(*verdict, *at, LIMIT)
            })
        };
        let (enabled, disabled) = (EndpointState::Enabled, EndpointState::Disabled);
        let ok = Verdict::Acknowledged;
        for (verdicts, state, since) in [
            (&[(7, FAILED), (106, FAILED)][..], enabled, Some(7)),
            (&[(7, FAILED), (107, FAILED)], disabled, Some(7)),
            (&[(7, FAILED), (50, ok), (107, FAILED)], enabled, Some(107)),
            (&[(7, FAILED), (107, Verdict::Permanent)], enabled, Some(7)),
            (&[(7, Verdict::Gone), (8, ok)], EndpointState::Gone, None),
            // It was on its way when the endpoint was disabled.
            (&[(7, FAILED), (107, FAILED), (108, ok)], disabled, Some(7)),
        ] {
            let health = course(verdicts);
            assert_eq!((health.state, health.failing_since), (state, since));
        }
        assert_eq!(course(&[(0, FAILED), (100, FAILED)]).enabled(), Health::NEW);
        let gone = course(&[(7, Verdict::Gone)]);
        assert_eq!(gone.enabled(), gone);
    }

    #[test]
    fn who_names_no_kind_wants_all() {
        let some = ["asset.linked".to_owned()];
        let found = [
            wants(&[], "x"),
            wants(&some, "asset.linked"),
            wants(&some, "x"),
        ];
        assert_eq!(found, [true, true, false]);
    }
}
