//! Accepted, rejected and drawn histories for each model.

mod definition;

use super::queue::{FifoQueue, QueueAction, QueueOutput};
use super::register::{RegisterAction, RegisterOutput, RegisterRequest, Registers};
use super::set::{Set, SetAction, SetOutput};
use super::specimen::{self, RegisterHistory};
use super::{Budget, check};
use crate::checkers::specimen::Event::{self, Fail, Invoke, Ok, Unknown};
use crate::checkers::specimen::{Crowd, told};
use crate::checkers::verdict::Verdict;

type RegisterEvent = Event<RegisterAction<u32, u32>, RegisterOutput<u32>>;

fn at(key: u32, request: RegisterRequest<u32>) -> RegisterAction<u32, u32> {
    RegisterAction { key, request }
}

fn write(process: u64, value: u32) -> RegisterEvent {
    Invoke(process, at(0, RegisterRequest::Write(Some(value))))
}

fn read(process: u64) -> RegisterEvent {
    Invoke(process, at(0, RegisterRequest::Read))
}

fn swap(process: u64, from: u32, to: u32) -> RegisterEvent {
    Invoke(
        process,
        at(
            0,
            RegisterRequest::CompareAndSet {
                from: Some(from),
                to: Some(to),
            },
        ),
    )
}

fn written(process: u64) -> RegisterEvent {
    Ok(process, RegisterOutput::Written)
}

fn saw(process: u64, value: u32) -> RegisterEvent {
    Ok(process, RegisterOutput::Value(Some(value)))
}

fn saw_nothing(process: u64) -> RegisterEvent {
    Ok(process, RegisterOutput::Value(None))
}

fn swapped(process: u64, done: bool) -> RegisterEvent {
    Ok(process, RegisterOutput::Swapped(done))
}

fn judge(history: &RegisterHistory) -> Verdict {
    check(&Registers::new(None), history, Budget::USUAL)
}

fn expect(word: &str, cases: Vec<(&str, Vec<RegisterEvent>)>) {
    for (claim, events) in cases {
        assert_eq!(judge(&told(events)).word(), word, "{claim}");
    }
}

#[test]
fn register_histories_with_an_explanation_are_held() {
    expect(
        "held",
        vec![
            (
                "in sequence",
                vec![write(1, 1), written(1), read(2), saw(2, 1)],
            ),
            (
                "a read may see a concurrent write",
                vec![write(1, 1), read(2), saw(2, 1), written(1)],
            ),
            (
                "or miss it",
                vec![write(1, 1), read(2), saw_nothing(2), written(1)],
            ),
            (
                "concurrent writes take effect in either order",
                vec![
                    write(1, 1),
                    write(2, 2),
                    written(2),
                    written(1),
                    read(3),
                    saw(3, 1),
                    read(3),
                    saw(3, 1),
                ],
            ),
            (
                "an unknown write takes effect late",
                vec![
                    write(1, 1),
                    Unknown(1),
                    read(2),
                    saw_nothing(2),
                    read(2),
                    saw(2, 1),
                ],
            ),
            (
                "or never",
                vec![write(1, 1), Unknown(1), read(2), saw_nothing(2)],
            ),
            (
                "an operation still open may have taken effect",
                vec![write(1, 1), read(2), saw(2, 1)],
            ),
            (
                "a failed write has no effect",
                vec![write(1, 1), Fail(1), read(2), saw_nothing(2)],
            ),
            (
                "a swap that found another value changed nothing",
                vec![
                    write(1, 1),
                    written(1),
                    swap(1, 2, 3),
                    swapped(1, false),
                    read(1),
                    saw(1, 1),
                ],
            ),
            (
                "a write of the value already held may wait until it restores it",
                vec![
                    write(1, 1),
                    written(1),
                    write(2, 1),
                    write(3, 2),
                    read(4),
                    saw(4, 2),
                    read(4),
                    saw(4, 1),
                    written(2),
                    written(3),
                ],
            ),
            (
                "two unknown operations in a row explain a read",
                vec![
                    write(1, 1),
                    Unknown(1),
                    swap(2, 1, 2),
                    Unknown(2),
                    read(3),
                    saw(3, 2),
                ],
            ),
        ],
    );
}

#[test]
fn register_histories_without_an_explanation_are_violated() {
    expect(
        "violated",
        vec![
            ("a read from nowhere", vec![read(1), saw(1, 7)]),
            (
                "a stale read",
                vec![
                    write(1, 1),
                    written(1),
                    write(1, 2),
                    written(1),
                    read(2),
                    saw(2, 1),
                ],
            ),
            (
                "a value that comes back",
                vec![
                    write(1, 1),
                    written(1),
                    write(2, 2),
                    read(3),
                    saw(3, 2),
                    read(3),
                    saw(3, 1),
                    written(2),
                ],
            ),
            (
                "a failed write seen",
                vec![write(1, 1), Fail(1), read(2), saw(2, 1)],
            ),
            (
                "two swaps from one value",
                vec![
                    write(1, 1),
                    written(1),
                    swap(1, 1, 2),
                    swap(2, 1, 3),
                    swapped(1, true),
                    swapped(2, true),
                ],
            ),
            (
                "a swap denied although the value was there",
                vec![write(1, 1), written(1), swap(1, 1, 2), swapped(1, false)],
            ),
            (
                "an unknown write cannot take effect twice",
                vec![
                    write(1, 1),
                    Unknown(1),
                    read(2),
                    saw(2, 1),
                    write(3, 2),
                    written(3),
                    read(2),
                    saw(2, 1),
                ],
            ),
            (
                "nor before it was invoked",
                vec![read(2), saw(2, 1), write(1, 1), Unknown(1)],
            ),
        ],
    );
}

#[test]
fn keys_are_judged_apart() {
    let on = |key, request| at(key, request);
    let history = told(vec![
        Invoke(1, on(1, RegisterRequest::Write(Some(1)))),
        written(1),
        Invoke(1, on(2, RegisterRequest::Read)),
        saw_nothing(1),
        Invoke(1, on(3, RegisterRequest::Read)),
        saw(1, 1),
    ]);
    let verdict = judge(&history);
    insta::assert_snapshot!(verdict, @r#"
    violated
    linearizability: no order of the operations explains operation 2 of process 1 (read of 3 answered 1, events 4 to 5): when its answer was due, the state could only be empty
    "#);
}

#[test]
fn a_history_without_an_answer_is_unknown() {
    let history = told(vec![write(1, 1), Unknown(1), write(2, 2), Fail(2), read(3)]);
    insta::assert_snapshot!(judge(&history), @"unknown: no operation completed, so the history says nothing");
}

#[test]
fn a_search_out_of_budget_is_unknown() {
    let history = specimen::registers(1, crowd(20, 500), 1, 3);
    let starved = Budget {
        steps_max: 100,
        words_max: 1 << 20,
    };
    insta::assert_snapshot!(check(&Registers::new(None), &history, starved), @"unknown: gave up after 103 search steps");
    let cramped = Budget {
        steps_max: 1 << 20,
        words_max: 100,
    };
    insta::assert_snapshot!(check(&Registers::new(None), &history, cramped), @"unknown: gave up after 112 machine words of memory");
}

#[test]
fn evidence_names_the_answer_no_order_gets_past() {
    let history = told(vec![
        write(1, 1),
        written(1),
        write(1, 2),
        write(2, 3),
        written(1),
        written(2),
        read(3),
        saw(3, 1),
        read(3),
        saw(3, 9),
    ]);
    insta::assert_snapshot!(judge(&history), @r#"
    violated
    linearizability: no order of the operations explains operation 3 of process 3 (read of 0 answered 1, events 6 to 7): when its answer was due, the state could only be 2 or 3
    "#);
}

fn crowd(clients: usize, operations: usize) -> Crowd {
    Crowd {
        clients,
        operations,
        unknown_per_thousand: 10,
        failed_per_thousand: 20,
    }
}

#[test]
fn ten_thousand_operations_of_twenty_clients_need_few_steps() {
    for seed in 0..5 {
        let history = specimen::registers(
            seed,
            Crowd {
                unknown_per_thousand: 0,
                ..crowd(20, 10_000)
            },
            1,
            1 << 30,
        );
        // Without the rules of the search this takes billions of steps; with them it stays far below the bound.
        let budget = Budget {
            steps_max: 5_000_000,
            words_max: 32 << 20,
        };
        assert_eq!(
            check(&Registers::new(None), &history, budget),
            Verdict::Held,
            "seed {seed}"
        );
    }
}

#[test]
fn a_hundred_drawn_objects_are_held_within_the_usual_budget() {
    for seed in 0..100 {
        for (object, word) in judge_drawn_objects(seed, 2 + seed as usize % 9) {
            assert_eq!(word, "held", "{object} with seed {seed}");
        }
    }
}

fn judge_drawn_objects(seed: u64, clients: usize) -> [(&'static str, &'static str); 4] {
    let crowd = crowd(clients, 120);
    let queue = specimen::queue(seed, crowd);
    let [parted, whole] =
        [false, true].map(|whole_reads| specimen::set(seed, crowd, 6, whole_reads));
    [
        (
            "register",
            judge(&specimen::registers(seed, crowd, 2, 1 << 30)).word(),
        ),
        (
            "queue",
            check(&FifoQueue::for_history(&queue), &queue, Budget::USUAL).word(),
        ),
        (
            "set",
            check(&Set::for_history(&parted), &parted, Budget::USUAL).word(),
        ),
        (
            "set with whole reads",
            check(&Set::for_history(&whole), &whole, Budget::USUAL).word(),
        ),
    ]
}

#[test]
fn set_histories_are_judged() {
    let all = |elements: &[u32]| SetOutput::Elements(elements.iter().copied().collect());
    let cases = [
        (
            "held",
            vec![
                Invoke(1, SetAction::Add(1)),
                Ok(1, SetOutput::Done),
                Invoke(2, SetAction::ReadAll),
                Ok(2, all(&[1])),
            ],
        ),
        (
            "violated",
            vec![
                Invoke(1, SetAction::Add(1)),
                Ok(1, SetOutput::Done),
                Invoke(2, SetAction::ReadAll),
                Ok(2, all(&[])),
            ],
        ),
        (
            "violated",
            vec![
                Invoke(1, SetAction::Add(1)),
                Ok(1, SetOutput::Done),
                Invoke(2, SetAction::ReadAll),
                Ok(2, all(&[1, 5])),
            ],
        ),
        (
            "held",
            vec![
                Invoke(1, SetAction::Add(1)),
                Invoke(2, SetAction::ReadAll),
                Ok(2, all(&[])),
                Ok(1, SetOutput::Done),
            ],
        ),
        (
            // Two unknown additions side by side, and one read that needs them both.
            "held",
            vec![
                Invoke(1, SetAction::Add(1)),
                Unknown(1),
                Invoke(1, SetAction::Add(2)),
                Unknown(1),
                Invoke(2, SetAction::ReadAll),
                Ok(2, all(&[1, 2])),
            ],
        ),
        (
            "violated",
            vec![
                Invoke(1, SetAction::Add(1)),
                Unknown(1),
                Invoke(2, SetAction::Contains(1)),
                Ok(2, SetOutput::Contained(true)),
                Invoke(2, SetAction::Contains(1)),
                Ok(2, SetOutput::Contained(false)),
            ],
        ),
        (
            "held",
            vec![
                Invoke(1, SetAction::Add(1)),
                Unknown(1),
                Invoke(3, SetAction::Remove(1)),
                Invoke(2, SetAction::Contains(1)),
                Ok(2, SetOutput::Contained(true)),
                Invoke(2, SetAction::Contains(1)),
                Ok(2, SetOutput::Contained(false)),
                Ok(3, SetOutput::Done),
            ],
        ),
    ];
    for (word, events) in cases {
        let history = told(events.clone());
        assert_eq!(
            check(&Set::for_history(&history), &history, Budget::USUAL).word(),
            word,
            "{events:?}"
        );
    }
}

#[test]
fn queue_histories_are_judged() {
    let put = |process, value: u32| {
        [
            Invoke(process, QueueAction::Enqueue(value)),
            Ok(process, QueueOutput::Enqueued),
        ]
    };
    let got = |process, value| {
        [
            Invoke(process, QueueAction::Dequeue),
            Ok(process, QueueOutput::Dequeued(value)),
        ]
    };
    let cases = [
        (
            "held",
            [
                put(1, 1),
                put(1, 2),
                got(2, Some(1)),
                got(2, Some(2)),
                got(2, None),
            ]
            .concat(),
        ),
        ("violated", [put(1, 1), put(1, 2), got(2, Some(2))].concat()),
        ("violated", [put(1, 1), got(2, None)].concat()),
        (
            "violated",
            [put(1, 1), got(2, Some(1)), got(2, Some(1))].concat(),
        ),
        (
            "held",
            [
                vec![Invoke(1, QueueAction::Enqueue(1)), Unknown(1)],
                got(2, None).to_vec(),
                got(2, Some(1)).to_vec(),
            ]
            .concat(),
        ),
        (
            "held",
            [
                put(1, 1).to_vec(),
                vec![Invoke(2, QueueAction::Dequeue), Unknown(2)],
                got(3, None).to_vec(),
            ]
            .concat(),
        ),
    ];
    for (word, events) in cases {
        assert_eq!(
            check(
                &FifoQueue::for_history(&told(events.clone())),
                &told(events.clone()),
                Budget::USUAL
            )
            .word(),
            word,
            "{events:?}"
        );
    }
}
