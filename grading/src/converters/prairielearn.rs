//! PrairieLearn's external grader result: a score from 0 to 1, not gradable when the submission cannot be read.

use serde_json::json;

use super::{pretty, sentence};
use crate::document::{Grade, GradeStatus};

/// The document.
pub fn render(grade: &Grade) -> String {
    if grade.status == GradeStatus::NotGraded {
        return pretty(&json!({
            "gradable": false, "format_errors": [sentence(grade)], "message": sentence(grade),
        }));
    }
    let tests: Vec<_> = grade
        .items
        .iter()
        .map(|item| {
            json!({
                "name": item.id, "points": item.points, "max_points": item.max_points, "message": item.explain,
            })
        })
        .collect();
    pretty(&json!({
        "gradable": true,
        "score": f64::from(grade.points) / f64::from(grade.max_points),
        "message": sentence(grade),
        "tests": tests,
    }))
}
