//! The forms of course systems have the fields those systems ask for.

use super::table::{files, grade};
use grading::converters::classroom50::Classroom;
use grading::converters::{classroom50, gradebooks, gradescope, lti, prairielearn};
use grading::document::GradeStatus;
use grading::pages;
use serde_json::Value;

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

#[test]
fn gradescope_sees_a_visible_test_for_each_criterion() {
    let document = parsed(&gradescope::render(&grade(&files("right-cause-no-word"))));
    assert_eq!(document["score"], 740);
    let tests = document["tests"].as_array().expect("tests");
    let visible: Vec<&Value> = tests
        .iter()
        .filter(|test| test["visibility"] == "visible")
        .collect();
    let scored = visible.iter().filter(|test| test["score"].is_number());
    assert_eq!(scored.count(), 5);
    let hidden = tests
        .iter()
        .filter(|test| test["visibility"] == "after_published");
    let of_hidden_seeds = hidden.filter_map(|test| test["name"].as_str());
    assert_eq!(
        of_hidden_seeds.collect::<Vec<_>>(),
        [
            "prevention.prevent_milder",
            "prevention.prevent_gone",
            "prevention.mitigate_milder",
            "prevention.healthy_work",
            "prevention.healthy_errors",
            "prevention.detect_fires",
            "prevention.detect_silent",
        ]
    );
    let sum: u64 = visible
        .iter()
        .filter_map(|test| test["score"].as_u64())
        .sum();
    assert_eq!(sum, 740);
    let replay = |test: &&Value| {
        test["output"]
            .as_str()
            .is_some_and(|it| it.contains("look: proveniq"))
    };
    assert!(tests.iter().any(|test| replay(&test)), "where to look");
}

#[test]
fn classroom50_has_integers_within_their_bounds_and_its_keys() {
    let classroom = Classroom {
        classroom: "c".to_owned(),
        owner: "ada".to_owned(),
        submission: "submit/1".to_owned(),
        commit: "0".to_owned(),
        release: "r".to_owned(),
        review: "v".to_owned(),
        datetime: "2026-01-01T00:00:00Z".to_owned(),
    };
    let silent = grade(&files("right-cause-no-word"));
    let document = parsed(&classroom50::render(&silent, &classroom).expect("it has a score"));
    for key in [
        "schema",
        "classroom",
        "assignment",
        "assignment_type",
        "owner",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
        "score",
        "max-score",
        "tests",
    ] {
        assert!(!document[key].is_null(), "{key}");
    }
    for test in document["tests"].as_array().expect("tests") {
        assert!(
            test["score"].as_u64() <= test["max-score"].as_u64() && test["passed"].is_boolean()
        );
    }
}

#[test]
fn what_is_not_decided_here_is_no_score_anywhere() {
    let open = grade(&files("expert"));
    assert_eq!(
        (open.status, open.points, open.score()),
        (GradeStatus::Incomplete, 940, None)
    );
    let prairie = parsed(&prairielearn::render(&open, false));
    assert!(prairie["gradable"] == false && prairie["score"].is_null());
    let score = parsed(&lti::render(&open, "ada", "2026-01-01T00:00:00.000Z"));
    assert!(score["scoreGiven"].is_null() && score["gradingProgress"] == "PendingManual");
    assert!(parsed(&gradescope::render(&open))["score"].is_null());
}

#[test]
fn what_cannot_be_read_is_no_zero_anywhere() {
    let broken = grade(&files("malformed-json"));
    let prairie = parsed(&prairielearn::render(&broken, false));
    assert_eq!(prairie["gradable"], false);
    assert!(prairie["score"].is_null());
    let score = parsed(&lti::render(&broken, "ada", "2026-01-01T00:00:00.000Z"));
    assert!(score["scoreGiven"].is_null() && score["gradingProgress"] == "Failed");
    let rows = gradebooks::nbgrader(std::slice::from_ref(&broken));
    assert!(
        rows.ends_with("LOAD-2024-001,,,learner,,,,,0,,1000\n"),
        "{rows}"
    );
    assert!(gradebooks::canvas(std::slice::from_ref(&broken), 7).ends_with("learner,,learner,,\n"));
}

#[test]
fn a_fraction_and_a_score_are_those_of_the_grade() {
    let silent = grade(&files("right-cause-no-word"));
    let prairie = parsed(&prairielearn::render(&silent, true));
    assert_eq!(prairie["score"].to_string(), "0.74");
    let score = parsed(&lti::render(&silent, "ada", "2026-01-01T00:00:00.000Z"));
    assert_eq!(
        (&score["scoreGiven"], &score["scoreMaximum"]),
        (&Value::from(740), &Value::from(1000))
    );
    assert_eq!(score["gradingProgress"], "FullyGraded");
}

#[test]
fn a_learners_page_names_every_lost_point_and_where_to_look() {
    let page = pages::learner(&grade(&files("lying-figures")), false);
    assert!(page.contains(
        "**communication.figures_true** −20: `queue_depth was 54238.000, told as 12000.000`"
    ));
    assert!(page.contains("look: `proveniq incident replay SUBMISSION --seed 0x1 --until 120`"));
}

#[test]
fn before_publication_a_learner_reads_of_hidden_seeds_no_more_than_what_kind_a_loss_is() {
    let refusing = grade(&files("prevention-refuses-all"));
    let of = [
        pages::learner(&refusing, false),
        prairielearn::render(&refusing, false),
    ];
    for text in of {
        assert!(
            text.contains("with it a healthy system gets worse on hidden seeds"),
            "{text}"
        );
        assert!(!text.contains("hidden seeds`\n  look"), "{text}");
        for told in ["of 2 hidden", "--like", "SEED"] {
            assert!(!text.contains(told), "{told}\n{text}");
        }
    }
    for text in [
        pages::learner(&refusing, true),
        prairielearn::render(&refusing, true),
    ] {
        for told in ["on 2 of 2 hidden seeds", "--seed SEED --like 0x1"] {
            assert!(text.contains(told), "{told}\n{text}");
        }
    }
}
