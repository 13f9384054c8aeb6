//! Pages in Markdown: one for a learner, one for the class.
//!
//! What learners wrote is put into code spans without backquotes or line ends, so that it stays text.

use crate::class::Summary;
use crate::converters::sentence;
use crate::document::{Grade, ItemStatus};

fn plain(text: &str) -> String {
    let kept = text.chars().map(|c| match c {
        '`' => '\'',
        '|' => '/',
        c if c.is_control() => ' ',
        c => c,
    });
    format!("`{}`", kept.collect::<String>())
}

/// The page of a learner, before or after publication.
pub fn learner(grade: &Grade, published: bool) -> String {
    let mut page = format!(
        "# {} — {}\n\n{}\n\n",
        grade.assignment,
        plain(&grade.learner),
        plain(&sentence(grade))
    );
    if grade.items.is_empty() {
        return page;
    }
    page.push_str("| criterion | points |\n|---|---|\n");
    for name in grade.criteria() {
        let (points, most) = grade.criterion(name);
        page.push_str(&format!("| {name} | {points} of {most} |\n"));
    }
    let lost = grade
        .items
        .iter()
        .filter(|item| item.status != ItemStatus::Full);
    page.push_str("\n## Points lost\n\n");
    for item in lost {
        let missing = item.max_points - item.points;
        page.push_str(&format!(
            "- **{}** −{missing}: {}",
            item.id,
            plain(match item.may_be_read(published) {
                true => &item.explain,
                false => &item.category,
            })
        ));
        if let Some(replay) = item.replay.as_ref().filter(|_| item.may_be_read(published)) {
            page.push_str(&format!("\n  look: {}", plain(replay)));
        }
        page.push('\n');
    }
    let seed = match grade.seed.as_str() {
        "" => "H".to_owned(),
        seed => format!("Seed {seed}, h"),
    };
    page.push_str(&format!(
        "\n{seed}idden seeds {}, submission {}, scenario {}, proveniq {}, rules {}.\n",
        grade.hidden_commitment, grade.submission, grade.scenario, grade.tool, grade.rules
    ));
    page
}

/// The page of a class.
pub fn class(grades: &[Grade]) -> String {
    let summary = Summary::of(grades);
    let mut page = format!(
        "# Class of {}\n\n{} passed, {} failed, {} not decided, {} not graded.\n\n| points | learners |\n|---|---|\n",
        grades.len(),
        summary.passed,
        summary.failed,
        summary.incomplete,
        summary.not_graded
    );
    for (hundred, count) in summary
        .distribution
        .iter()
        .enumerate()
        .filter(|(_, n)| **n > 0)
    {
        page.push_str(&format!("| from {} | {count} |\n", hundred * 100));
    }
    page.push_str("\n## Hardest items\n\n| item | points lost |\n|---|---|\n");
    for (item, share) in summary
        .hardest
        .iter()
        .filter(|(_, share)| *share > 0)
        .take(10)
    {
        page.push_str(&format!("| {item} | {}.{} % |\n", share / 10, share % 10));
    }
    page.push_str("\n## Learners\n\n");
    for grade in grades {
        page.push_str(&format!(
            "- {}: {}\n",
            plain(&grade.learner),
            plain(&sentence(grade))
        ));
    }
    page
}
