//! Reads saved submissions and grades them.

use std::fs;
use std::path::PathBuf;

use grading::detection::{NoTool, RuleTool};
use grading::document::{Grade, ItemStatus};
use grading::grader::Grader;
use grading::hidden::CourseKey;
use grading::submission::Files;

use crate::structure::tree::root;

/// The seed the saved submissions are for: a worker stands still (C6), alone.
pub const SEED: u64 = 1;

pub fn folder(name: &str) -> PathBuf {
    root().join("fixtures/submissions").join(name)
}

pub fn files(name: &str) -> Files {
    let read = |file: &str| fs::read(folder(name).join(file)).expect("a fixture is complete");
    Files {
        actions: read("actions.jsonl"),
        updates: read("updates.jsonl"),
        postmortem: read("postmortem.toml"),
    }
}

pub fn grader(tool: &dyn RuleTool) -> Grader<'_> {
    // Two seeds of a kind tell as much here as ten.
    Grader::new(CourseKey::new(b"fixture course key").with_hidden(2), tool)
}

pub fn grade(files: &Files) -> Grade {
    let graded = grader(&NoTool).grade("learner", SEED, files);
    graded.expect("the seed has an incident")
}

/// The items that did not get all points.
pub fn lost(grade: &Grade) -> Vec<&str> {
    let lost = grade
        .items
        .iter()
        .filter(|item| item.status == ItemStatus::Lost);
    lost.map(|item| item.id.as_str()).collect()
}
