//! The guard around a call inside a node: a [`Breaker`] on the node's clock, with notes and gauge.
//!
//! A circuit belongs to one process and forgets everything when that dies, as the real ones do; a
//! process has at most one of each name. It decides nothing itself: what passes is the breaker's
//! word, what counts is the caller's `classify`.
//!
//! Start with [`Circuit::call`]. What it tells the record, as notes `breaker` with `circuit`, `event`
//! and `clock_ns` (the node's own monotonic clock, by which alone a breaker can be judged):
//!
//! | event | when | besides |
//! |---|---|---|
//! | `failure` | a call failed and was counted while closed | |
//! | `opened`, `half_opened`, `closed` | the state changed | `opened`: `failures`, `requests` |
//! | `probe` | a call was let pass while not closed | `probe`: its number |
//! | `probe_ended` | it ended or was given up | `probe`, `outcome` |
//! | `refused` | half-open, and no place for a probe; at most once a second | |

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use sim::NodeContext;
use sim::record::value::Value;

use super::breaker::{Breaker, BreakerPolicy, Permit, Rejected, Settlement, State, Transition};
use crate::defects::{Defect, Defects};

/// That refusals go on is worth a note, each of them is not.
const REFUSALS_NOTED_EVERY: Duration = Duration::from_secs(1);

/// A breaker before one neighbour. Clones share it.
#[derive(Clone)]
pub struct Circuit(Rc<Inner>);

struct Inner {
    context: NodeContext,
    name: &'static str,
    breaker: RefCell<Breaker>,
    counts_validation_errors: bool,
    keeps_lost_probes: bool,
    refusal_noted: Cell<Option<Duration>>,
}

impl Circuit {
    /// A closed circuit. The name is `locker` or `ledger`: see [`BreakerPolicy::of`].
    pub fn new(
        context: NodeContext,
        name: &'static str,
        policy: BreakerPolicy,
        defects: &Defects,
    ) -> Circuit {
        let keeps_lost_probes = defects.has(Defect::BreakerNeverCloses);
        let policy = BreakerPolicy {
            probes_at_once: if defects.has(Defect::HalfOpenAdmitsMany) {
                u32::MAX
            } else {
                policy.probes_at_once
            },
            probe_limit: if keeps_lost_probes {
                Duration::MAX
            } else {
                policy.probe_limit
            },
            ..policy
        };
        let circuit = Circuit(Rc::new(Inner {
            context,
            name,
            breaker: RefCell::new(Breaker::new(policy)),
            counts_validation_errors: defects.has(Defect::BreakerCountsValidationErrors),
            keeps_lost_probes,
            refusal_noted: Cell::new(None),
        }));
        circuit.show_state();
        circuit
    }

    /// What the circuit lets pass.
    pub fn state(&self) -> State {
        self.0.breaker.borrow().state()
    }

    /// Does the work if the breaker lets it pass, and tells the breaker how it ended. Work that is
    /// dropped before its end is settled as abandoned.
    ///
    /// # Errors
    /// [`Rejected`]: the work was not begun.
    pub async fn call<T>(
        &self,
        work: impl Future<Output = T>,
        classify: impl Fn(&T) -> Settlement,
    ) -> Result<T, Rejected> {
        let passage = self.pass()?;
        let outcome = work.await;
        passage.ended(classify(&outcome));
        Ok(outcome)
    }

    fn pass(&self) -> Result<Passage, Rejected> {
        let now = self.0.context.monotonic();
        let before = self.state();
        let (lost, admitted) = {
            let mut breaker = self.0.breaker.borrow_mut();
            (breaker.give_up_probes(now), breaker.admit(now))
        };
        for number in lost {
            self.note_probe_ended(number, "given_up");
        }
        if before == State::Open && self.state() == State::HalfOpen {
            self.note("half_opened", []);
            self.0.context.reached("breaker_half_opened");
            self.show_state();
        }
        let permit = admitted.inspect_err(|_| self.note_refusal(now))?;
        if let Some(number) = permit.probe() {
            self.note("probe", [("probe", number_value(number))]);
        }
        Ok(Passage {
            circuit: self.clone(),
            permit: Some(permit),
        })
    }

    fn settle(&self, permit: Permit, settlement: Settlement) {
        let now = self.0.context.monotonic();
        if self.0.breaker.borrow().counts(&permit) {
            match (permit.probe(), settlement) {
                (Some(number), _) => self.note_probe_ended(number, outcome_name(settlement)),
                (None, Settlement::Failure) => self.note("failure", []),
                (None, _) => {}
            }
        }
        let settlement = match settlement {
            Settlement::Ignored if self.0.counts_validation_errors => Settlement::Failure,
            Settlement::Abandoned if self.0.keeps_lost_probes => return,
            _ => settlement,
        };
        let transition = self.0.breaker.borrow_mut().settle(permit, settlement, now);
        match transition {
            None => return,
            Some(Transition::Opened { failures, requests }) => {
                let counts = [("failures", failures.into()), ("requests", requests.into())];
                self.note("opened", counts);
                self.0.context.reached("breaker_opened");
            }
            Some(Transition::Closed) => {
                self.note("closed", []);
                self.0.context.reached("breaker_closed_again");
            }
        }
        self.show_state();
    }

    fn note_probe_ended(&self, number: u64, outcome: &str) {
        let what = [("probe", number_value(number)), ("outcome", outcome.into())];
        self.note("probe_ended", what);
    }

    fn note_refusal(&self, now: Duration) {
        if self.state() != State::HalfOpen {
            return;
        }
        let noted = self.0.refusal_noted.get();
        if noted.is_none_or(|at| now.saturating_sub(at) >= REFUSALS_NOTED_EVERY) {
            self.0.refusal_noted.set(Some(now));
            self.note("refused", []);
        }
    }

    fn note<const N: usize>(&self, event: &str, besides: [(&'static str, Value); N]) {
        let clock_ns = i64::try_from(self.0.context.monotonic().as_nanos()).unwrap_or(i64::MAX);
        let mut detail = Value::map([
            ("circuit", self.0.name.into()),
            ("event", event.into()),
            ("clock_ns", clock_ns.into()),
        ]);
        if let Value::Map(pairs) = &mut detail {
            pairs.extend(besides);
        }
        self.0.context.note("breaker", detail);
    }

    fn show_state(&self) {
        let Inner { context, name, .. } = &*self.0;
        let labels = [("circuit", *name), ("instance", &context.name())];
        context.gauge("core.circuit_breaker.state", &labels, self.state().code());
    }
}

fn number_value(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

fn outcome_name(settlement: Settlement) -> &'static str {
    match settlement {
        Settlement::Success => "success",
        Settlement::Failure => "failure",
        Settlement::Ignored => "ignored",
        Settlement::Abandoned => "abandoned",
    }
}

/// A call on its way. Whatever becomes of it, its permit is settled.
struct Passage {
    circuit: Circuit,
    permit: Option<Permit>,
}

impl Passage {
    fn ended(mut self, settlement: Settlement) {
        if let Some(permit) = self.permit.take() {
            self.circuit.settle(permit, settlement);
        }
    }
}

impl Drop for Passage {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.circuit.settle(permit, Settlement::Abandoned);
        }
    }
}
