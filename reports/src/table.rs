//! Tables and paragraphs: aligned columns whose last one is prose and wraps.
//!
//! Columns are as wide as their widest cell and are never cut; only prose is wrapped, with a hanging
//! indent, and a word longer than the line stays whole so that it can be copied. Widths are counted
//! in characters, which is right for all marks and names this program writes itself.

use crate::style::{Role, Style, visible};

/// The narrowest a wrapped column gets, however small the terminal is.
const PROSE_WIDTH_MIN: usize = 24;

/// Blank columns between two columns.
const GAP: usize = 2;

/// One cell.
pub(crate) struct Cell {
    text: String,
    role: Role,
    right: bool,
}

impl Cell {
    /// A cell whose text starts at the column's left edge.
    pub(crate) fn left(role: Role, text: impl Into<String>) -> Cell {
        Cell {
            text: text.into(),
            role,
            right: false,
        }
    }

    /// A cell for figures.
    pub(crate) fn right(role: Role, text: impl Into<String>) -> Cell {
        Cell {
            right: true,
            ..Cell::left(role, text)
        }
    }

    fn width(&self) -> usize {
        visible(&self.text).chars().count()
    }
}

/// Rows of equally many cells.
pub(crate) struct Table {
    indent: usize,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table, this far from the left edge.
    pub(crate) fn new(indent: usize) -> Table {
        Table {
            indent,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Writes all rows, one line each unless the last cell wraps.
    pub(crate) fn write(&self, style: Style, out: &mut String) {
        let widths = self.widths();
        for row in &self.rows {
            let Some((prose, columns)) = row.split_last() else {
                continue;
            };
            let mut line = " ".repeat(self.indent);
            for (cell, width) in columns.iter().zip(&widths) {
                push_padded(&mut line, cell, *width, style);
                line.push_str(&" ".repeat(GAP));
            }
            let before: usize = self.indent + widths.iter().map(|width| width + GAP).sum::<usize>();
            let room = style.width.saturating_sub(before).max(PROSE_WIDTH_MIN);
            for (number, piece) in wrap(&prose.text, room).into_iter().enumerate() {
                if number > 0 {
                    line = " ".repeat(before);
                }
                line.push_str(&style.paint(prose.role, &piece));
                out.push_str(line.trim_end_matches(' '));
                out.push('\n');
            }
        }
    }

    /// The width of every column but the last.
    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..columns.saturating_sub(1))
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(Cell::width).max().unwrap_or(0)
            })
            .collect()
    }
}

fn push_padded(line: &mut String, cell: &Cell, width: usize, style: Style) {
    let padding = " ".repeat(width - cell.width());
    let painted = style.paint(cell.role, &cell.text);
    if cell.right {
        line.push_str(&padding);
        line.push_str(&painted);
    } else {
        line.push_str(&painted);
        line.push_str(&padding);
    }
}

/// Writes prose as a paragraph, this far from the left edge.
pub(crate) fn paragraph(out: &mut String, style: Style, indent: usize, role: Role, text: &str) {
    let mut table = Table::new(indent);
    table.row([Cell::left(role, text)]);
    table.write(style, out);
}

/// The text in lines of at most `width` characters, broken at blanks; at least one line. Line
/// breaks and the blanks that open a line are kept.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for source in text.split('\n') {
        let opening = source.len() - source.trim_start_matches(' ').len();
        let mut line = source[..opening].to_owned();
        let mut words = 0;
        for word in source[opening..].split(' ') {
            let longer = line.chars().count() + 1 + visible(word).chars().count();
            if words > 0 && longer > width {
                lines.push(std::mem::replace(&mut line, source[..opening].to_owned()));
                words = 0;
            }
            if words > 0 {
                line.push(' ');
            }
            line.push_str(word);
            words += 1;
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(width: usize, rows: &[[&str; 3]]) -> String {
        let mut table = Table::new(1);
        for [name, figure, prose] in rows {
            table.row([
                Cell::left(Role::Plain, *name),
                Cell::right(Role::Plain, *figure),
                Cell::left(Role::Plain, *prose),
            ]);
        }
        let mut out = String::new();
        let colour = false;
        table.write(Style { colour, width }, &mut out);
        out
    }

    #[test]
    fn columns_align_and_prose_hangs() {
        let rows = [
            ["a", "1", "short"],
            ["longer", "1,000", "prose that is too long for one line"],
            ["empty", "", ""],
        ];
        insta::assert_snapshot!(rendered(40, &rows), @r"
         a           1  short
         longer  1,000  prose that is too long
                        for one line
         empty
        ");
    }

    #[test]
    fn a_long_word_stays_whole_and_line_breaks_are_kept() {
        let cases = [
            ("", 5, vec![""]),
            ("a bb ccc", 4, vec!["a bb", "ccc"]),
            ("--seed=0x123456 x", 4, vec!["--seed=0x123456", "x"]),
            ("one\n  two three", 8, vec!["one", "  two", "  three"]),
        ];
        for (text, width, lines) in cases {
            assert_eq!(wrap(text, width), lines, "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_shown_and_not_obeyed() {
        assert!(rendered(40, &[["a\u{1b}[2J", "", "b\r"]]).contains(r"a\u{1b}[2J    b\r"));
    }
}
