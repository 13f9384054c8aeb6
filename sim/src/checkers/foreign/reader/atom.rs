//! The indivisible forms: strings, numbers, keywords, symbols, characters.

use super::{Notation, Reader};
use crate::checkers::foreign::error::ForeignError;
use crate::checkers::foreign::form::Data;

impl<'a> Reader<'a> {
    /// Takes the characters up to the next blank, bracket, quote or separator.
    pub(super) fn word(&mut self) -> &'a str {
        let start = self.offset;
        let is_json = self.notation == Notation::Json;
        let ends = |next: char| {
            next.is_whitespace() || ",;()[]{}\"".contains(next) || (is_json && next == ':')
        };
        while self.peek().is_some_and(|next| !ends(next)) {
            self.advance();
        }
        &self.text[start..self.offset]
    }

    pub(super) fn atom(&mut self) -> Result<Data, ForeignError> {
        let before = self.clone();
        if self.notation == Notation::Edn && self.peek() == Some('\\') {
            return self.character();
        }
        let word = self.word();
        if word.is_empty() {
            let found = self
                .peek()
                .map_or("the end".to_string(), |next| format!("`{next}`"));
            return Err(before.wrong(
                format!("{found} where a value is expected"),
                "write a value, or remove this",
            ));
        }
        match word {
            "nil" if self.notation == Notation::Edn => return Ok(Data::Nothing),
            "null" if self.notation == Notation::Json => return Ok(Data::Nothing),
            "true" => return Ok(Data::Truth(true)),
            "false" => return Ok(Data::Truth(false)),
            _ => {}
        }
        if is_number(word) {
            return before.number(word);
        }
        match self.notation {
            Notation::Edn => Ok(Data::Word(
                word.strip_prefix(':').unwrap_or(word).to_string(),
            )),
            Notation::Json => Err(before.wrong(
                format!("`{word}` is no JSON value"),
                "put words in double quotes",
            )),
        }
    }

    fn number(&self, word: &str) -> Result<Data, ForeignError> {
        let digits = word
            .strip_suffix('N')
            .filter(|_| self.notation == Notation::Edn)
            .unwrap_or(word);
        let unsigned = digits.trim_start_matches(['+', '-']);
        if !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Data::Word(word.to_string()));
        }
        if self.notation == Notation::Json
            && (digits.starts_with('+') || (unsigned.len() > 1 && unsigned.starts_with('0')))
        {
            return Err(self.wrong(
                format!("`{word}` is no JSON number"),
                "write it without plus sign or leading zeros",
            ));
        }
        match digits.parse() {
            Ok(number) => Ok(Data::Integer(number)),
            Err(_) => Err(self.wrong(
                format!("{word} does not fit in 64 bits"),
                "use smaller numbers, or strings",
            )),
        }
    }

    fn character(&mut self) -> Result<Data, ForeignError> {
        self.advance();
        let Some(first) = self.advance() else {
            return Err(self.wrong("the text ends inside a character", "complete or remove it"));
        };
        let name = format!(
            "{first}{}",
            if first.is_alphanumeric() {
                self.word()
            } else {
                ""
            }
        );
        Ok(Data::Word(match name.as_str() {
            "newline" => "\n".to_string(),
            "return" => "\r".to_string(),
            "space" => " ".to_string(),
            "tab" => "\t".to_string(),
            _ => name,
        }))
    }

    pub(super) fn string(&mut self) -> Result<String, ForeignError> {
        self.advance();
        let mut text = String::new();
        loop {
            let before = self.clone();
            match self.advance() {
                None => return Err(self.wrong("the text ends inside a string", "close the string")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(control) if control < ' ' && self.notation == Notation::Json => {
                    return Err(before.wrong(
                        "a control character in a JSON string",
                        "write it as an escape",
                    ));
                }
                Some(plain) => text.push(plain),
            }
        }
    }

    fn escape(&mut self) -> Result<char, ForeignError> {
        let before = self.clone();
        match self.advance() {
            Some(same @ ('"' | '\\' | '/')) => Ok(same),
            Some('n') => Ok('\n'),
            Some('t') => Ok('\t'),
            Some('r') => Ok('\r'),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('u') => self.code_point(&before),
            _ => Err(before.wrong(
                "an unknown escape in a string",
                "use \\\" \\\\ \\n \\t \\r or \\u with four digits",
            )),
        }
    }

    /// A code point by its number; those beyond sixteen bits are written as a pair of surrogates.
    fn code_point(&mut self, before: &Self) -> Result<char, ForeignError> {
        let high = self.hex4(before)?;
        let code =
            if (0xD800..0xDC00).contains(&high) && self.text[self.offset..].starts_with("\\u") {
                self.advance();
                self.advance();
                let low = self.hex4(before)?;
                0x10000 + ((high - 0xD800) << 10) + (low.wrapping_sub(0xDC00) & 0x3FF)
            } else {
                high
            };
        char::from_u32(code).ok_or_else(|| {
            before.wrong(
                "half of a surrogate pair",
                "write both halves, or the character",
            )
        })
    }

    fn hex4(&mut self, before: &Self) -> Result<u32, ForeignError> {
        (0..4).try_fold(0, |code, _| {
            let digit = self.advance().and_then(|digit| digit.to_digit(16));
            Ok(code * 16
                + digit.ok_or_else(|| {
                    before.wrong("\\u needs four hexadecimal digits", "write all four")
                })?)
        })
    }
}

fn is_number(word: &str) -> bool {
    word.trim_start_matches(['+', '-'])
        .starts_with(|first: char| first.is_ascii_digit())
        && !word[1..].starts_with(['+', '-'])
}
