//! Gradescope's `results.json`. A visible test for each criterion; items are shown after publication, since learners see no total
//! when a test is hidden.

use serde_json::json;

use super::{pretty, sentence};
use crate::criteria::CRITERIA;
use crate::document::{Grade, GradeStatus};

/// The document.
pub fn render(grade: &Grade) -> String {
    let criteria = CRITERIA.iter().zip(1..).map(|(name, number)| {
        let (points, most) = grade.criterion(name);
        json!({
            "name": name, "number": number.to_string(), "score": points, "max_score": most,
            "visibility": "visible",
        })
    });
    let items = grade.items.iter().map(|item| {
        json!({
            "name": item.id,
            "status": if item.points == item.max_points { "passed" } else { "failed" },
            "output": item.explain,
            "visibility": "after_published",
        })
    });
    let tests: Vec<_> = match grade.status {
        GradeStatus::NotGraded => Vec::new(),
        _ => criteria.chain(items).collect(),
    };
    pretty(&json!({
        "score": grade.points,
        "output": sentence(grade),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    }))
}
