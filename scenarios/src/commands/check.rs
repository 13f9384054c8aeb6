//! `proveniq check`: judges a history that a client of some other system recorded.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use reports::CheckReport;
use reports::schema::Document;
use sim::checkers::foreign::{ForeignError, Notation, Question, judge};
use sim::checkers::linearizability::Budget;
use sim::checkers::transactions::Isolation;

use crate::args::check::{CheckArgs, HistoryFormat};
use crate::exit_code::Conclusion;
use crate::failure::Failure;
use crate::file::Mistakes;
use crate::file::diagnostic::{Diagnostic, Line, Place};
use crate::output;

/// A longer line, such as a whole history in one JSON array, is not shown with its mistake.
const LINE_SHOWN_MAX: usize = 160;

/// Judges a history.
///
/// # Errors
/// When the history cannot be read, or is none of the model that was asked for.
pub fn execute(args: &CheckArgs) -> Result<Conclusion, Failure> {
    let question = question(args)?;
    let source = Source::of(&args.file);
    let text = source.read()?;
    let judgement = judge(&text, &question)
        .map_err(|error| Mistakes::from(diagnostic(&source.name, &text, &error)))?;
    let report = CheckReport {
        history: &source.name,
        judgement: &judgement,
        level: question.level,
    };
    match args.json {
        true => output::print(&(report.to_document().to_line() + "\n"))?,
        false => output::print(&report.to_text(output::style()))?,
    }
    Ok(Conclusion::from(report.verdict()))
}

fn question(args: &CheckArgs) -> Result<Question, Failure> {
    if args.isolation.is_some() && !args.model.is_transactional() {
        return Err(Failure::Usage(format!(
            "the model `{}` has no transactions, so `--isolation` says nothing of it\n  \
             hint: leave it out, or use --model list-append or rw-register",
            args.model.name()
        )));
    }
    Ok(Question {
        model: args.model,
        notation: match args.format {
            HistoryFormat::Auto => None,
            HistoryFormat::Edn => Some(Notation::Edn),
            HistoryFormat::Json => Some(Notation::Json),
        },
        level: args.isolation.unwrap_or(Isolation::Serializable),
        budget: Budget::USUAL,
    })
}

/// Where the history is read from.
struct Source<'a> {
    /// The file; none is the standard input.
    path: Option<&'a Path>,
    /// How it is called in messages.
    name: String,
}

impl Source<'_> {
    fn of(path: &Path) -> Source<'_> {
        let is_file = path != Path::new("-");
        Source {
            path: is_file.then_some(path),
            name: match is_file {
                true => path.display().to_string(),
                false => "<standard input>".to_owned(),
            },
        }
    }

    fn read(&self) -> Result<String, Failure> {
        let mut bytes = Vec::new();
        let read = match self.path {
            Some(path) => std::fs::read(path).map(|content| bytes = content),
            None => io::stdin().lock().read_to_end(&mut bytes).map(drop),
        };
        read.map_err(|source| Failure::unreadable(&PathBuf::from(&self.name), source))?;
        String::from_utf8(bytes).map_err(|error| self.no_text(&error))
    }

    fn no_text(&self, error: &std::string::FromUtf8Error) -> Failure {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let good = String::from_utf8_lossy(good);
        let line = good.matches('\n').count() + 1;
        let column = good.chars().rev().take_while(|c| *c != '\n').count() + 1;
        Failure::from(Mistakes::from(Diagnostic {
            place: Place::File(format!("{}:{line}:{column}", self.name)),
            message: "this is no UTF-8 text".to_owned(),
            hint: Some("a history is EDN or JSON text; unpack it if it is compressed".to_owned()),
        }))
    }
}

fn diagnostic(origin: &str, text: &str, error: &ForeignError) -> Diagnostic {
    Diagnostic {
        place: error.place().map_or(Place::File(origin.to_owned()), |at| {
            place(origin, text, at.line as usize, at.column as usize)
        }),
        message: error.what(),
        hint: Some(error.mend().to_owned()),
    }
}

fn place(origin: &str, text: &str, number: usize, column: usize) -> Place {
    // The reader does not count a byte order mark, so neither may the line that is shown.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text
        .split('\n')
        .nth(number - 1)
        .unwrap_or_default()
        .trim_end();
    if line.chars().count() > LINE_SHOWN_MAX {
        return Place::File(format!("{origin}:{number}:{column}"));
    }
    Place::Line(Line {
        origin: origin.to_owned(),
        number,
        column,
        width: 1,
        text: line.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::checkers::foreign::ForeignModel;

    fn told(text: &str) -> String {
        let question = Question {
            model: ForeignModel::Register,
            notation: None,
            level: Isolation::Serializable,
            budget: Budget::USUAL,
        };
        let error = judge(text, &question).expect_err("a history with a mistake");
        diagnostic("x.edn", text, &error).to_string()
    }

    #[test]
    fn a_mistake_is_shown_in_its_line() {
        insta::assert_snapshot!(told("{:process 0 :type :invoke :f :read}\r\n{:process 0 :type :done :f :read}\r\n"), @r#"
        unknown type of operation
          --> x.edn:2:19
          |
        2 | {:process 0 :type :done :f :read}
          |                   ^
          hint: use invoke, ok, fail or info
        "#);
        insta::assert_snapshot!(told("\u{feff}{:type :invoke :f :read}"), @r#"
        an operation without `process`
          --> x.edn:1:1
          |
        1 | {:type :invoke :f :read}
          | ^
          hint: every operation needs type, process, f and value
        "#);
        insta::assert_snapshot!(told("{:process 0"), @r#"
        the text ends inside a map
          --> x.edn:1:12
          |
        1 | {:process 0
          |            ^
          hint: complete or remove the last operation
        "#);
    }

    #[test]
    fn a_long_line_is_named_and_not_shown() {
        let text = format!(
            "{{:process 0 :note \"{}\" :type :done :f :read}}",
            "x".repeat(500)
        );
        insta::assert_snapshot!(told(&text), @r#"
        unknown type of operation
          --> x.edn:1:528
          hint: use invoke, ok, fail or info
        "#);
    }

    #[test]
    fn an_empty_text_has_no_place_but_its_file() {
        insta::assert_snapshot!(told(""), @r#"
        the file holds no operation
          --> x.edn
          hint: a history has one map per operation, such as {:type :invoke, :process 0, :f :read}
        "#);
    }
}
