//! `locker-timeout`: the first acceptance scenario of the course, and the other strategy beside it.
//!
//! The third link command is answered after 35 s, long past the 5 s of the request. The client gets
//! 202 `pending_link`; a job waits with retry count 0; the retry links the asset; and the first
//! command, executed late all the same, has not linked it twice. All or nothing, the client gets 503,
//! and nothing of the asset stays anywhere.

use sim::record::trace::Happening;

use super::story::{Operation, Story};

fn statuses(story: &Story) -> Vec<i64> {
    story.operations().map(|it| it.status()).collect()
}

/// The assets that anything was written about and that are not there any more.
fn gone(story: &Story) -> Vec<&str> {
    let created = story.table("audit").iter();
    let created = created.filter(|entry| entry.text("action") == "created");
    let mut gone: Vec<&str> = created.map(|entry| entry.text("asset")).collect();
    gone.retain(|asset| story.about("assets", asset).is_empty());
    gone
}

#[test]
fn the_third_request_is_kept_and_linked_once_by_its_job() {
    let story = Story::of("locker-timeout", 1);
    assert_eq!(
        statuses(&story),
        [201, 201, 202, 201, 201],
        "only the third is kept without its link"
    );
    let third = story.operations().nth(2).expect("there are five");
    assert_eq!(third.answer.text("asset_status"), "pending_link");
    assert_eq!(third.failure(), "E_LOCKER_TIMEOUT");

    let kept = third.answer.text("asset");
    let job = story.about("jobs", kept)[0];
    assert_eq!(
        job.get("retries").as_int(),
        Some(0),
        "the first retry succeeds"
    );
    assert_eq!(job.text("state"), "done");
    assert_eq!(
        story.about("device_links", kept).len(),
        1,
        "the late command has not linked it twice"
    );
    assert_eq!(
        story.audit(kept),
        [
            "created",
            "link_postponed",
            "linked",
            "verification_queued",
            "verified"
        ]
    );
    assert_eq!(story.about("assets", kept)[0].text("status"), "verified");
}

#[test]
fn the_timed_out_command_is_executed_late_and_recognised_by_the_retry() {
    let story = Story::of("locker-timeout", 1);
    let executed: Vec<u64> = story
        .record()
        .trace
        .events()
        .iter()
        .filter(|event| {
            matches!(event.what, Happening::PointReached { point } if point == "locker.command.executed")
        })
        .map(|event| event.at.millis() / 1_000)
        .collect();
    assert_eq!(
        executed.len(),
        6,
        "five first commands and one retry: {executed:?}"
    );
    assert!(story.reached("device_recognised_a_repeated_command"));
    // The retry comes five minutes after the registration gave up, at the next poll.
    let last = executed[5];
    assert!((305..=330).contains(&last), "the retry came at {last} s");
}

#[test]
fn all_or_nothing_answers_503_and_leaves_nothing_anywhere() {
    for seed in 1..=5 {
        let story = Story::of("locker-timeout-rollback", seed);
        assert_eq!(statuses(&story), [201, 201, 503, 201, 201], "seed {seed}");
        let third = story.operations().nth(2).expect("there are five");
        assert_eq!(third.failure(), "E_LOCKER_TIMEOUT");
        let [asset] = gone(&story)[..] else {
            panic!("one asset is taken back: {:?}", gone(&story));
        };
        assert_eq!(
            story.audit(asset),
            [
                "created",
                "turned_back",
                "unlinked",
                "deleted",
                "rolled_back"
            ]
        );
        for table in ["device_links", "verifications", "idempotency_keys"] {
            assert!(story.about(table, asset).is_empty(), "{table}, seed {seed}");
        }
        // The command that was still on its way has met the tombstone.
        assert!(story.reached("device_refused_a_cancelled_link"));
        let undone = [("saga", "asset_registration"), ("step", "link_locker")];
        assert_eq!(story.counted("core.saga.compensations", &undone), 1);
    }
}

#[test]
fn under_one_seed_the_two_strategies_differ_in_the_third_answer_alone() {
    // The same work, whatever the strategy: what was asked, and what was answered.
    let asked = |it: &Operation<'_>| {
        let words = ["key", "name", "category", "locker"];
        words.map(|word| it.input.text(word).to_owned())
    };
    for seed in 1..=5 {
        let kept = Story::of("locker-timeout", seed);
        let taken_back = Story::of("locker-timeout-rollback", seed);
        let pairs = kept.operations().zip(taken_back.operations());
        for (number, (one, other)) in pairs.enumerate() {
            assert_eq!(asked(&one), asked(&other), "seed {seed}");
            let same = one.answer == other.answer;
            assert_eq!(same, number != 2, "operation {number}, seed {seed}");
        }
        let assets = |story: &Story| story.table("assets").len();
        assert_eq!((assets(&kept), assets(&taken_back)), (5, 4));
        let links = |story: &Story| story.table("device_links").len();
        assert_eq!((links(&kept), links(&taken_back)), (5, 4));
    }
}
