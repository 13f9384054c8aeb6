//! Queue conservation: what went in comes out once, or is still there.
//!
//! Checked at the end of a history, in any order of delivery:
//!
//! * *lost*: enqueued for certain, neither taken nor left over;
//! * *duplicated*: taken (or left over) more often than enqueued;
//! * *unexpected*: taken, though never enqueued, or though its enqueue certainly failed;
//! * *recovered*: taken, though its enqueue was never answered. No violation; counted in [`Conservation`].
//!
//! Not checked: order (see the first-in-first-out queue in `linearizability`), and whether an element was taken before it
//! was enqueued. A dequeue without answer may have swallowed one element, a drain any number; what is missing within
//! that allowance is unknown, not lost. Nothing can be called lost before the queue was seen empty, or what is left in
//! it was read.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::history::{Completion, History, OperationId};
use super::verdict::{Evidence, UnknownReason, Verdict};

/// What a client asks of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryAction<Value> {
    /// Puts an element in.
    Enqueue(Value),
    /// Takes one element out.
    Dequeue,
    /// Dequeues until the queue is empty; not atomic.
    Drain,
}

/// What a queue answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutput<Value> {
    /// The element is in the queue.
    Enqueued,
    /// What was taken: nothing means that the queue was empty, as the end of a drain does.
    Taken(Vec<Value>),
}

/// The elements of a history, sorted by what became of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conservation<Value> {
    /// Certainly put in, and neither taken out nor left.
    pub lost: Vec<Value>,
    /// Taken out more often than put in.
    pub duplicated: Vec<Value>,
    /// Taken out, though certainly never put in.
    pub unexpected: Vec<Value>,
    /// Put in by a call without answer, and taken out.
    pub recovered: Vec<Value>,
    /// Elements that lost answers may have swallowed; none if a drain without answer may have swallowed any number.
    pub swallowed_max: Option<u64>,
    /// Whether the queue was seen empty after the last enqueue ended, or its rest was read.
    pub is_settled: bool,
}

/// One element's bookkeeping.
#[derive(Clone, Debug, Default)]
struct Account {
    enqueued: u64,
    enqueue_unknown: u64,
    enqueue_failed: u64,
    out: u64,
    operations: Vec<OperationId>,
}

/// The rules as they stand in evidence.
const LOST: &str = "queue-lost";
const DUPLICATED: &str = "queue-duplicated";
const UNEXPECTED: &str = "queue-unexpected";

/// Judges a history; `remaining` is what a final read found in the queue, if there was one.
pub fn check<Value: Ord + Clone + Display>(
    history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>,
    remaining: Option<&[Value]>,
) -> Verdict {
    if history.is_silent() {
        return Verdict::Unknown(UnknownReason::NothingObserved);
    }
    let accounts = accounts(history, remaining);
    let found = conservation(history, &accounts, remaining.is_some());
    let mut evidence = Vec::new();
    let mut charge = |rule, values: &[Value], what: &str| {
        evidence.extend(values.iter().map(|value| Evidence {
            rule,
            statement: format!("{value} {what}"),
            operations: accounts[value].operations.clone(),
        }));
    };
    charge(
        UNEXPECTED,
        &found.unexpected,
        "came out of the queue, though it was never enqueued, or its enqueue failed",
    );
    charge(
        DUPLICATED,
        &found.duplicated,
        "came out of the queue more often than it was enqueued",
    );
    let missing = found.lost.len() as u64;
    let is_certain = found.is_settled
        && found
            .swallowed_max
            .is_some_and(|swallowed| missing > swallowed);
    if is_certain {
        let caveat = match found.swallowed_max {
            Some(0) | None => String::new(),
            Some(swallowed) => format!(
                " (of {missing} such, at most {swallowed} went with dequeues without answer)"
            ),
        };
        charge(
            LOST,
            &found.lost,
            &format!("was enqueued, and neither came out nor is left in the queue{caveat}"),
        );
    }
    match Verdict::from_evidence(evidence) {
        Verdict::Held if missing > 0 && !found.is_settled => {
            Verdict::Unknown(UnknownReason::Unsettled(format!(
                "{missing} elements are missing, but the queue was not seen empty after the last enqueue"
            )))
        }
        Verdict::Held if missing > 0 => Verdict::Unknown(UnknownReason::Ambiguous(format!(
            "{missing} elements are missing, which dequeues without answer may have taken"
        ))),
        verdict => verdict,
    }
}

/// Sorts the elements of a history by what became of them.
pub fn conserve<Value: Ord + Clone>(
    history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>,
    remaining: Option<&[Value]>,
) -> Conservation<Value> {
    conservation(history, &accounts(history, remaining), remaining.is_some())
}

fn accounts<Value: Ord + Clone>(
    history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>,
    remaining: Option<&[Value]>,
) -> BTreeMap<Value, Account> {
    let mut accounts: BTreeMap<Value, Account> = BTreeMap::new();
    for (id, operation) in history.iter() {
        if let DeliveryAction::Enqueue(value) = &operation.action {
            let account = accounts.entry(value.clone()).or_default();
            account.operations.push(id);
            match operation.completion {
                Completion::Ok { .. } => account.enqueued += 1,
                Completion::Failed { .. } => account.enqueue_failed += 1,
                Completion::Unknown { .. } => account.enqueue_unknown += 1,
            }
        }
        if let Some(DeliveryOutput::Taken(values)) = operation.output() {
            for value in values {
                let account = accounts.entry(value.clone()).or_default();
                account.out += 1;
                account.operations.push(id);
            }
        }
    }
    for value in remaining.unwrap_or_default() {
        accounts.entry(value.clone()).or_default().out += 1;
    }
    accounts
}

fn conservation<Value: Ord + Clone>(
    history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>,
    accounts: &BTreeMap<Value, Account>,
    is_rest_read: bool,
) -> Conservation<Value> {
    let pick = |times: fn(&Account) -> u64| -> Vec<Value> {
        accounts
            .iter()
            .flat_map(|(value, account)| std::iter::repeat_n(value, times(account) as usize))
            .cloned()
            .collect()
    };
    Conservation {
        lost: pick(|account| account.enqueued.saturating_sub(account.out)),
        duplicated: pick(|account| {
            let possible = account.enqueued + account.enqueue_unknown;
            if possible == 0 {
                0
            } else {
                account.out.saturating_sub(possible)
            }
        }),
        unexpected: pick(|account| {
            if account.enqueued + account.enqueue_unknown == 0 {
                account.out
            } else {
                0
            }
        }),
        recovered: pick(|account| {
            account
                .out
                .saturating_sub(account.enqueued)
                .min(account.enqueue_unknown)
        }),
        swallowed_max: swallowed_max(history),
        is_settled: is_rest_read || is_seen_empty(history),
    }
}

fn swallowed_max<Value>(
    history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>,
) -> Option<u64> {
    let mut unknown = history
        .operations()
        .iter()
        .filter(|one| matches!(one.completion, Completion::Unknown { .. }));
    unknown.try_fold(0, |swallowed, operation| match operation.action {
        DeliveryAction::Enqueue(_) => Some(swallowed),
        DeliveryAction::Dequeue => Some(swallowed + 1),
        DeliveryAction::Drain => None,
    })
}

/// Whether some answer says "empty" to a question asked after every certain enqueue was answered.
fn is_seen_empty<Value>(history: &History<DeliveryAction<Value>, DeliveryOutput<Value>>) -> bool {
    let is_enqueue = |action: &DeliveryAction<Value>| matches!(action, DeliveryAction::Enqueue(_));
    let enqueues = history
        .operations()
        .iter()
        .filter(|one| is_enqueue(&one.action));
    let last_enqueued = enqueues.filter_map(|one| one.returned_position()).max();
    history.operations().iter().any(|operation| {
        let is_empty = match (&operation.action, operation.output()) {
            (DeliveryAction::Drain, Some(_)) => true,
            (DeliveryAction::Dequeue, Some(DeliveryOutput::Taken(values))) => values.is_empty(),
            _ => false,
        };
        is_empty && last_enqueued.is_none_or(|last| operation.invoked.position > last)
    })
}

#[cfg(test)]
mod tests {
    use super::DeliveryAction::{Dequeue, Drain, Enqueue};
    use super::DeliveryOutput::{Enqueued, Taken};
    use super::*;
    use crate::checkers::specimen::Event::{self, Fail, Invoke, Ok, Unknown};
    use crate::checkers::specimen::told;

    type DeliveryEvent = Event<DeliveryAction<u32>, DeliveryOutput<u32>>;

    fn put(value: u32) -> Vec<DeliveryEvent> {
        vec![Invoke(1, Enqueue(value)), Ok(1, Enqueued)]
    }

    fn put_in_vain(value: u32) -> Vec<DeliveryEvent> {
        vec![Invoke(1, Enqueue(value)), Fail(1)]
    }

    fn put_perhaps(value: u32) -> Vec<DeliveryEvent> {
        vec![Invoke(1, Enqueue(value)), Unknown(1)]
    }

    fn took(values: &[u32]) -> Vec<DeliveryEvent> {
        vec![Invoke(2, Dequeue), Ok(2, Taken(values.to_vec()))]
    }

    fn took_perhaps() -> Vec<DeliveryEvent> {
        vec![Invoke(2, Dequeue), Unknown(2)]
    }

    fn drained(values: &[u32]) -> Vec<DeliveryEvent> {
        vec![Invoke(3, Drain), Ok(3, Taken(values.to_vec()))]
    }

    #[test]
    fn conservation_is_judged() {
        let cases = [
            (
                "held",
                None,
                vec![put(1), put(2), took(&[2]), drained(&[1])],
            ),
            ("held", Some(vec![2]), vec![put(1), put(2), took(&[1])]),
            ("held", None, vec![put_perhaps(1), drained(&[1])]),
            ("held", None, vec![put_perhaps(1), drained(&[])]),
            ("held", None, vec![put_in_vain(1), drained(&[])]),
            ("held", None, vec![put(1), put(1), drained(&[1, 1])]),
            ("violated", None, vec![put(1), drained(&[])]),
            ("violated", None, vec![put(1), took(&[])]),
            ("violated", Some(vec![]), vec![put(1)]),
            ("violated", None, vec![put(1), took(&[1]), took(&[1])]),
            (
                "violated",
                None,
                vec![put_perhaps(1), took(&[1]), took(&[1])],
            ),
            ("violated", Some(vec![1]), vec![put(1), took(&[1])]),
            ("violated", None, vec![put(1), drained(&[1, 7])]),
            ("violated", None, vec![put_in_vain(1), drained(&[1])]),
            (
                "violated",
                None,
                vec![put(1), put(2), took_perhaps(), drained(&[])],
            ),
            ("unknown", None, vec![put(1), took_perhaps(), drained(&[])]),
            ("unknown", None, vec![put(1), put(2), took(&[1])]),
            ("unknown", None, vec![took(&[]), put(1)]),
            (
                "unknown",
                None,
                vec![put(1), vec![Invoke(3, Drain), Unknown(3)], drained(&[])],
            ),
        ];
        for (word, remaining, events) in cases {
            let history = told(events.concat());
            assert_eq!(
                check(&history, remaining.as_deref()).word(),
                word,
                "{events:?}, rest {remaining:?}"
            );
        }
    }

    #[test]
    fn what_came_out_of_an_unanswered_enqueue_is_recovered() {
        let history = told([put(1), put_perhaps(2), drained(&[1, 2])].concat());
        let found = conserve(&history, None);
        assert_eq!(
            (found.recovered, found.lost, found.duplicated),
            (vec![2], vec![], vec![])
        );
    }

    #[test]
    fn evidence_names_the_element_and_its_operations() {
        let history = told([put(1), took(&[1]), took(&[1]), put(2), drained(&[])].concat());
        let verdict = check(&history, None);
        insta::assert_snapshot!(verdict, @r#"
    violated
    queue-duplicated: 1 came out of the queue more often than it was enqueued
    queue-lost: 2 was enqueued, and neither came out nor is left in the queue
    "#);
        assert_eq!(verdict.evidence()[0].operations, [0, 1, 2].map(OperationId));
    }
}
