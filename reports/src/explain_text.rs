//! Why a run fails, as people read it: first what happened, then what it needed, when it was decided, and
//! what almost happened instead.

use crate::explain::{ExplainDocument, ToldEvent, Without};
use crate::figures::{count, counted};
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};

impl ToldEvent {
    fn time(&self) -> String {
        let (seconds, rest) = (self.at_us / 1_000_000, self.at_us % 1_000_000);
        format!("{seconds}.{:03} s", rest / 1_000)
    }

    fn in_words(&self) -> String {
        format!("{} {} {}", self.time(), self.node, self.what)
    }
}

impl ExplainDocument {
    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        let scenario = style.paint(Role::Head, &self.scenario);
        out.push_str(&format!("{scenario}  seed {}\n", self.seed));
        if !self.defects.is_empty() {
            let defects = format!("with {}", self.defects.join(", "));
            paragraph(&mut out, style, 0, Role::Faint, &defects);
        }
        self.write_story(style, &mut out);
        self.write_necessity(style, &mut out);
        self.write_course(style, &mut out);
        self.write_twin(style, &mut out);
        let runs = counted(u64::from(self.runs), "run", "runs");
        out.push('\n');
        paragraph(
            &mut out,
            style,
            0,
            Role::Faint,
            &format!("Found out by {runs}."),
        );
        let command = style.paint(Role::Command, &self.reproduce);
        out.push_str(&format!("\nrun it again:  {command}\n"));
        out
    }

    fn write_story(&self, style: Style, out: &mut String) {
        head(style, "What happened", out);
        let mut table = Table::new(1);
        for (number, line) in (1..).zip(&self.story) {
            let mut what = line.event.what.clone();
            if line.count > 1 {
                what.push_str(&format!(", and {} more like it", line.count - 1));
            }
            if let Some(after) = line.after_line {
                what.push_str(&format!("  (after {after})"));
            }
            table.row([
                Cell::right(Role::Faint, format!("{number}.")),
                Cell::right(Role::Faint, line.event.time()),
                Cell::left(Role::Plain, &line.event.node),
                Cell::left(Role::Plain, what),
            ]);
        }
        let verdict = format!(
            "{} is violated on {}: {}",
            self.check, self.subject, self.claim
        );
        table.row([
            Cell::right(Role::Faint, format!("{}.", self.story.len() + 1)),
            Cell::right(Role::Faint, "at the end"),
            Cell::left(Role::Plain, ""),
            Cell::left(Role::Bad, verdict),
        ]);
        table.write(style, out);
    }

    fn write_necessity(&self, style: Style, out: &mut String) {
        head(style, "What it needs", out);
        let mut table = Table::new(2);
        for part in &self.necessity {
            let (role, without) = match part.without {
                Without::Passes => (Role::Good, "nothing fails without"),
                Without::FailsOtherwise => (Role::Doubt, "fails otherwise without"),
                Without::Undecided => (Role::Doubt, "not known without"),
                Without::Fails => (Role::Faint, "not needed"),
            };
            table.row([
                Cell::left(role, without),
                Cell::left(Role::Faint, &part.kind),
                Cell::left(Role::Plain, &part.what),
            ]);
        }
        table.write(style, out);
    }

    fn write_course(&self, style: Style, out: &mut String) {
        head(style, "When it is decided", out);
        let Some(first) = self.course.first() else {
            paragraph(out, style, 2, Role::Faint, "there is no moment to look at");
            return;
        };
        if self.course.iter().all(|entry| entry.failed == first.failed) {
            let always = format!(
                "{} of {} futures fail from the beginning on, and from every later moment",
                first.failed, first.of
            );
            paragraph(out, style, 2, Role::Plain, &always);
            return;
        }
        let mut table = Table::new(2);
        for entry in &self.course {
            let decisive = self
                .decisive
                .as_ref()
                .is_some_and(|it| it.event == entry.after.event);
            table.row([
                Cell::left(Role::Bad, if decisive { "▸" } else { " " }),
                Cell::right(Role::Plain, format!("{}/{}", entry.failed, entry.of)),
                Cell::left(Role::Faint, bar(entry.failed, entry.of)),
                Cell::right(Role::Faint, entry.after.time()),
                Cell::left(
                    Role::Plain,
                    format!("{} {}", entry.after.node, entry.after.what),
                ),
            ]);
        }
        table.write(style, out);
    }

    fn write_twin(&self, style: Style, out: &mut String) {
        head(style, "The nearest run that passes", out);
        let Some(twin) = &self.twin else {
            paragraph(out, style, 2, Role::Faint, "none was found");
            return;
        };
        paragraph(out, style, 2, Role::Plain, &twin.difference);
        let common = counted(twin.common_events, "event", "events");
        let (failing, passing) = (count(twin.failing_events), count(twin.passing_events));
        paragraph(
            out,
            style,
            2,
            Role::Faint,
            &format!(
                "{common} in common, of {failing} that fail and {passing} that pass; first otherwise:"
            ),
        );
        let mut table = Table::new(4);
        for (role, name, event) in [
            (Role::Bad, "fails", &twin.fails),
            (Role::Good, "passes", &twin.passes),
        ] {
            let told = event
                .as_ref()
                .map_or("(nothing else)".to_owned(), ToldEvent::in_words);
            table.row([Cell::left(role, name), Cell::left(Role::Plain, told)]);
        }
        table.write(style, out);
        if twin.only_fails.is_empty() && twin.only_passes.is_empty() {
            return;
        }
        paragraph(
            out,
            style,
            2,
            Role::Faint,
            "later, as far as it matters here, only in the run that:",
        );
        let mut table = Table::new(4);
        for (role, name, events) in [
            (Role::Bad, "fails", &twin.only_fails),
            (Role::Good, "passes", &twin.only_passes),
        ] {
            for event in events {
                table.row([
                    Cell::left(role, name),
                    Cell::left(Role::Plain, event.in_words()),
                ]);
            }
        }
        table.write(style, out);
    }
}

fn head(style: Style, title: &str, out: &mut String) {
    out.push_str(&format!("\n{}\n", style.paint(Role::Head, title)));
}

/// Eight blocks for a certain failure.
fn bar(failed: u32, of: u32) -> String {
    let full = (failed * 8 + of / 2).checked_div(of).unwrap_or(0) as usize;
    format!("{}{}", "█".repeat(full), "·".repeat(8 - full.min(8)))
}
