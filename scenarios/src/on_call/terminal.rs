//! The console at a terminal: keys in, drawings out, and the terminal as it was at the end.

use std::io;

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::console::{Console, Key};
use super::screen;
use crate::failure::Failure;

/// Lets somebody work at a console until the session is over.
///
/// # Errors
/// When the terminal cannot be read or drawn on.
pub fn run(console: &mut Console) -> Result<(), Failure> {
    let lost = |error: io::Error| Failure::Temporary(format!("the terminal is lost: {error}"));
    let mut terminal = ratatui::try_init().map_err(lost)?;
    let worked = work(console, &mut terminal);
    ratatui::try_restore().map_err(lost)?;
    worked.map_err(lost)
}

fn work(console: &mut Console, terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    while !console.over {
        terminal.draw(|frame| screen::draw(console, frame))?;
        if let Event::Key(pressed) = event::read()?
            && let Some(key) = key(pressed)
        {
            console.press(key);
        }
    }
    Ok(())
}

/// What a key of the terminal is to the console.
fn key(pressed: KeyEvent) -> Option<Key> {
    if pressed.kind == KeyEventKind::Release {
        return None;
    }
    let control = pressed.modifiers.contains(KeyModifiers::CONTROL);
    Some(match pressed.code {
        KeyCode::Char('c' | 'd') if control => Key::End,
        KeyCode::Char('u') if control => Key::Escape,
        KeyCode::Char(typed) => Key::Char(typed),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Esc => Key::Escape,
        _ => return None,
    })
}
