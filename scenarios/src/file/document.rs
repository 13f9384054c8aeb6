//! A TOML document as a tree in which every key and value knows its place.
//!
//! Overrides are put into the tree before anything is made of it, so that they are read, and their
//! mistakes are told, exactly as if they stood in the file.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use super::diagnostic::Diagnostic;
use super::key_path::{KeyPath, Step};
use super::source::{Override, Source};
use super::wording;

/// A parsed source.
pub struct Document<'a> {
    source: &'a Source,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Parses a source and applies its overrides.
    ///
    /// # Errors
    /// The first place at which the file is not TOML, or an override that leads nowhere.
    pub fn parse(source: &'a Source) -> Result<Document<'a>, Diagnostic> {
        let root = DeTable::parse(source.file()).map_err(|error| tell(source, &error))?;
        let mut document = Document { source, root };
        for (start, over) in source.overrides() {
            document.apply(start, over)?;
        }
        Ok(document)
    }

    /// Makes a value of the tree.
    ///
    /// # Errors
    /// The first key that is unknown or missing, or whose value has the wrong type.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Diagnostic> {
        T::deserialize(Deserializer::from(self.root.clone()))
            .map_err(|error| tell(self.source, &error))
    }

    /// A mistake at the value of a path, or at the deepest part of the path that is there.
    pub fn complain(&self, path: &KeyPath, message: String, hint: Option<String>) -> Diagnostic {
        self.source.complain(self.locate(path), message, hint)
    }

    fn locate(&self, path: &KeyPath) -> Range<usize> {
        let mut found = self.root.span();
        let mut here: Option<&DeValue<'a>> = None;
        for step in &path.0 {
            let table = match here {
                None => Some(self.root.get_ref()),
                Some(value) => value.as_table(),
            };
            let next = match step {
                Step::Key(key) => table.and_then(|table| table.get_key_value(key.as_str())),
                Step::Index(index) => {
                    let element = here.and_then(|value| value.get(*index));
                    if let Some(element) = element {
                        found = element.span();
                    }
                    here = element.map(Spanned::get_ref);
                    if here.is_none() {
                        break;
                    }
                    continue;
                }
            };
            let Some((key, value)) = next else { break };
            found = span_of(key.span(), value);
            here = Some(value.get_ref());
        }
        found
    }

    fn apply(&mut self, start: usize, over: &Override) -> Result<(), Diagnostic> {
        let key_span = start..start + over.key_end();
        let value = self.read_value(start, over);
        let source = self.source;
        let stuck = |message: String| source.complain(key_span.clone(), message, None);
        let (last, way) = over
            .path
            .0
            .split_last()
            .expect("a key path that was read has a step");
        let mut here = Node::Table(self.root.get_mut());
        for step in way {
            here = here.enter(step, &key_span).map_err(stuck)?;
        }
        here.put(last, &key_span, value).map_err(stuck)
    }

    /// An override's value: TOML, or else plain text, since `--set a=5%` should not need quotes
    /// within quotes.
    fn read_value(&self, start: usize, over: &Override) -> Spanned<DeValue<'a>> {
        let typed = start + over.value_start()..start + over.typed().len();
        let text = self.source.slice(typed.clone());
        match DeValue::parse(text) {
            Ok(value) => shifted(value, typed.start),
            Err(_) => Spanned::new(typed, DeValue::String(Cow::Borrowed(text.trim()))),
        }
    }
}

/// From the key to the end of its value; a table, or a list of tables, whose span is its header or
/// lies before the key, is shown by its key alone.
fn span_of(key: Range<usize>, value: &Spanned<DeValue<'_>>) -> Range<usize> {
    let whole = value.span();
    if value.get_ref().is_table() || whole.start < key.end {
        return key;
    }
    key.start..whole.end
}

/// A table or value on the way of an override.
enum Node<'n, 'a> {
    Table(&'n mut DeTable<'a>),
    Value(&'n mut DeValue<'a>),
}

impl<'n, 'a> Node<'n, 'a> {
    /// One step down; a missing table comes to be.
    fn enter(self, step: &Step, span: &Range<usize>) -> Result<Node<'n, 'a>, String> {
        match step {
            Step::Key(key) => {
                let table = self.table(step)?;
                let key = Spanned::new(span.clone(), Cow::Owned(key.clone()));
                let empty = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
                Ok(Node::Value(
                    table.entry(key).or_insert_with(empty).get_mut(),
                ))
            }
            Step::Index(_) => Ok(Node::Value(self.element(step)?.get_mut())),
        }
    }

    fn put(
        self,
        step: &Step,
        span: &Range<usize>,
        value: Spanned<DeValue<'a>>,
    ) -> Result<(), String> {
        match step {
            Step::Key(key) => {
                let table = self.table(step)?;
                // Removed first: an insertion would keep the old key, and its place in the file.
                table.remove(key.as_str());
                let key = Spanned::new(span.clone(), Cow::Owned(key.clone()));
                table.insert(key, value);
            }
            Step::Index(_) => *self.element(step)? = value,
        }
        Ok(())
    }

    fn table(self, step: &Step) -> Result<&'n mut DeTable<'a>, String> {
        match self {
            Node::Table(table) | Node::Value(DeValue::Table(table)) => Ok(table),
            Node::Value(other) => Err(format!(
                "`{}` leads into a {}, which has no keys",
                KeyPath(vec![step.clone()]),
                other.type_str()
            )),
        }
    }

    fn element(self, step: &Step) -> Result<&'n mut Spanned<DeValue<'a>>, String> {
        let Node::Value(DeValue::Array(array)) = self else {
            return Err(format!(
                "`{}` asks for an element, but there is no array",
                KeyPath(vec![step.clone()])
            ));
        };
        let Step::Index(index) = *step else {
            unreachable!("elements are entered by position")
        };
        let length = array.len();
        array
            .get_mut(index)
            .ok_or_else(|| format!("there is no element {index}: the array has {length}"))
    }
}

fn shifted<'a>(value: Spanned<DeValue<'a>>, by: usize) -> Spanned<DeValue<'a>> {
    let move_span = |span: Range<usize>| span.start + by..span.end + by;
    let span = move_span(value.span());
    let value = match value.into_inner() {
        DeValue::Array(mut array) => {
            for element in array.iter_mut() {
                let empty = Spanned::new(0..0, DeValue::Boolean(false));
                *element = shifted(std::mem::replace(element, empty), by);
            }
            DeValue::Array(array)
        }
        DeValue::Table(table) => {
            let pairs = table.into_iter().map(|(key, value)| {
                let key = Spanned::new(move_span(key.span()), key.into_inner());
                (key, shifted(value, by))
            });
            DeValue::Table(pairs.collect())
        }
        plain => plain,
    };
    Spanned::new(span, value)
}

fn tell(source: &Source, error: &toml::de::Error) -> Diagnostic {
    let (message, hint) = wording::reword(error.message());
    source.complain(error.span().unwrap_or(0..0), message, hint)
}
