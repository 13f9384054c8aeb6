//! Being on call, line by line: time passes only when told to, and everything becomes a submission.
//!
//! Input comes from the standard input, so that a session can be a file; what is shown goes to the standard output.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::time::Duration;

use grading::submission::{ACTIONS, POSTMORTEM, UPDATES};
use model::incident::action::Action;
use model::incident::episode::{HandOver, LENGTH, Outcome};
use model::incident::plant::Plant;
use serde_json::{Value, json};

use super::{briefing, view, write};
use crate::failure::Failure;
use crate::output;

const HELP: &str = "\
  status              the figures of the last minutes
  sessions            database sessions that keep a connection for long
  log                 the last lines of the log
  changes             what was changed lately
  advance SECONDS     let time pass
  do NAME [FIELD=VALUE …]
                      act, such as: do set_pool_size pool=webhook size=20
  actions             what can be done
  update              post a status update, field by field
  help                this
  quit                end, and write the submission
";

struct Console<'a> {
    hand_over: &'a HandOver,
    plant: Plant,
    actions: Vec<Value>,
    updates: Vec<Value>,
}

/// Plays until `quit` or the end of the input.
///
/// # Errors
/// When the output cannot be written or the input cannot be read.
pub fn play(hand_over: &HandOver, out: &Path) -> Result<(), Failure> {
    let mut console = Console {
        hand_over,
        plant: hand_over.plant.clone(),
        actions: Vec::new(),
        updates: Vec::new(),
    };
    output::print("LOAD-2024-001 is yours. `help` tells what you can say.\n")?;
    console.status()?;
    while let Some(line) = ask(&format!("[{} s] ", console.now_s()))? {
        let (word, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
        match word {
            "" => {}
            "quit" => break,
            "help" => output::print(HELP)?,
            "actions" => output::print(&briefing::catalogue())?,
            "status" => console.status()?,
            "sessions" => {
                let sessions = console.plant.sessions();
                output::print(&view::sessions(console.plant.now(), &sessions))?;
            }
            "log" => console.log()?,
            "changes" => output::print(&briefing::changes(hand_over))?,
            "advance" => console.advance(rest)?,
            "do" => console.act(rest)?,
            "update" => console.update()?,
            _ => output::print(&format!("there is no `{word}`: say `help`\n"))?,
        }
    }
    console.end(out)
}

/// Asks for a line; nothing at the end of the input.
fn ask(prompt: &str) -> Result<Option<String>, Failure> {
    output::print(prompt)?;
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let read = read.map_err(|error| Failure::Usage(format!("cannot read the input: {error}")))?;
    Ok((read > 0).then(|| line.trim().to_owned()))
}

impl Console<'_> {
    fn now_s(&self) -> u64 {
        self.plant.now().since(self.hand_over.at).as_secs()
    }

    fn status(&self) -> Result<(), Failure> {
        let samples = &self.plant.telemetry().samples;
        let last = samples[samples.len().saturating_sub(8)..].iter();
        output::print(&view::table(self.hand_over.at, last))
    }

    fn log(&self) -> Result<(), Failure> {
        let lines = &self.plant.telemetry().log;
        let last = lines[lines.len().saturating_sub(30)..].iter();
        output::print(&view::log(self.hand_over.at, last))
    }

    fn advance(&mut self, rest: &str) -> Result<(), Failure> {
        let left = LENGTH.as_secs() - self.now_s();
        match rest.trim().parse::<u64>() {
            Ok(seconds) if seconds <= left => {
                let until = self.plant.now() + Duration::from_secs(seconds);
                self.plant.run_until(until);
                self.status()
            }
            _ => output::print(&format!("give whole seconds, {left} at most\n")),
        }
    }

    fn act(&mut self, rest: &str) -> Result<(), Failure> {
        let mut words = rest.split_whitespace();
        let mut object = serde_json::Map::new();
        object.insert("action".to_owned(), words.next().unwrap_or_default().into());
        for word in words {
            let Some((field, value)) = word.split_once('=') else {
                return output::print(&format!("`{word}` is no FIELD=VALUE\n"));
            };
            let value = value
                .parse::<u64>()
                .map_or(json!(value), |value| json!(value));
            object.insert(field.to_owned(), value);
        }
        let action: Action = match serde_json::from_value(Value::Object(object.clone())) {
            Ok(action) => action,
            Err(error) => return output::print(&format!("{error}\n")),
        };
        let takes = action.takes().as_secs();
        if let Err(error) = self.plant.act(action) {
            return output::print(&format!("{error}\n"));
        }
        object.insert("at_s".to_owned(), self.now_s().into());
        self.actions.push(Value::Object(object));
        output::print(&format!("act-{} takes {takes} s\n", self.actions.len()))
    }

    /// A form: an empty answer leaves a field out. What is not an update is told and not posted.
    fn update(&mut self) -> Result<(), Failure> {
        let mut object = serde_json::Map::new();
        object.insert("at_s".to_owned(), self.now_s().into());
        for field in ["audience", "status", "severity", "text"] {
            let answer = ask(&format!("  {field}: "))?.unwrap_or_default();
            object.insert(field.to_owned(), answer.into());
        }
        for field in ["scope", "actions_now"] {
            let answer = ask(&format!("  {field} (words): "))?.unwrap_or_default();
            let words: Vec<&str> = answer.split_whitespace().collect();
            object.insert(field.to_owned(), json!(words));
        }
        let answer = ask("  impact (metric=value …): ")?.unwrap_or_default();
        let impact: Vec<Value> = answer
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .map(|(metric, value)| json!({ "metric": metric, "value": value.parse::<f64>().ok() }))
            .collect();
        object.insert("impact".to_owned(), json!(impact));
        for field in ["next_update_at_s", "data_lost"] {
            let answer = ask(&format!("  {field}: "))?.unwrap_or_default();
            if let Ok(value) = serde_json::from_str::<Value>(&answer) {
                object.insert(field.to_owned(), value);
            }
        }
        let update = Value::Object(object);
        let known: Result<grading::submission::update::Update, _> =
            serde_json::from_value(update.clone());
        match known {
            Ok(_) => {
                self.updates.push(update);
                output::print("posted\n")
            }
            Err(error) => output::print(&format!("not posted: {error}\n")),
        }
    }

    fn end(mut self, out: &Path) -> Result<(), Failure> {
        let lines = |values: &[Value]| {
            values
                .iter()
                .map(|value| format!("{value}\n"))
                .collect::<String>()
        };
        write(out, ACTIONS, &lines(&self.actions))?;
        write(out, UPDATES, &lines(&self.updates))?;
        write(out, POSTMORTEM, briefing::SKELETON)?;
        self.plant.run_until(self.hand_over.at + LENGTH);
        let outcome = Outcome::of(self.plant, self.hand_over.at);
        output::print(&view::balance(&outcome))?;
        output::print(&format!(
            "written to {}; the post-mortem is yours to fill in\n",
            out.display()
        ))?;
        // Prompts end without a line end; a pipe is to have all of it.
        io::stdout().flush().map_err(|_| Failure::ReaderGone)
    }
}
