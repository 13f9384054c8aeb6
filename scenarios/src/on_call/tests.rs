//! The console without a terminal: keys in, a buffer of characters out, and the submission that comes of it.

use grading::submission::{Files, POSTMORTEM, Submission};
use model::incident::case::Case;
use model::incident::episode::HandOver;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::console::{Console, Key};
use super::screen;
use super::session::Session;
use crate::commands::incident::briefing;

fn console() -> Console {
    let hand_over = HandOver::of(&Case::of_seed(1)).expect("seed 1 has an incident");
    Console::new(Session::new(hand_over))
}

fn say(console: &mut Console, line: &str) {
    line.chars()
        .for_each(|typed| console.press(Key::Char(typed)));
    console.press(Key::Enter);
}

fn drawn(console: &Console) -> String {
    let mut terminal = Terminal::new(TestBackend::new(112, 26)).expect("a buffer is no machine");
    let drawn = terminal.draw(|frame| screen::draw(console, frame));
    drawn.expect("a buffer can be drawn on");
    terminal.backend().to_string()
}

#[test]
fn the_screen_at_hand_over_shows_the_figures_of_the_briefing() {
    insta::assert_snapshot!(drawn(&console()));
}

#[test]
fn what_is_done_and_what_follows_is_on_the_screen() {
    let mut console = console();
    for line in [
        "do open_breaker circuit=endpoint-3",
        "do pause what=webhooks",
        "advance 300",
        "breakers",
    ] {
        say(&mut console, line);
    }
    "do set_p"
        .chars()
        .for_each(|typed| console.press(Key::Char(typed)));
    console.press(Key::Tab);
    insta::assert_snapshot!(drawn(&console));
}

#[test]
fn a_form_asks_one_question_after_the_other() {
    let mut console = console();
    for line in ["update", "external", "identified"] {
        say(&mut console, line);
    }
    "SEV"
        .chars()
        .for_each(|typed| console.press(Key::Char(typed)));
    insta::assert_snapshot!(drawn(&console));
    console.press(Key::Up);
    console.press(Key::Escape);
    assert_eq!(
        (console.message.as_str(), console.session.updates_posted()),
        ("not posted", 0)
    );
}

#[test]
fn every_view_is_drawn_on_a_screen_of_any_size() {
    let mut console = console();
    for (_, name) in super::console::View::ALL {
        say(&mut console, name);
        for _ in 0..50 {
            console.press(Key::PageDown);
        }
        for (width, height) in [(1, 1), (20, 5), (300, 100)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a buffer");
            terminal
                .draw(|frame| screen::draw(&console, frame))
                .expect("a buffer can be drawn on");
        }
    }
}

/// The words of a session, and whether each is taken.
const WORDS: &[(&str, bool)] = &[
    ("do set_pool_size pool=webhook size=15", true),
    ("do set_pool_size pool=webhook size=15000", false),
    ("do nothing_at_all", false),
    ("advance 240", true),
    ("advance 9999999", false),
    ("advance -1", false),
    ("do scale_workers workers=60", true),
    ("nonsense", false),
    ("advance 600", true),
];

const ANSWERS: [&str; 9] = [
    "internal",
    "investigating",
    "SEV-2",
    "we look",
    "verification",
    "act-1",
    "queue_depth=52847",
    "1200",
    "",
];

#[test]
fn the_same_words_make_the_same_submission_at_the_console_and_line_by_line_and_it_replays() {
    let mut console = console();
    let mut session = console.session.clone();
    for (line, taken) in WORDS {
        say(&mut console, line);
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let done = match word {
            "do" => session.act(rest).map(drop),
            "advance" => session.advance(rest),
            _ => Err(String::new()),
        };
        assert_eq!(done.is_ok(), *taken, "{line}: {done:?}");
    }
    say(&mut console, "update");
    ANSWERS.iter().for_each(|answer| say(&mut console, answer));
    session
        .post(&ANSWERS.map(str::to_owned))
        .expect("an update");
    assert_eq!(console.message, "posted");
    for (question, answer, told) in [
        (6, "error_rate=-1", "impact: -1 is no figure"),
        (6, "error_rate", "impact: `error_rate` is not METRIC=VALUE"),
        (7, "600s", "next_update_at_s: `600s` is no number"),
        (2, "banana", "severity: `banana` is none of"),
    ] {
        let mut answers = ANSWERS.map(str::to_owned);
        answers[question] = answer.to_owned();
        let refused = session
            .post(&answers)
            .expect_err("nothing is dropped in silence");
        assert!(refused.starts_with(told), "{refused}");
    }
    assert_eq!(console.session.files(), session.files());
    let hand_over = session.hand_over().clone();
    let [(_, actions), (_, updates)] = session.files();
    let files = Files {
        actions: actions.into_bytes(),
        updates: updates.into_bytes(),
        postmortem: briefing::SKELETON.as_bytes().to_vec(),
    };
    let read = Submission::read(&files).unwrap_or_else(|error| panic!("{POSTMORTEM}? {error}"));
    assert_eq!((read.actions.len(), read.updates.len()), (2, 1));
    let replayed = hand_over.play(&read.actions).expect("within bounds");
    let ended = console.session.end();
    assert_eq!(replayed.fingerprint(), ended.fingerprint());
    assert_eq!(replayed.fingerprint(), session.end().fingerprint());
}

#[test]
fn lines_are_recalled_corrected_and_bounded() {
    let mut console = console();
    say(&mut console, "log");
    say(&mut console, "changes");
    console.press(Key::Up);
    console.press(Key::Up);
    assert_eq!(console.line, "log");
    console.press(Key::Down);
    console.press(Key::Backspace);
    assert_eq!(console.line, "change");
    console.press(Key::Escape);
    (0..5_000).for_each(|_| console.press(Key::Char('x')));
    assert_eq!(console.line.len(), 2_000);
    console.press(Key::End);
    assert!(console.over);
}
