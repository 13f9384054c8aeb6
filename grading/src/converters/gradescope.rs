//! Gradescope's `results.json`. A visible test with points for each criterion, since learners see no total when a
//! test with points is hidden; items, without points, are shown at once or after publication. Without a score
//! Gradescope shows an error of the autograder to staff, which is what a submission that cannot be read, or not
//! be decided here, is to them: any number would be a judgement.

use serde_json::json;

use super::{pretty, sentence, with_replay};
use crate::document::{Grade, Visibility};

/// The document.
pub fn render(grade: &Grade) -> String {
    let criteria = grade.criteria().into_iter().zip(1..).map(|(name, number)| {
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
            "output": with_replay(item, true),
            "visibility": match item.visibility {
                Visibility::Visible => "visible",
                Visibility::AfterPublished => "after_published",
            },
        })
    });
    let tests: Vec<_> = match grade.score() {
        None => Vec::new(),
        Some(_) => criteria.chain(items).collect(),
    };
    let mut document = json!({
        "output": sentence(grade),
        "output_format": "text",
        "stdout_visibility": "hidden",
        "tests": tests,
    });
    if let Some(score) = grade.score() {
        document["score"] = score.into();
    }
    pretty(&document)
}
