//! Two runs of the same inputs that parted: the last events in common, and the first that differ.
//!
//! This is what a determinism check prints. The marker stands under the first character in which
//! the two lines differ.

use sim::determinism::Divergence;

use crate::style::{Role, Style, visible};

/// The divergence for people; ends with a line break.
pub fn render(divergence: &Divergence, style: Style) -> String {
    let title = format!(
        "The same inputs gave two runs: they part at event {}.",
        divergence.event
    );
    let mut out = format!("{}\n\n", style.paint(Role::Bad, &title));
    if divergence.common.is_empty() {
        out += &format!(
            "{}\n",
            style.paint(Role::Faint, "nothing in common before it")
        );
    }
    for line in &divergence.common {
        out += &format!("  both    {}\n", style.paint(Role::Faint, line));
    }
    for (name, line) in [
        ("first ", &divergence.first),
        ("second", &divergence.second),
    ] {
        let shown = match line {
            Some(line) => style.paint(Role::Plain, line),
            None => style.paint(Role::Faint, "(had ended)"),
        };
        out += &format!("{} {name}  {shown}\n", style.paint(Role::Bad, "✗"));
    }
    if let (Some(first), Some(second)) = (&divergence.first, &divergence.second) {
        let column = common_columns(first, second);
        out += &format!(
            "{}{}\n",
            " ".repeat(10 + column),
            style.paint(Role::Bad, "^")
        );
    }
    out
}

fn common_columns(first: &str, second: &str) -> usize {
    let (first, second) = (visible(first), visible(second));
    first
        .chars()
        .zip(second.chars())
        .take_while(|(left, right)| left == right)
        .count()
}
