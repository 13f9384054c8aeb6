//! A hunt told to people: each defect, each kind of defect, strategies side by side, and whether the unmodified system
//! was silent.

use crate::figures::{count, counted, hundredths};
use crate::hunt::{Compared, HuntDocument, Noise};
use crate::style::{Role, Style};
use crate::table::{Cell, Table, paragraph};

impl HuntDocument {
    /// For people; ends with a line break.
    pub fn to_text(&self, style: Style) -> String {
        let mut out = String::new();
        self.write_hunted(style, &mut out);
        self.write_difficulties(style, &mut out);
        self.write_by_trigger(style, &mut out);
        self.write_compared(style, &mut out);
        self.write_noise(style, &mut out);
        if let Some(shrinking) = &self.shrinking {
            shrinking.write(style, &mut out);
        }
        if !self.passed_over.is_empty() {
            let text = format!(
                "not shown by runs of the whole system: {}",
                self.passed_over.join(", ")
            );
            out.push('\n');
            paragraph(&mut out, style, 0, Role::Faint, &text);
        }
        out
    }

    fn write_hunted(&self, style: Style, out: &mut String) {
        let mut table = Table::new(0);
        table.row(
            [
                "",
                "defect",
                "trigger",
                "by",
                "caught",
                "seeds",
                "95 %",
                "is",
                "first check",
            ]
            .map(|head| Cell::left(Role::Faint, head)),
        );
        for it in &self.hunted {
            let always = it.searches_that_caught == it.searches;
            let (role, mark) = match (it.caught && !it.is_misleading(), always) {
                (true, true) => (Role::Good, "✓"),
                (true, false) => (Role::Doubt, "~"),
                (false, _) => (Role::Bad, "✗"),
            };
            let check = match &it.check {
                Some(check) if *check == it.expected_check => check.clone(),
                Some(check) => format!("{check} (expected {})", it.expected_check),
                None => format!("none (expected {})", it.expected_check),
            };
            table.row([
                Cell::left(role, mark),
                Cell::left(Role::Plain, &it.defect),
                Cell::left(Role::Faint, &it.trigger),
                Cell::left(Role::Faint, &it.strategy),
                Cell::right(role, format!("{}/{}", it.searches_that_caught, it.searches)),
                Cell::right(Role::Plain, self.seeds(it.seeds_to_detection)),
                Cell::left(Role::Faint, self.interval(it.seeds_to_detection_95)),
                Cell::left(Role::Faint, &it.difficulty),
                Cell::left(Role::Plain, check),
            ]);
        }
        table.write(style, out);
    }

    /// What the catalogue says and these searches contradict.
    fn write_difficulties(&self, style: Style, out: &mut String) {
        for it in self.hunted.iter().filter(|it| it.difficulty_differs) {
            let text = format!(
                "{} is {} here, with a median of {} seeds ({}), and {} to the catalogue.",
                it.defect,
                it.difficulty,
                self.seeds(it.seeds_to_detection),
                self.interval(it.seeds_to_detection_95),
                it.difficulty_known
            );
            out.push('\n');
            paragraph(out, style, 0, Role::Doubt, &text);
        }
    }

    fn write_by_trigger(&self, style: Style, out: &mut String) {
        out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Triggers")));
        let mut table = Table::new(2);
        table.row(
            ["trigger", "by", "caught", "median", "worst", ""]
                .map(|head| Cell::left(Role::Faint, head)),
        );
        for it in &self.by_trigger {
            table.row([
                Cell::left(Role::Plain, &it.trigger),
                Cell::left(Role::Faint, &it.strategy),
                Cell::right(Role::Plain, format!("{}/{}", it.defects_caught, it.defects)),
                Cell::right(Role::Plain, self.seeds(it.median_of_medians)),
                Cell::right(Role::Plain, self.seeds(it.worst_median)),
                Cell::left(Role::Faint, &it.worst_defect),
            ]);
        }
        table.write(style, out);
    }

    fn seeds(&self, seeds: Option<u64>) -> String {
        seeds.map_or_else(|| format!(">{}", count(self.seeds_max)), count)
    }

    fn interval(&self, interval: Option<[Option<u64>; 2]>) -> String {
        match interval {
            Some([low, high]) => format!("{}–{}", self.seeds(low), self.seeds(high)),
            None => String::new(),
        }
    }

    fn write_compared(&self, style: Style, out: &mut String) {
        out.push_str(&format!("\n{}\n", style.paint(Role::Head, "Strategies")));
        let mut table = Table::new(2);
        for it in &self.compared {
            let median = it.median_of_medians.map_or("–".to_owned(), count);
            let mean = format!(
                "mean {}{}",
                hundredths(it.mean_runs_hundredths as i64),
                against_default(it)
            );
            table.row([
                Cell::left(Role::Plain, &it.strategy),
                Cell::right(
                    Role::Plain,
                    format!("{}/{} defects", it.defects_caught, it.defects),
                ),
                Cell::right(
                    Role::Plain,
                    format!("{}/{} searches", it.searches_that_caught, it.searches),
                ),
                Cell::left(
                    Role::Plain,
                    format!(
                        "median {median} seeds, all medians {}",
                        count(it.sum_of_medians)
                    ),
                ),
                Cell::left(Role::Plain, mean),
            ]);
        }
        table.write(style, out);
    }

    fn write_noise(&self, style: Style, out: &mut String) {
        let runs = self.noise.iter().map(|noise| noise.runs).sum();
        let noisy: Vec<&Noise> = self
            .noise
            .iter()
            .filter(|it| it.first_check.is_some())
            .collect();
        out.push('\n');
        if noisy.is_empty() {
            let runs = counted(runs, "run", "runs");
            let text = format!("The unmodified system was silent in {runs} on the same grounds.");
            return paragraph(out, style, 0, Role::Good, &text);
        }
        for noise in noisy {
            let check = noise.first_check.as_deref().unwrap_or_default();
            let text = format!(
                "The unmodified system is not silent: {check} in {} by {}, run {}{}",
                noise.situation,
                noise.strategy,
                noise.runs,
                match noise.repetition {
                    0 => String::new(),
                    repetition => format!(" of repetition {repetition}"),
                }
            );
            paragraph(out, style, 0, Role::Bad, &text);
            if let Some(command) = &noise.reproduce {
                out.push_str(&format!("  {}\n", style.paint(Role::Command, command)));
            }
        }
    }
}

/// How much more runs a strategy needs than the default one, in words.
fn against_default(compared: &Compared) -> String {
    let Some(difference) = &compared.against_default else {
        return String::new();
    };
    let [low, high] = difference.interval_hundredths.map(hundredths);
    let mean = hundredths(difference.mean_hundredths);
    let sign = if difference.mean_hundredths > 0 {
        "+"
    } else {
        ""
    };
    format!(", {sign}{mean} ({low} to {high}) to the default")
}
