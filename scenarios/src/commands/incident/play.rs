//! Being on call: at a console when there is a terminal, else line by line.
//!
//! Line by line, input comes from the standard input, so that a session can be a file; what is shown goes to the
//! standard output. Both are the same [`Session`], so the same words give the same submission.

use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use grading::submission::POSTMORTEM;
use model::incident::episode::HandOver;

use super::{briefing, view, write};
use crate::failure::Failure;
use crate::on_call::console::Console;
use crate::on_call::session::{QUESTIONS, Session};
use crate::on_call::terminal;
use crate::output;

const HELP: &str = "\
  status              the figures of the last minutes
  sessions            database sessions that keep a connection for long
  log                 the last lines of the log
  breakers            circuit breakers
  queue               the head of the queue, and dead letters
  changes             what was changed lately
  advance SECONDS     let time pass
  do NAME [FIELD=VALUE …]
                      act, such as: do set_pool_size pool=webhook size=20
  actions             what can be done
  update              post a status update, field by field
  help                this
  quit                end, and write the submission
";

/// Plays until `quit` or the end of the input, and writes the submission.
///
/// # Errors
/// When the output cannot be written or the input cannot be read.
pub fn play(hand_over: &HandOver, out: &Path, lines: bool) -> Result<(), Failure> {
    let session = Session::new(hand_over.clone());
    let at_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let mut console = Console::new(session);
    let worked = match at_terminal && !lines {
        true => terminal::run(&mut console),
        false => line_by_line(&mut console.session),
    };
    // However it ended, what was done until then is somebody's work.
    end(console.session, out)?;
    worked
}

fn line_by_line(session: &mut Session) -> Result<(), Failure> {
    output::print("LOAD-2024-001 is yours. `help` tells what you can say.\n")?;
    status(session)?;
    while let Some(line) = ask(&format!("[{} s] ", session.now_s()))? {
        let (word, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        match word {
            "" => {}
            "quit" => break,
            "help" => output::print(HELP)?,
            "actions" => output::print(&briefing::catalogue())?,
            "status" => status(session)?,
            "sessions" => {
                let plant = session.plant();
                output::print(&view::sessions(plant.now(), &plant.sessions()))?;
            }
            "log" => log(session)?,
            "breakers" => output::print(&view::breakers(session.plant()))?,
            "queue" => output::print(&view::queue(session.plant()))?,
            "changes" => output::print(&briefing::changes(session.hand_over()))?,
            "advance" => match session.advance(rest) {
                Ok(()) => status(session)?,
                Err(told) => output::print(&format!("{told}\n"))?,
            },
            "do" => match session.act(rest) {
                Ok(told) | Err(told) => output::print(&format!("{told}\n"))?,
            },
            "update" => update(session)?,
            _ => output::print(&format!("there is no `{word}`: say `help`\n"))?,
        }
    }
    Ok(())
}

/// Asks for a line; nothing at the end of the input. Bytes that are no text become `\u{fffd}`, which no command has.
fn ask(prompt: &str) -> Result<Option<String>, Failure> {
    output::print(prompt)?;
    let mut line = Vec::new();
    let read = io::stdin().lock().read_until(b'\n', &mut line);
    let read = read.map_err(|error| Failure::Usage(format!("cannot read the input: {error}")))?;
    Ok((read > 0).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
}

fn status(session: &Session) -> Result<(), Failure> {
    let samples = &session.plant().telemetry().samples;
    let last = samples[samples.len().saturating_sub(8)..].iter();
    output::print(&view::table(session.hand_over().at, last))
}

fn log(session: &Session) -> Result<(), Failure> {
    let lines = &session.plant().telemetry().log;
    let last = lines[lines.len().saturating_sub(30)..].iter();
    output::print(&view::log(session.hand_over().at, last))
}

/// A form: an empty answer leaves a field out. What is not an update is told and not posted.
fn update(session: &mut Session) -> Result<(), Failure> {
    let mut answers = Vec::new();
    for question in QUESTIONS {
        let answer = ask(&format!("  {} ({}): ", question.field, question.hint))?;
        answers.push(answer.unwrap_or_default());
    }
    match session.post(&answers) {
        Ok(()) => output::print("posted\n"),
        Err(told) => output::print(&format!("not posted: {told}\n")),
    }
}

fn end(session: Session, out: &Path) -> Result<(), Failure> {
    for (name, text) in session.files() {
        write(out, name, &text)?;
    }
    write(out, POSTMORTEM, briefing::SKELETON)?;
    // From here on all is written, whoever still reads what is told.
    output::print(&view::balance(&session.end()))?;
    output::print(&format!(
        "written to {}; the post-mortem is yours to fill in\n",
        out.display()
    ))
}
