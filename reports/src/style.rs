//! Style: whether text is coloured, and how wide it may be.
//!
//! The caller decides both, since only it knows whether a person looks. Without colour the text is
//! the same on every machine. Whatever a run brings along — a panic's message, a payload — passes
//! through `Style::paint` before it is shown, which keeps it from steering the reader's terminal.

use anstyle::{AnsiColor, Style as Paint};

/// How text is rendered. There is no default: the caller knows whether a person looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub colour: bool,
    /// How many columns prose may take. Tables of figures are never cut.
    pub width: usize,
}

impl Style {
    /// Text for files, pipes and tests: no colour, 100 columns.
    pub const PLAIN: Style = Style {
        colour: false,
        width: 100,
    };

    /// A piece of text in the colours of its role, with control characters made visible.
    pub(crate) fn paint(&self, role: Role, text: &str) -> String {
        let text = visible(text);
        let paint = role.paint();
        if !self.colour || text.trim().is_empty() || paint == Paint::new() {
            return text;
        }
        format!("{}{text}{}", paint.render(), paint.render_reset())
    }
}

/// What a piece of text is, which decides how it is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Running text and figures.
    Plain,
    /// The head of a section.
    Head,
    /// What the eye may skip.
    Faint,
    /// A promise kept.
    Good,
    /// A promise broken.
    Bad,
    /// A promise that could not be judged.
    Doubt,
    /// A fault.
    Fault,
    /// Something to copy.
    Command,
    /// A node or a process, by its position among its kind.
    Party(usize),
}

/// Colours of parties: distinct from the verdicts' red, green and yellow.
const PARTY_COLOURS: [AnsiColor; 6] = [
    AnsiColor::Cyan,
    AnsiColor::Blue,
    AnsiColor::Magenta,
    AnsiColor::BrightCyan,
    AnsiColor::BrightBlue,
    AnsiColor::BrightMagenta,
];

impl Role {
    fn paint(self) -> Paint {
        let colour = |colour: AnsiColor| Paint::new().fg_color(Some(colour.into()));
        match self {
            Role::Plain => Paint::new(),
            Role::Head => Paint::new().bold(),
            Role::Faint => Paint::new().dimmed(),
            Role::Good => colour(AnsiColor::Green),
            Role::Bad => colour(AnsiColor::Red).bold(),
            Role::Doubt => colour(AnsiColor::Yellow),
            Role::Fault => colour(AnsiColor::Yellow),
            Role::Command => colour(AnsiColor::Cyan).bold(),
            Role::Party(position) => colour(PARTY_COLOURS[position % PARTY_COLOURS.len()]),
        }
    }
}

/// The text with every control character, line breaks included, shown as its escape.
pub(crate) fn visible(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}
