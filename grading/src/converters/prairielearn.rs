//! PrairieLearn's external grader result: a score from 0 to 1, not gradable when the submission cannot be read or
//! not be decided here, which costs the learner nothing.

use serde_json::json;

use super::{pretty, sentence, with_replay};
use crate::document::Grade;

/// The document, before or after publication: it is shown as it is.
pub fn render(grade: &Grade, published: bool) -> String {
    let Some(score) = grade.score() else {
        return pretty(&json!({
            "gradable": false, "format_errors": [sentence(grade)], "message": sentence(grade),
        }));
    };
    let tests: Vec<_> = grade
        .items
        .iter()
        .map(|item| {
            json!({
                "name": item.id, "points": item.points, "max_points": item.max_points, "message": with_replay(item, published),
            })
        })
        .collect();
    pretty(&json!({
        "gradable": true,
        "score": f64::from(score) / f64::from(grade.max_points),
        "message": sentence(grade),
        "tests": tests,
    }))
}
