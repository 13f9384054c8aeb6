//! What is written of a grade: the document, the learner's page, and a form for each course system.

use std::fs;
use std::path::Path;

use grading::converters::classroom50::{self, Classroom};
use grading::converters::{gradescope, lti, prairielearn};
use grading::document::Grade;
use grading::pages;

use crate::failure::Failure;
use crate::output::FileToBe;

/// Writes everything; the document last, so that whoever finds it finds the rest.
pub fn write_all(
    out: &Path,
    name: &str,
    grade: &Grade,
    published: bool,
    classroom: Option<&Classroom>,
) -> Result<(), Failure> {
    // The sender puts the time of sending in its place.
    let score = lti::render(grade, name, "1970-01-01T00:00:00.000Z");
    for (ending, text) in [
        ("md", pages::learner(grade, published)),
        ("gradescope.json", gradescope::render(grade)),
        ("prairielearn.json", prairielearn::render(grade, published)),
        ("lti.json", score),
    ] {
        write(out, &format!("{name}.{ending}"), &text)?;
    }
    // It knows no result without a score.
    if let Some(result) = classroom.and_then(|it| classroom50::render(grade, it)) {
        write(out, &format!("{name}.classroom50.json"), &result)?;
    }
    write(out, &format!("{name}.grade.json"), &grade.to_json())
}

/// Writes one file.
pub fn write(out: &Path, name: &str, text: &str) -> Result<(), Failure> {
    FileToBe::at(&out.join(name))?.complete(text)
}

/// The grade that is there, if it is one.
pub fn kept(out: &Path, name: &str) -> Option<Grade> {
    let text = fs::read_to_string(out.join(format!("{name}.grade.json"))).ok()?;
    serde_json::from_str(&text).ok()
}

/// What is known of a submission's repository.
pub fn classroom(path: &Path) -> Result<Classroom, Failure> {
    let text = fs::read_to_string(path).map_err(|source| Failure::unreadable(path, source))?;
    let read = serde_json::from_str(&text);
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}
