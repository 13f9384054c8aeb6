//! Scrapes: what a watching node sees of others' metrics, and that watching changes nothing.

use sim::NodeContext;
use sim::fault::FaultKind;

use super::stage::{Program, Stage, during, expect_lines, ms, program, said_by, say};

/// Tells a gauge of its own and one of the whole system at each start.
fn teller() -> Program {
    program(|node: NodeContext| async move {
        let own = node.name();
        node.gauge("state", &[("instance", own.as_str())], 1);
        node.gauge("shared", &[("instance", "somebody else")], 2);
        node.count("starts", &[]);
        // Until the next start nothing is told.
        std::future::pending().await
    })
}

/// Scrapes every 10 ms and says what it sees, `-` for what is absent.
fn watcher() -> Program {
    program(|node: NodeContext| async move {
        for _ in 0..9 {
            node.sleep(ms(10)).await;
            let seen = node.scrape(|all| {
                let last = all.times().len() - 1;
                let state = all.gauges("state").next();
                let shared = all.gauges("shared").next();
                let starts = all.counters("starts").next();
                [state, shared, starts].map(|found| {
                    let value = found.and_then(|(_, series)| series.at(last));
                    value.map_or("-".to_owned(), |value| value.to_string())
                })
            });
            say(&node, seen.join(" "));
        }
    })
}

#[test]
fn a_gauge_of_a_process_is_seen_while_it_lives_and_runs() {
    let record = Stage::new([("teller", teller()), ("watcher", watcher())])
        .with([
            during(FaultKind::Crash, "teller", 15, 35),
            during(FaultKind::Pause, "teller", 55, 75),
        ])
        .play();
    expect_lines(
        &said_by(&record, "watcher"),
        &[
            "10 1 2 1", "20 - 2 1", "30 - 2 1", "40 1 2 2", "50 1 2 2", "60 - 2 2", "70 - 2 2",
            "80 1 2 2", "90 1 2 2",
        ],
        "absent while crashed and while paused; the counter is of the run",
    );
    assert_eq!(record.metrics.scrapes.times().len(), 9);
}

#[test]
fn scraping_leaves_no_event() {
    let play = |scrapes| {
        let quiet = program(move |node: NodeContext| async move {
            loop {
                node.sleep(ms(10)).await;
                if scrapes {
                    node.scrape(|_| ());
                }
            }
        });
        Stage::new([("teller", teller()), ("watcher", quiet)]).play()
    };
    let (with, without) = (play(true), play(false));
    assert_eq!(with.fingerprint, without.fingerprint);
    assert!(with.metrics.scrapes.times().len() > 5);
    assert!(without.metrics.scrapes.times().is_empty());
}
