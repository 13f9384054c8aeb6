//! A reader of EDN and JSON text, one top-level form at a time.
//!
//! It exists beside well-kept JSON crates because a mistake in a history is usually one of meaning, found long after
//! parsing, and must still be reported with its line and column; and because one reader for both notations keeps them
//! from being understood differently. Nesting is limited, so that a hostile file cannot overflow the stack.
//!
//! EDN: `;` comments, `#_` discards, tags (dropped, their value kept), characters, sets, keywords, symbols. JSON: as
//! RFC 8259 has it, one value after another or one array of them.

use super::error::{ForeignError, Place};
use super::form::{Data, Form};

mod atom;

/// Deeper nesting than any history needs.
const DEPTH_MAX: u32 = 64;

/// The two notations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// The notation of Clojure.
    Edn,
    /// RFC 8259.
    Json,
}

/// Reads the top-level forms of a text. The items of one outermost vector or array count as top-level: both are common.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    text: &'a str,
    offset: usize,
    place: Place,
    notation: Notation,
    /// What closes the outermost sequence, if the text is one.
    outermost: Option<char>,
    is_first: bool,
}

impl<'a> Reader<'a> {
    /// Starts at the beginning of `text`, and finds out its notation.
    ///
    /// # Errors
    /// A text that begins like neither notation, or holds nothing.
    pub fn new(text: &'a str) -> Result<Self, ForeignError> {
        let notation = Self::at_start(text, Notation::Edn).detect()?;
        Ok(Self::of(text, notation))
    }

    /// Starts at the beginning of `text`, which is to be read in this notation whatever it looks like.
    pub fn of(text: &'a str, notation: Notation) -> Self {
        let mut reader = Self::at_start(text, notation);
        reader.skip_blank();
        reader.outermost = match reader.peek() {
            Some('[') => Some(']'),
            Some('(') if notation == Notation::Edn => Some(')'),
            _ => None,
        };
        if reader.outermost.is_some() {
            reader.advance();
        }
        reader
    }

    fn at_start(text: &'a str, notation: Notation) -> Self {
        Self {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            offset: 0,
            place: Place { line: 1, column: 1 },
            notation,
            outermost: None,
            is_first: true,
        }
    }

    /// The notation found.
    pub fn notation(&self) -> Notation {
        self.notation
    }

    /// The next top-level form; none at the end.
    ///
    /// # Errors
    /// Text that is not well formed, with its place.
    pub fn next_form(&mut self) -> Result<Option<Form>, ForeignError> {
        loop {
            self.skip_blank();
            match (self.peek(), self.outermost) {
                (None, None) => return Ok(None),
                (None, Some(_)) => {
                    return Err(self.wrong("the outermost list is not closed", "close it"));
                }
                (Some(next), Some(close)) if next == close => {
                    self.advance();
                    self.outermost = None;
                    self.skip_blank();
                    if self.peek().is_some() {
                        return Err(
                            self.wrong("text after the end of the outermost list", "remove it")
                        );
                    }
                    return Ok(None);
                }
                (Some(_), outermost) => {
                    if outermost.is_some() && !self.is_first {
                        self.separator(']')?;
                    }
                    self.is_first = false;
                    if let Some(form) = self.form(0)? {
                        return Ok(Some(form));
                    }
                }
            }
        }
    }

    /// Looks at the first characters only: the first map tells the notations apart, by a string followed by a colon.
    fn detect(mut self) -> Result<Notation, ForeignError> {
        loop {
            if self.peek() == Some(';') {
                return Ok(Notation::Edn);
            }
            self.skip_blank();
            match self.peek() {
                None => return Err(ForeignError::Empty),
                Some('#' | ';' | '(') => return Ok(Notation::Edn),
                Some('[') => drop(self.advance()),
                Some('{') => {
                    self.advance();
                    break;
                }
                Some(']') => return Err(ForeignError::Empty),
                Some(_) => {
                    let mend =
                        "a history is a sequence of maps, in EDN or JSON, or one list of them";
                    return Err(self.wrong("this is neither EDN nor JSON", mend));
                }
            }
        }
        self.skip_blank();
        if self.peek() != Some('"') {
            return Ok(if self.peek() == Some('}') {
                Notation::Json
            } else {
                Notation::Edn
            });
        }
        self.string()?;
        self.skip_blank();
        Ok(if self.peek() == Some(':') {
            Notation::Json
        } else {
            Notation::Edn
        })
    }

    /// Reads one form; none for one that is discarded.
    fn form(&mut self, depth: u32) -> Result<Option<Form>, ForeignError> {
        self.skip_blank();
        let at = self.place;
        if depth > DEPTH_MAX {
            return Err(self.wrong(
                "lists nested too deeply",
                "a history needs no more than a few levels",
            ));
        }
        let Some(first) = self.peek() else {
            return Err(self.wrong(
                "the text ends where a value is expected",
                "complete or remove the last operation",
            ));
        };
        let is_edn = self.notation == Notation::Edn;
        let data = match first {
            '{' => {
                self.advance();
                self.map(depth)?
            }
            '[' => self.sequence(']', depth)?,
            '(' if is_edn => self.sequence(')', depth)?,
            '#' if is_edn => return self.dispatch(at, depth),
            '"' => Data::Word(self.string()?),
            _ => self.atom()?,
        };
        Ok(Some(Form { at, data }))
    }

    /// EDN's `#`: a set, a discard, or a tag in front of a value.
    fn dispatch(&mut self, at: Place, depth: u32) -> Result<Option<Form>, ForeignError> {
        self.advance();
        match self.peek() {
            Some('{') => Ok(Some(Form {
                at,
                data: self.sequence('}', depth)?,
            })),
            Some('_') => {
                self.advance();
                while self.form(depth + 1)?.is_none() {}
                Ok(None)
            }
            _ => {
                self.word();
                self.form(depth + 1)
            }
        }
    }

    fn sequence(&mut self, close: char, depth: u32) -> Result<Data, ForeignError> {
        self.advance();
        let mut items = Vec::new();
        let mut is_first = true;
        while !self.closes(close, "list")? {
            if !is_first {
                self.separator(close)?;
            }
            is_first = false;
            items.extend(self.form(depth + 1)?);
        }
        Ok(Data::Sequence(items))
    }

    fn map(&mut self, depth: u32) -> Result<Data, ForeignError> {
        let mut entries: Vec<(Form, Form)> = Vec::new();
        let mut key: Option<Form> = None;
        while !self.closes('}', "map")? {
            match key.take() {
                None if self.notation == Notation::Json => {
                    if !entries.is_empty() {
                        self.separator('}')?;
                    }
                    key = Some(self.json_key()?);
                }
                None => key = self.form(depth + 1)?,
                Some(name) => match self.form(depth + 1)? {
                    Some(value) => entries.push((name, value)),
                    None => key = Some(name),
                },
            }
        }
        match key {
            Some(_) => Err(self.wrong("a map ends after a key", "give every key a value")),
            None => Ok(Data::Map(entries)),
        }
    }

    fn json_key(&mut self) -> Result<Form, ForeignError> {
        self.skip_blank();
        let at = self.place;
        if self.peek() != Some('"') {
            return Err(self.wrong(
                "a key of a JSON map must be a string",
                "put it in double quotes",
            ));
        }
        let word = self.string()?;
        self.skip_blank();
        if self.peek() != Some(':') {
            return Err(self.wrong("a colon is missing after a key", "write \"key\": value"));
        }
        self.advance();
        Ok(Form {
            at,
            data: Data::Word(word),
        })
    }

    /// Whether the collection ends here, in which case its end is taken.
    fn closes(&mut self, close: char, what: &str) -> Result<bool, ForeignError> {
        self.skip_blank();
        match self.peek() {
            None => Err(self.wrong(
                format!("the text ends inside a {what}"),
                "complete or remove the last operation",
            )),
            Some(found) if found == close => {
                self.advance();
                Ok(true)
            }
            Some(found @ (']' | ')' | '}')) => Err(self.wrong(
                format!("`{found}` closes a {what} that needs `{close}`"),
                "match the brackets",
            )),
            Some(_) => Ok(false),
        }
    }

    /// JSON separates by commas; in EDN they are blanks.
    fn separator(&mut self, close: char) -> Result<(), ForeignError> {
        if self.notation == Notation::Edn {
            return Ok(());
        }
        if self.peek() != Some(',') {
            return Err(self.wrong("a comma is missing", "separate values by commas"));
        }
        self.advance();
        self.skip_blank();
        if self.peek() == Some(close) {
            return Err(self.wrong("a comma before the end of a list or map", "remove it"));
        }
        Ok(())
    }

    /// Skips white space, and in EDN commas and comments.
    fn skip_blank(&mut self) {
        while let Some(next) = self.peek() {
            let is_edn = self.notation == Notation::Edn;
            if next.is_whitespace() || (is_edn && next == ',') {
                self.advance();
            } else if is_edn && next == ';' {
                while self.peek().is_some_and(|next| next != '\n') {
                    self.advance();
                }
            } else {
                return;
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.offset..].chars().next()
    }

    fn advance(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.offset += next.len_utf8();
        if next == '\n' {
            self.place = Place {
                line: self.place.line + 1,
                column: 1,
            };
        } else {
            self.place.column += 1;
        }
        Some(next)
    }

    fn wrong(&self, what: impl Into<String>, mend: &'static str) -> ForeignError {
        ForeignError::Syntax {
            at: self.place,
            what: what.into(),
            mend,
        }
    }
}
