//! What course systems demand of a file, put to every saved submission: fields, types, ranges, sizes.
//!
//! The demands are those of the systems' own documentation and readers: Gradescope's autograder specification,
//! Classroom 50's `classroom50/result/v1`, PrairieLearn's external grader, Canvas's gradebook importer, nbgrader's
//! exporter, and LTI Assignment and Grade Services 2.0.

use grading::converters::classroom50::Classroom;
use grading::converters::{classroom50, gradebooks, gradescope, lti, prairielearn};
use grading::document::{Grade, GradeStatus};
use serde_json::Value;

use super::table::{files, grade};

const SAVED: [&str; 6] = [
    "expert",
    "nothing",
    "fast-lossy-purge",
    "malformed-bounds",
    "malformed-json",
    "prevention-refuses-all",
];

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("it is JSON")
}

fn array<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn is_one_of(value: &Value, words: &[&str]) -> bool {
    value.as_str().is_some_and(|word| words.contains(&word))
}

/// What is wrong with a document for Gradescope.
fn gradescope_refuses(document: &Value) -> Option<String> {
    const VISIBILITY: [&str; 4] = ["hidden", "after_due_date", "after_published", "visible"];
    const FORMATS: [&str; 5] = ["text", "html", "simple_format", "md", "ansi"];
    let tests = array(document, "tests");
    let scored =
        document["score"].is_number() || tests.iter().any(|test| test["score"].is_number());
    if !scored && !tests.is_empty() {
        return Some("tests without any score".to_owned());
    }
    if !is_one_of(&document["output_format"], &FORMATS) {
        return Some(format!("output_format {}", document["output_format"]));
    }
    tests.iter().find_map(|test| {
        let scores = (test["score"].as_u64(), test["max_score"].as_u64());
        let right = is_one_of(&test["visibility"], &VISIBILITY)
            && test["name"].is_string()
            && (test["number"].is_null() || test["number"].is_string())
            && (test["status"].is_null() || is_one_of(&test["status"], &["passed", "failed"]))
            && matches!(scores, (None, None) | (Some(_), Some(_)))
            && scores.0 <= scores.1;
        (!right).then(|| test.to_string())
    })
}

/// What is wrong with a result for Classroom 50.
fn classroom50_refuses(document: &Value) -> Option<String> {
    let texts = [
        "classroom",
        "assignment",
        "owner",
        "submission",
        "commit",
        "release",
        "review",
        "datetime",
    ];
    let blank = texts
        .into_iter()
        .find(|key| document[key].as_str().is_none_or(str::is_empty));
    if let Some(key) = blank {
        return Some(key.to_owned());
    }
    let whole = |value: &Value| {
        let (score, most) = (value["score"].as_u64(), value["max-score"].as_u64());
        matches!((score, most), (Some(score), Some(most)) if score <= most)
    };
    let right = document["schema"] == "classroom50/result/v1"
        && is_one_of(
            &document["assignment_type"],
            &["individual", "group", "team"],
        )
        && document["submission"]
            .as_str()
            .is_some_and(|it| it.starts_with("submit/"))
        && document["datetime"]
            .as_str()
            .is_some_and(|it| it.len() == 20 && it.ends_with('Z'))
        && document["tests"].is_array()
        && whole(document);
    if !right {
        return Some(document.to_string());
    }
    array(document, "tests").iter().find_map(|test| {
        let right = test["test-name"].is_string() && test["passed"].is_boolean() && whole(test);
        (!right).then(|| test.to_string())
    })
}

/// What is wrong with a result for PrairieLearn.
fn prairielearn_refuses(text: &str) -> Option<String> {
    if text.len() > 1_000_000 {
        return Some("larger than 1 MB".to_owned());
    }
    let document = parsed(text);
    let score = document["score"].as_f64();
    let right = match document["gradable"].as_bool() {
        Some(true) => score.is_some_and(|score| (0.0..=1.0).contains(&score)),
        Some(false) => score.is_none() && !array(&document, "format_errors").is_empty(),
        None => false,
    };
    let shown = |test: &&Value| test["points"].is_number() && test["max_points"].is_number();
    let tests = array(&document, "tests");
    // Points are shown for all tests or for none.
    let all_or_none = matches!(tests.iter().filter(shown).count(), n if n == 0 || n == tests.len());
    (!right || !all_or_none).then(|| document.to_string())
}

/// What is wrong with a score of LTI AGS.
fn lti_refuses(document: &Value) -> Option<String> {
    const ACTIVITY: [&str; 5] = [
        "Initialized",
        "Started",
        "InProgress",
        "Submitted",
        "Completed",
    ];
    const GRADING: [&str; 5] = [
        "NotReady",
        "Failed",
        "Pending",
        "PendingManual",
        "FullyGraded",
    ];
    let given = document["scoreGiven"].as_f64();
    let most = document["scoreMaximum"].as_f64();
    let timestamp = document["timestamp"].as_str().unwrap_or_default();
    let right = document["userId"].is_string()
        && is_one_of(&document["activityProgress"], &ACTIVITY)
        && is_one_of(&document["gradingProgress"], &GRADING)
        && (given.is_none() || most.is_some_and(|most| most > 0.0))
        && given.is_none_or(|given| given >= 0.0)
        && timestamp.contains('T')
        && timestamp.contains('.');
    (!right).then(|| document.to_string())
}

/// What is wrong with a table: each row has as many cells as its head, points are blank or whole and within bounds.
fn table_refuses(table: &str, head: &str, points: usize, most: u64) -> Option<String> {
    let mut lines = table.lines();
    if lines.next() != Some(head) {
        return Some("the head".to_owned());
    }
    let cells = head.split(',').count();
    lines.find_map(|line| {
        let row: Vec<&str> = line.split(',').collect();
        let cell = row.get(points).copied().unwrap_or("none");
        let within = cell.is_empty() || cell.parse::<u64>().is_ok_and(|given| given <= most);
        (row.len() != cells || !within).then(|| line.to_owned())
    })
}

const NBGRADER: &str = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score";
const CANVAS: &str = "Student,ID,SIS Login ID,Section,LOAD-2024-001 (7)";

fn classroom() -> Classroom {
    Classroom {
        classroom: "c".to_owned(),
        owner: "ada".to_owned(),
        submission: "submit/1".to_owned(),
        commit: "0".to_owned(),
        release: "r".to_owned(),
        review: "v".to_owned(),
        datetime: "2026-01-01T00:00:00Z".to_owned(),
    }
}

#[test]
fn every_form_of_every_saved_submission_is_accepted() {
    let grades: Vec<Grade> = SAVED.iter().map(|name| grade(&files(name))).collect();
    for (name, grade) in SAVED.iter().zip(&grades) {
        let scored = parsed(&gradescope::render(grade));
        assert_eq!(gradescope_refuses(&scored), None, "{name}");
        let decided = matches!(grade.status, GradeStatus::Passed | GradeStatus::Failed);
        assert_eq!(
            scored["score"].is_number(),
            decided,
            "{name}: no score for what is not read or not decided"
        );
        let result = classroom50::render(grade, &classroom());
        assert_eq!(result.is_some(), decided, "{name}: and no result");
        let refused = result.and_then(|result| classroom50_refuses(&parsed(&result)));
        assert_eq!(refused, None, "{name}");
        assert_eq!(
            prairielearn_refuses(&prairielearn::render(grade, false)),
            None,
            "{name}"
        );
        let score = parsed(&lti::render(grade, "ada", "2026-01-01T00:00:00.000Z"));
        assert_eq!(lti_refuses(&score), None, "{name}");
    }
    let (canvas, nbgrader) = (
        gradebooks::canvas(&grades, 7),
        gradebooks::nbgrader(&grades),
    );
    assert_eq!(table_refuses(&canvas, CANVAS, 4, 1_000), None);
    assert!(
        canvas
            .lines()
            .nth(1)
            .is_some_and(|row| row.starts_with("    Points Possible,"))
    );
    assert_eq!(table_refuses(&nbgrader, NBGRADER, 7, 1_000), None);
}

/// The demands themselves: each refuses a document with one thing changed.
#[test]
fn a_form_with_one_thing_wrong_is_refused() {
    let decided = grade(&files("nothing"));
    let with = |text: &str, change: &dyn Fn(&mut Value)| {
        let mut document = parsed(text);
        change(&mut document);
        document
    };
    let scored = gradescope::render(&decided);
    let refused = [
        gradescope_refuses(&with(&scored, &|it| {
            it["tests"][0]["visibility"] = "secret".into()
        })),
        gradescope_refuses(&with(&scored, &|it| it["tests"][0]["number"] = 1.into())),
        gradescope_refuses(&with(&scored, &|it| it["tests"][0]["score"] = 9_999.into())),
    ];
    let result = classroom50::render(&decided, &classroom()).expect("it has a score");
    let more = [
        classroom50_refuses(&with(&result, &|it| it["score"] = true.into())),
        classroom50_refuses(&with(&result, &|it| it["score"] = 950.5.into())),
        classroom50_refuses(&with(&result, &|it| it["submission"] = "1".into())),
        classroom50_refuses(&with(&result, &|it| it["owner"] = "".into())),
    ];
    let prairie = prairielearn::render(&decided, true);
    let changed = |change: &dyn Fn(&mut Value)| with(&prairie, change).to_string();
    let most = [
        prairielearn_refuses(&changed(&|it| it["score"] = 1.5.into())),
        prairielearn_refuses(&changed(&|it| it["tests"][0]["points"] = Value::Null)),
        prairielearn_refuses(&changed(&|it| it["message"] = "x".repeat(1_000_001).into())),
        lti_refuses(&with(
            &lti::render(&decided, "ada", "2026-01-01T00:00:00Z"),
            &|_| (),
        )),
        table_refuses("a\n", CANVAS, 4, 1_000),
        table_refuses(&format!("{CANVAS}\nada,,ada,,1001\n"), CANVAS, 4, 1_000),
        table_refuses(&format!("{CANVAS}\na,b,,ada,,9\n"), CANVAS, 4, 1_000),
    ];
    let all = refused.into_iter().chain(more).chain(most);
    for (number, told) in all.enumerate() {
        assert!(told.is_some(), "change {number} is not seen");
    }
}
