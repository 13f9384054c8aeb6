//! Tables of a class: Canvas's gradebook and nbgrader's export.
//!
//! A cell is quoted as RFC 4180 says, and one that a spreadsheet would take for a formula gets an apostrophe.

use crate::document::Grade;

fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = match formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

fn points(grade: &Grade) -> String {
    grade
        .score()
        .map_or(String::new(), |score| score.to_string())
}

/// Canvas's table; the number of the assignment is the course's.
pub fn canvas(grades: &[Grade], assignment: u64) -> String {
    let name = grades.first().map_or("", |grade| grade.assignment.as_str());
    let most = grades.first().map_or(0, |grade| grade.max_points);
    let column = cell(&format!("{name} ({assignment})"));
    let mut text = format!("Student,ID,SIS Login ID,Section,{column}\n");
    text.push_str(&format!("    Points Possible,,,,{most}\n"));
    for grade in grades {
        let learner = cell(&grade.learner);
        text.push_str(&format!("{learner},,{learner},,{}\n", points(grade)));
    }
    text
}

/// nbgrader's table.
pub fn nbgrader(grades: &[Grade]) -> String {
    let mut text = "assignment,duedate,timestamp,student_id,last_name,first_name,email,raw_score,late_submission_penalty,score,max_score\n".to_owned();
    for grade in grades {
        let points = points(grade);
        let learner = cell(&grade.learner);
        text.push_str(&format!(
            "{},,,{learner},,,,{points},0,{points},{}\n",
            cell(&grade.assignment),
            grade.max_points
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_place_and_are_no_formulas() {
        for (text, expected) in [
            ("ada", "ada"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("=1+1", "'=1+1"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
