//! The form of a status update: question after question, each with a line for its answer.

use super::session::QUESTIONS;

/// A form that is being filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The answers so far; the last of them is being written.
    pub answers: Vec<String>,
}

impl Form {
    /// An empty one.
    pub fn new() -> Form {
        Form {
            answers: vec![String::new()],
        }
    }

    /// The answer that is being written.
    ///
    /// # Panics
    /// Never: there is always one.
    pub fn current(&mut self) -> &mut String {
        self.answers
            .last_mut()
            .expect("one answer is being written")
    }

    /// Goes on to the next question; whether there was none any more.
    pub fn go_on(&mut self) -> bool {
        let done = self.answers.len() == QUESTIONS.len();
        if !done {
            self.answers.push(String::new());
        }
        done
    }

    /// Goes back to the question before, if there is one.
    pub fn back(&mut self) {
        if self.answers.len() > 1 {
            self.answers.pop();
        }
    }
}

impl Default for Form {
    fn default() -> Form {
        Form::new()
    }
}
