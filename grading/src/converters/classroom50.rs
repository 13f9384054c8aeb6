//! Classroom 50's `classroom50/result/v1`. Integers only. It knows no result without a score, so there is none while there is no
//! score.

use serde::Deserialize;
use serde_json::json;

use super::pretty;
use crate::document::Grade;

/// What the form wants to know that no grade knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classroom {
    /// The classroom.
    pub classroom: String,
    /// The owner of the repository.
    pub owner: String,
    /// The tag; begins with `submit/`.
    pub submission: String,
    /// The commit.
    pub commit: String,
    /// The address of the release.
    pub release: String,
    /// The address of the review.
    pub review: String,
    /// When it was handed in: `YYYY-MM-DDTHH:MM:SSZ`.
    pub datetime: String,
}

/// The document; nothing when the grade has no score.
pub fn render(grade: &Grade, classroom: &Classroom) -> Option<String> {
    let score = grade.score()?;
    let tests: Vec<_> = grade
        .criteria()
        .into_iter()
        .map(|name| {
            let (points, most) = grade.criterion(name);
            json!({ "test-name": name, "passed": most > 0 && points == most, "score": points, "max-score": most })
        })
        .collect();
    Some(pretty(&json!({
        "schema": "classroom50/result/v1",
        "classroom": classroom.classroom,
        "assignment": grade.assignment,
        "assignment_type": "individual",
        "owner": classroom.owner,
        "submission": classroom.submission,
        "commit": classroom.commit,
        "release": classroom.release,
        "review": classroom.review,
        "datetime": classroom.datetime,
        "score": score,
        "max-score": grade.max_points,
        "tests": tests,
    })))
}
