//! Gradescope's `results.json`. A visible test for each criterion; items are shown after publication, since learners see no total
//! when a test is hidden. Without a score Gradescope shows an error of the autograder to staff, which is what a submission that
//! cannot be read is to them: a zero would be a judgement.

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
    let mut document = json!({
        "output": sentence(grade),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    });
    if grade.status != GradeStatus::NotGraded {
        document["score"] = grade.points.into();
    }
    pretty(&document)
}
