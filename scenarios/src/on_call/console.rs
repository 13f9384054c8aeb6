//! The console as a value: what is shown, what is typed, and what a key does.
//!
//! Time stands still between keys. [`Console::press`] is the whole of it.

use super::completion;
use super::form::Form;
use super::session::Session;

/// A key, as far as the console knows keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// Ends a line.
    Enter,
    /// Completes a word.
    Tab,
    /// Takes the last character back.
    Backspace,
    /// An earlier line; in a form, the question before.
    Up,
    /// A later line.
    Down,
    /// Earlier lines of what is shown.
    PageUp,
    /// Later ones.
    PageDown,
    /// Leaves a form, or clears the line.
    Escape,
    /// Ends the session.
    End,
}

/// What the lower part of the screen shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Sessions of the database.
    Sessions,
    /// The log.
    Log,
    /// Circuit breakers, and what is paused.
    Breakers,
    /// The head of the queue, and the dead letters.
    Queue,
    /// Recent changes.
    Changes,
    /// What can be done.
    Actions,
    /// What can be said.
    Help,
}

impl View {
    /// Every view with the word that shows it.
    pub const ALL: [(View, &'static str); 7] = [
        (View::Sessions, "sessions"),
        (View::Log, "log"),
        (View::Breakers, "breakers"),
        (View::Queue, "queue"),
        (View::Changes, "changes"),
        (View::Actions, "actions"),
        (View::Help, "help"),
    ];
}

/// The longest line that is taken, in characters.
const LINE_MAX: usize = 2_000;

/// The console.
#[derive(Clone)]
pub struct Console {
    /// The session behind it.
    pub session: Session,
    /// What is shown.
    pub view: View,
    /// How many lines it is scrolled.
    pub scroll: u16,
    /// The line being typed.
    pub line: String,
    /// What was told last.
    pub message: String,
    /// The form being filled in.
    pub form: Option<Form>,
    /// Whether the session is over.
    pub over: bool,
    typed: Vec<String>,
    recalled: usize,
}

impl Console {
    /// A console in front of a session.
    pub fn new(session: Session) -> Console {
        Console {
            session,
            view: View::Sessions,
            scroll: 0,
            line: String::new(),
            message:
                "LOAD-2024-001 is yours. `help` tells what you can say; time passes with `advance`."
                    .to_owned(),
            form: None,
            over: false,
            typed: Vec::new(),
            recalled: 0,
        }
    }

    /// Takes a key.
    pub fn press(&mut self, key: Key) {
        if key == Key::End {
            self.over = true;
        } else if self.form.is_some() {
            self.press_in_form(key);
        } else {
            self.press_at_line(key);
        }
    }

    fn press_at_line(&mut self, key: Key) {
        match key {
            Key::Char(typed) if self.line.len() < LINE_MAX => self.line.push(typed),
            Key::Backspace => drop(self.line.pop()),
            Key::Escape => self.line.clear(),
            Key::Tab => self.complete(),
            Key::Up => self.recall(self.recalled.saturating_sub(1)),
            Key::Down => self.recall(self.recalled + 1),
            Key::PageUp => self.scroll = self.scroll.saturating_sub(5),
            Key::PageDown => self.scroll = self.scroll.saturating_add(5),
            Key::Enter => {
                let line = std::mem::take(&mut self.line);
                let line = line.trim();
                if !line.is_empty() {
                    self.typed.push(line.to_owned());
                    self.recalled = self.typed.len();
                    self.say(line);
                }
            }
            Key::Char(_) | Key::End => {}
        }
    }

    fn complete(&mut self) {
        let completed = completion::complete(&self.line, &self.session);
        if completed == self.line {
            self.message = completion::candidates(&self.line, &self.session).join("  ");
        }
        self.line = completed;
    }

    fn recall(&mut self, position: usize) {
        self.recalled = position.min(self.typed.len());
        self.line = self.typed.get(self.recalled).cloned().unwrap_or_default();
    }

    fn say(&mut self, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let view = View::ALL.into_iter().find(|(_, name)| *name == word);
        self.message = match (word, view) {
            (_, Some((view, _))) => {
                self.view = view;
                self.scroll = 0;
                String::new()
            }
            ("quit", _) => {
                self.over = true;
                String::new()
            }
            ("update", _) => {
                self.form = Some(Form::new());
                String::new()
            }
            ("advance", _) => match self.session.advance(rest) {
                Ok(()) => format!("{} s passed", rest.trim()),
                Err(told) => told,
            },
            ("do", _) => match self.session.act(rest) {
                Ok(told) | Err(told) => told,
            },
            _ => format!("there is no `{word}`: say `help`"),
        };
    }

    fn press_in_form(&mut self, key: Key) {
        let Some(form) = &mut self.form else { return };
        match key {
            Key::Char(typed) if form.current().len() < LINE_MAX => form.current().push(typed),
            Key::Backspace => drop(form.current().pop()),
            Key::Up => form.back(),
            Key::Escape => {
                self.form = None;
                self.message = "not posted".to_owned();
            }
            Key::Enter if form.go_on() => {
                let answers = form.answers.clone();
                self.message = match self.session.post(&answers) {
                    Ok(()) => "posted".to_owned(),
                    Err(told) => format!("not posted: {told}"),
                };
                self.form = None;
            }
            _ => {}
        }
    }
}
