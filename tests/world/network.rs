//! Messages: latency, order, loss, duplication, partitions, what callers learn.

use sim::fault::{Fault, FaultKind};
use sim::latency::Latency;
use sim::network::CallError;
use sim::ratio::Ratio;
use sim::record::trace::Happening;

use super::cast::{CALLS, MESSAGES, Question, asks, hears, server, slow_server, tells};
use super::faults::Case;
use super::stage::{
    Program, Stage, during, expect_lines, happenings, ms, program, said, said_by, say,
};

const ALWAYS: Ratio = Ratio::ALWAYS;

pub(super) const CASES: &[Case] = &[
    Case {
        scene: &CALLS,
        fault: || {
            during(
                FaultKind::Loss { ratio: ALWAYS },
                "client -> server",
                18,
                32,
            )
        },
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 0, 1 before)",
            "45 client 2 timed out",
        ],
    },
    Case {
        scene: &MESSAGES,
        fault: || {
            during(
                FaultKind::Duplicate { ratio: ALWAYS },
                "sender -> receiver",
                8,
                32,
            )
        },
        disturbed: &[
            "11 receiver hears 0 in life 0",
            "11 receiver hears 1 in life 0",
            "21 receiver hears 2 in life 0",
            "21 receiver hears 3 in life 0",
            "31 receiver hears 4 in life 0",
            "31 receiver hears 5 in life 0",
            "79 receiver hears 0 in life 0",
        ],
    },
    Case {
        scene: &MESSAGES,
        fault: || {
            during(
                FaultKind::Delay { extra_ms: 40 },
                "sender -> receiver",
                18,
                22,
            )
        },
        disturbed: &[
            "11 receiver hears 0 in life 0",
            "11 receiver hears 1 in life 0",
            "26 receiver hears 2 in life 0",
            "26 receiver hears 3 in life 0",
            "31 receiver hears 4 in life 0",
            "31 receiver hears 5 in life 0",
        ],
    },
    Case {
        scene: &MESSAGES,
        fault: || {
            let ratio = ALWAYS;
            during(
                FaultKind::Reorder {
                    ratio,
                    extra_ms: 40,
                },
                "*",
                18,
                22,
            )
        },
        disturbed: &[
            "11 receiver hears 0 in life 0",
            "11 receiver hears 1 in life 0",
            "23 receiver hears 3 in life 0",
            "26 receiver hears 2 in life 0",
            "31 receiver hears 4 in life 0",
            "31 receiver hears 5 in life 0",
        ],
    },
    Case {
        scene: &MESSAGES,
        fault: || {
            let bytes_per_second = 102_400;
            during(FaultKind::Bandwidth { bytes_per_second }, "receiver", 8, 32)
        },
        disturbed: &[
            "16 receiver hears 0 in life 0",
            "21 receiver hears 1 in life 0",
            "26 receiver hears 2 in life 0",
            "31 receiver hears 3 in life 0",
            "36 receiver hears 4 in life 0",
            "41 receiver hears 5 in life 0",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::LoseRequests { ratio: ALWAYS }, "*", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 0, 1 before)",
            "45 client 2 timed out",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::LoseReplies { ratio: ALWAYS }, "*", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "21 server does 1",
            "31 server does 2",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 0, 3 before)",
            "45 client 2 timed out",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::Partition, "client -> server", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 0, 1 before)",
            "45 client 2 timed out",
        ],
    },
    Case {
        scene: &CALLS,
        fault: || during(FaultKind::Isolate, "server", 18, 32),
        disturbed: &[
            "11 server does 0",
            "12 client 0 ok (life 0, 0 before)",
            "35 client 1 timed out",
            "41 server does 3",
            "42 client 3 ok (life 0, 1 before)",
            "45 client 2 timed out",
        ],
    },
];

/// What the client says of a question asked at 20 ms, and whether it took effect, under a fault from
/// 18 to 60 ms.
#[track_caller]
fn check_outcome(what: FaultKind, place: &str, outcome: &str, effect: bool) {
    let fault = during(what, place, 18, 60);
    let about = fault.to_string();
    let cast = [("client", asks("server", &[20], 30)), ("server", server())];
    let record = Stage::new(cast).with([fault]).play();
    expect_lines(&said_by(&record, "client"), &[outcome], &about);
    let happened = said_by(&record, "server") == ["21 does 0"];
    assert_eq!(happened, effect, "{about}: the effect");
}

#[test]
fn a_dead_process_is_refused_at_once_and_what_is_unreachable_stays_silent() {
    check_outcome(FaultKind::Crash, "server", "22 0 refused", false);
    check_outcome(FaultKind::PowerLoss, "server", "50 0 timed out", false);
    check_outcome(FaultKind::TornWrite, "server", "50 0 timed out", false);
    check_outcome(
        FaultKind::Partition,
        "client -> server",
        "50 0 timed out",
        false,
    );
    check_outcome(FaultKind::Isolate, "server", "50 0 timed out", false);
    check_outcome(FaultKind::Isolate, "client", "50 0 timed out", false);
    check_outcome(FaultKind::Pause, "server", "50 0 timed out", false);
    assert!(CallError::Refused.is_certain());
}

#[test]
fn an_answer_can_be_lost_before_dispatch_or_after_the_effect() {
    let ratio = ALWAYS;
    check_outcome(
        FaultKind::LoseRequests { ratio },
        "*",
        "50 0 timed out",
        false,
    );
    check_outcome(
        FaultKind::LoseReplies { ratio },
        "*",
        "50 0 timed out",
        true,
    );
    check_outcome(
        FaultKind::Partition,
        "server -> client",
        "50 0 timed out",
        true,
    );
    assert!(!CallError::TimedOut.is_certain());
}

#[test]
fn a_request_in_hand_is_reset_by_a_crash_and_forgotten_by_a_power_loss() {
    for (what, outcome) in [
        (FaultKind::Crash, "26 0 reset"),
        (FaultKind::PowerLoss, "60 0 timed out"),
    ] {
        let cast = [
            ("client", asks("server", &[10], 50)),
            ("server", slow_server(20)),
        ];
        let lines = Stage::new(cast)
            .with([during(what, "server", 25, 30)])
            .lines();
        let outcome = outcome.replacen(' ', " client ", 1);
        expect_lines(&lines, &[&outcome], "a request in hand");
    }
    assert!(!CallError::Reset.is_certain());
}

#[test]
fn a_request_that_waits_at_a_paused_process_is_reset_when_it_dies() {
    let cast = [("client", asks("server", &[10], 50)), ("server", server())];
    let faults = [
        during(FaultKind::Pause, "server", 5, 100),
        during(FaultKind::Crash, "server", 25, 30),
    ];
    let lines = Stage::new(cast).with(faults).lines();
    expect_lines(&lines, &["26 client 0 reset"], "accepted, not yet seen");
}

/// Sends every other node one message at 10 ms and says from whom it hears.
fn greets() -> Program {
    program(|node| async move {
        let greeter = node.clone();
        node.spawn("greet", async move {
            greeter.sleep(ms(10)).await;
            for name in ["a", "b", "c"] {
                if name != greeter.name() {
                    greeter.send(greeter.find(name), Question(0));
                }
            }
        });
        let names = ["a", "b", "c"].map(|name| (node.find(name), name));
        loop {
            let from = node.receive().await.from;
            if let Some((_, name)) = names.iter().find(|(other, _)| *other == from) {
                say(&node, format!("hears {name}"));
            }
        }
    })
}

#[test]
fn a_partition_cuts_the_links_it_names_and_no_other() {
    for (what, place, passing) in [
        (FaultKind::Partition, "a -> b", "ba ca ac bc cb"),
        (FaultKind::Partition, "a <-> b", "ca ac bc cb"),
        (FaultKind::Partition, "a, c | b", "ca ac"),
        (FaultKind::Partition, "a | b | c", ""),
        (FaultKind::Partition, "* <-> a", "bc cb"),
        (FaultKind::Partition, "a <-> *", "bc cb"),
        (FaultKind::Isolate, "c", "ba ab"),
    ] {
        let fault = during(what, place, 5, 50);
        let about = fault.to_string();
        let cast = ["a", "b", "c"].map(|name| (name, greets()));
        let lines = Stage::new(cast).with([fault]).lines();
        let mut heard: Vec<String> = lines.iter().map(|line| line.replace("11 ", "")).collect();
        heard.sort();
        let mut expected: Vec<String> = passing
            .split_whitespace()
            .map(|pair| format!("{} hears {}", &pair[1..], &pair[..1]))
            .collect();
        expected.sort();
        assert_eq!(heard, expected, "{about}");
    }
}

/// One message sent at 10 ms over a link that takes 10 ms.
fn on_a_long_line(faults: impl IntoIterator<Item = Fault>) -> Vec<String> {
    let cast = [("sender", tells("receiver", &[10])), ("receiver", hears())];
    let long = Latency::constant(ms(10));
    let stage = Stage::new(cast).with(faults);
    let stage = stage.configured(|config| config.links.default = long);
    stage.lines()
}

#[test]
fn a_partition_takes_what_is_in_flight_when_it_would_arrive() {
    let partition = |from, until| {
        [during(
            FaultKind::Partition,
            "sender <-> receiver",
            from,
            until,
        )]
    };
    expect_lines(
        &on_a_long_line(partition(15, 25)),
        &[],
        "cut at its arrival",
    );
    let arrived = ["20 receiver hears 0 in life 0"];
    expect_lines(
        &on_a_long_line(partition(12, 18)),
        &arrived,
        "cut only on its way",
    );
    expect_lines(&on_a_long_line(partition(25, 30)), &arrived, "cut later");
}

#[test]
fn a_message_finds_the_life_its_receiver_has_when_it_arrives() {
    for (from, until, expected) in [
        (12, 15, "20 receiver hears 0 in life 1"),
        (25, 30, "20 receiver hears 0 in life 0"),
    ] {
        let crash = during(FaultKind::Crash, "receiver", from, until);
        expect_lines(
            &on_a_long_line([crash]),
            &[expected],
            "sent at 10, crash and restart",
        );
    }
    let down = during(FaultKind::Crash, "receiver", 12, 30);
    expect_lines(&on_a_long_line([down]), &[], "nobody is there");
}

#[test]
fn an_answer_to_a_caller_that_restarted_finds_nobody() {
    let cast = [
        ("client", asks("server", &[10], 50)),
        ("server", slow_server(20)),
    ];
    let crash = during(FaultKind::Crash, "client", 15, 20);
    let record = Stage::new(cast).with([crash]).lasting(75).play();
    // The new life asks again, 10 ms after its start; the server works on one after the other.
    expect_lines(
        &said(&record),
        &[
            "31 server does 0",
            "51 server does 0",
            "52 client 0 ok (life 0, 0 before)",
        ],
        "the first answer is for a dead process",
    );
}

#[test]
fn a_link_has_the_first_profile_that_fits() {
    let cast = [
        ("a", tells("c", &[10])),
        ("b", tells("c", &[11])),
        ("c", hears()),
        ("d", tells("b", &[12])),
    ];
    let special = [("a -> *", 20), ("a, b", 5), ("b", 40)]
        .map(|(place, span)| (place.parse().expect("a place"), Latency::constant(ms(span))));
    let stage = Stage::new(cast).configured(|config| config.links.special = special.to_vec());
    let delivered = happenings(&stage.play(), |what| {
        matches!(what, Happening::Delivered { .. })
    });
    let expected = ["16 c receives m1", "17 b receives m2", "30 c receives m0"];
    expect_lines(
        &delivered,
        &expected,
        "a -> c takes 20 ms, b -> c and d -> b take 5",
    );
}

/// The numbers heard of 200 sent 1 ms apart, in the order of their arrival.
fn heard_of_200(latency: Latency, fault: Option<FaultKind>) -> Vec<u64> {
    let chatters = program(|node| async move {
        let to = node.find("receiver");
        for number in 0..200 {
            node.sleep(ms(1)).await;
            node.send(to, Question(number));
        }
    });
    let fault = fault.map(|what| during(what, "sender -> receiver", 0, 1_000));
    let stage = Stage::new([("sender", chatters), ("receiver", hears())])
        .with(fault)
        .lasting(1_500);
    let lines = stage
        .configured(|config| config.links.default = latency)
        .lines();
    let numbers = lines
        .iter()
        .map(|line| line.split(' ').nth(3).expect("a number").parse());
    numbers.collect::<Result<_, _>>().expect("numbers")
}

#[test]
fn a_link_keeps_order_whatever_its_latency_until_a_fault_reorders() {
    let in_order: Vec<u64> = (0..200).collect();
    let jumpy = Latency::uniform(ms(1), ms(50));
    assert_eq!(heard_of_200(jumpy.clone(), None), in_order);
    let delay = FaultKind::Delay { extra_ms: 50 };
    assert_eq!(heard_of_200(jumpy.clone(), Some(delay)), in_order);
    let reorder = FaultKind::Reorder {
        ratio: Ratio::new(1, 4),
        extra_ms: 50,
    };
    let mut heard = heard_of_200(jumpy, Some(reorder));
    assert_ne!(heard, in_order);
    heard.sort_unstable();
    assert_eq!(heard, in_order, "each arrives once");
}

#[test]
fn chance_takes_about_the_share_it_is_given() {
    let quick = Latency::constant(ms(1));
    let half = Ratio::new(1, 2);
    let left = heard_of_200(quick.clone(), Some(FaultKind::Loss { ratio: half })).len();
    assert!((70..=130).contains(&left), "{left} of 200 arrived");
    let copied = heard_of_200(quick.clone(), Some(FaultKind::Duplicate { ratio: half })).len();
    assert!(
        (270..=330).contains(&copied),
        "{copied} arrivals of 200 messages"
    );
    let never = FaultKind::Loss {
        ratio: Ratio::NEVER,
    };
    assert_eq!(heard_of_200(quick, Some(never)).len(), 200);
}

#[test]
fn lost_requests_and_lost_replies_take_their_own_kind_of_message_only() {
    let ratio = ALWAYS;
    for (what, expected) in [
        (
            FaultKind::LoseRequests { ratio },
            "10 client m1 is lost (lose-requests)",
        ),
        (
            FaultKind::LoseReplies { ratio },
            "11 server m2 is lost (lose-replies)",
        ),
    ] {
        let cast = [
            ("teller", tells("server", &[5])),
            ("client", asks("server", &[10], 20)),
            ("server", server()),
        ];
        let record = Stage::new(cast).with([during(what, "*", 0, 90)]).play();
        let lost = happenings(&record, |what| matches!(what, Happening::Dropped { .. }));
        expect_lines(&lost, &[expected], "the message of the teller passes");
    }
}

#[test]
fn a_narrow_line_is_a_queue_of_each_link_and_the_narrowest_counts() {
    // 512 bytes take 5 ms at 102,400 B/s and 10 ms at half of that.
    let narrow =
        |bytes_per_second, place| during(FaultKind::Bandwidth { bytes_per_second }, place, 0, 90);
    let cast = || {
        let twice = &[10, 10];
        let (a, b) = (tells("receiver", twice), tells("receiver", twice));
        Stage::new([("a", a), ("b", b), ("receiver", hears())])
    };
    let times = |stage: Stage| -> Vec<String> {
        let lines = said_by(&stage.play(), "receiver");
        lines
            .iter()
            .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
            .collect()
    };
    let both = cast().with([narrow(102_400, "receiver")]);
    assert_eq!(
        times(both),
        ["16", "16", "21", "21"],
        "the links do not share"
    );
    let one = cast().with([narrow(102_400, "receiver"), narrow(51_200, "a -> *")]);
    assert_eq!(
        times(one),
        ["16", "21", "21", "31"],
        "a's is the narrower one"
    );
}

#[test]
fn a_copied_request_takes_effect_twice_and_is_answered_once() {
    let cast = [("client", asks("server", &[10], 50)), ("server", server())];
    let fault = during(
        FaultKind::Duplicate { ratio: ALWAYS },
        "client -> server",
        0,
        50,
    );
    let record = Stage::new(cast).with([fault]).lasting(300).play();
    assert_eq!(said_by(&record, "server").len(), 2);
    expect_lines(
        &said_by(&record, "client"),
        &["12 0 ok (life 0, 0 before)"],
        "one answer",
    );
}
