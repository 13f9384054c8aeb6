//! The console drawn: a pure function of its state into a buffer of characters.

use model::incident::telemetry::Sample;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Paragraph, Sparkline, Wrap};

use super::completion::COMMANDS;
use super::console::{Console, View};
use super::session::QUESTIONS;
use crate::commands::incident::{briefing, view};

/// A dashboard: its title, the figure it shows, and how that is written.
type Dashboard = (&'static str, fn(&Sample) -> u64, fn(u64) -> String);

const DASHBOARDS: [Dashboard; 6] = [
    ("queue", |it| it.queue_depth, |it| it.to_string()),
    (
        "done per min",
        |it| it.processed_per_min,
        |it| it.to_string(),
    ),
    (
        "connections",
        |it| it.connections,
        |it| format!("{it} of 100"),
    ),
    (
        "errors",
        |it| it.error_basis_points,
        |it| format!("{}.{:02} %", it / 100, it % 100),
    ),
    ("pool wait", |it| it.pool_wait_ms, |it| format!("{it} ms")),
    ("webhook p95", |it| it.webhook_p95_s, |it| format!("{it} s")),
];

/// Draws it.
pub fn draw(console: &Console, frame: &mut Frame<'_>) {
    let [head, boards, below, message, line] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(8),
        Constraint::Min(4),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(title(console)).style(bold()), head);
    draw_boards(console, frame, boards);
    match &console.form {
        Some(form) => draw_text(frame, below, "status update", &form_text(&form.answers), 0),
        None => draw_text(
            frame,
            below,
            view_name(console.view),
            &view_text(console),
            console.scroll,
        ),
    }
    frame.render_widget(Paragraph::new(console.message.as_str()), message);
    let prompt = match console.form {
        Some(_) => "Enter: next question   Up: the one before   Esc: post nothing".to_owned(),
        None => format!("> {}▏", console.line),
    };
    frame.render_widget(Paragraph::new(prompt).style(bold()), line);
}

fn bold() -> Style {
    Style::default().add_modifier(Modifier::BOLD)
}

fn clock(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}", seconds % 60)
}

fn title(console: &Console) -> String {
    let session = &console.session;
    let paused: Vec<&str> = session.plant().paused().collect();
    let paused = match paused.is_empty() {
        true => String::new(),
        false => format!("   paused: {}", paused.join(", ")),
    };
    format!(
        "LOAD-2024-001   +{} since hand-over ({} s)   {} left   {} actions   {} updates{paused}",
        clock(session.now_s()),
        session.now_s(),
        clock(session.left_s()),
        session.plant().actions().len(),
        session.updates_posted(),
    )
}

fn draw_boards(console: &Console, frame: &mut Frame<'_>, area: Rect) {
    let rows = Layout::vertical([Constraint::Length(4); 2]).split(area);
    let samples = &console.session.plant().telemetry().samples;
    for (row, boards) in rows.iter().zip(DASHBOARDS.chunks(3)) {
        let columns = Layout::horizontal([Constraint::Fill(1); 3]).split(*row);
        for (column, (name, figure, written)) in columns.iter().zip(boards) {
            let now = samples.last().map_or(0, figure);
            let block = Block::bordered().title(format!(" {name}: {} ", written(now)));
            let width = usize::from(column.width.saturating_sub(2));
            let from = samples.len().saturating_sub(width);
            let values: Vec<u64> = samples[from..].iter().map(figure).collect();
            frame.render_widget(Sparkline::default().data(&values).block(block), *column);
        }
    }
}

fn draw_text(frame: &mut Frame<'_>, area: Rect, title: &str, text: &str, scroll: u16) {
    let lines: Vec<Line<'_>> = text.lines().map(Line::from).collect();
    let most = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_sub(1);
    let paragraph = Paragraph::new(Text::from(lines))
        .wrap(Wrap { trim: false })
        .scroll((scroll.min(most), 0))
        .block(Block::bordered().title(format!(" {title} ")));
    frame.render_widget(paragraph, area);
}

fn view_name(shown: View) -> &'static str {
    let found = View::ALL.into_iter().find(|(view, _)| *view == shown);
    found.map_or("", |(_, name)| name)
}

fn view_text(console: &Console) -> String {
    let session = &console.session;
    let (plant, hand_over) = (session.plant(), session.hand_over());
    match console.view {
        View::Sessions => view::sessions(plant.now(), &plant.sessions()),
        // The latest first: they are what one looks for.
        View::Log => view::log(hand_over.at, plant.telemetry().log.iter().rev().take(200)),
        View::Breakers => view::breakers(plant),
        View::Queue => view::queue(plant),
        View::Changes => briefing::changes(hand_over),
        View::Actions => briefing::catalogue(),
        View::Help => COMMANDS
            .iter()
            .map(|(name, follows, does)| format!("{name:<10} {follows:<22} {does}\n"))
            .chain([
                "\nTab completes, Up and Down recall, PageUp and PageDown scroll.\n".to_owned(),
            ])
            .collect(),
    }
}

fn form_text(answers: &[String]) -> String {
    let asked = QUESTIONS.iter().zip(answers).enumerate();
    asked
        .map(|(number, (question, answer))| {
            let (cursor, hint) = match number + 1 == answers.len() {
                true => ("▏", format!("   ({})", question.hint)),
                false => ("", String::new()),
            };
            format!("{:>18}: {answer}{cursor}{hint}\n", question.field)
        })
        .collect()
}
