//! The body of an LTI AGS score. Sending it is the course system's business.

use serde_json::json;

use super::{pretty, sentence};
use crate::document::{Grade, GradeStatus};

/// The body; the time is ISO 8601 with fractions of a second.
pub fn render(grade: &Grade, user: &str, timestamp: &str) -> String {
    let progress = match grade.status {
        GradeStatus::Passed | GradeStatus::Failed => "FullyGraded",
        GradeStatus::Incomplete => "PendingManual",
        GradeStatus::NotGraded => "Failed",
    };
    let mut body = json!({
        "userId": user,
        "timestamp": timestamp,
        "activityProgress": "Submitted",
        "gradingProgress": progress,
        "comment": sentence(grade),
    });
    if let Some(score) = grade.score() {
        body["scoreGiven"] = score.into();
        body["scoreMaximum"] = grade.max_points.into();
    }
    pretty(&body)
}
