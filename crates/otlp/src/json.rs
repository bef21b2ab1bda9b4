//! The walk.

use crate::names::{Beside, Level, Member};

/// What a walk calls.
pub trait Visitor<'a> {
    /// Why it stops the walk.
    type Error;

    /// Whether it must know all that stands beside a list before it is led into the list. JSON has no order of members, so each
    /// list is then passed over first.
    const BESIDE_FIRST: bool;

    /// A message begins.
    ///
    /// # Errors
    /// To stop the walk.
    fn enter(&mut self, level: Level) -> Result<(), Self::Error>;

    /// A member that leads to no record, with its value.
    ///
    /// # Errors
    /// To stop the walk.
    fn beside(&mut self, level: Level, what: Beside, value: &'a [u8]) -> Result<(), Self::Error>;

    /// An element of the list of log records: should be an object, with brackets that match.
    ///
    /// # Errors
    /// To stop the walk.
    fn record(&mut self, record: &'a [u8]) -> Result<(), Self::Error>;
}

/// Why a walk did not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped<E> {
    /// It is no request.
    Flaw {
        /// The byte where that shows.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The visitor stopped it.
    By(E),
}

const ENDS_EARLY: &str = "the JSON ends too early";
const NOT_JSON: &str = "not valid JSON";
const WRONG_SHAPE: &str = "not the shape of an ExportLogsServiceRequest";
const NO_REQUEST: &str = "an object behind a request that is none";
const TWICE: &str = "the same list twice";

/// Walks a request, or several one behind the other, along their lists; `null` is an empty one.
///
/// # Errors
/// When it is no request around its records, or the visitor stops it.
pub fn walk<'a, V: Visitor<'a>>(text: &'a [u8], visitor: &mut V) -> Result<(), Stopped<V::Error>> {
    let mut walk = Walk { json: Json { text, at: 0 }, visitor };
    walk.json.skip(is_padding);
    loop {
        walk.object(Level::Request)?;
        walk.json.skip(is_padding);
        let behind = text.get(walk.json.at..).unwrap_or_default();
        if behind.is_empty() {
            return Ok(());
        }
        // A sender that is answered with success deletes what it sent.
        if holds_request(behind) == Some(false) {
            return Err(Flaw { at: walk.json.at, what: NO_REQUEST }.into());
        }
    }
}

/// Whether a text is a request, and not events themselves, going by the names in its first object: one of a request of any kind, or
/// none at all. `None` when it breaks off before that shows, or is no object.
pub fn holds_request(text: &[u8]) -> Option<bool> {
    let mut json = Json { text, at: 0 };
    json.skip(is_padding);
    let is_of_request = |name: &[u8]| name.starts_with(b"resource") && name.len() > b"resource".len();
    json.begin(b'{').ok()?;
    if json.ends(b'}') {
        return Some(true);
    }
    loop {
        if is_of_request(json.name().ok()?) {
            return Some(true);
        }
        json.value().ok()?;
        if !json.goes_on(b'}').ok()? {
            return Some(false);
        }
    }
}

/// Whether the first member of an object is a request's list: a line of the Collector's file exporter.
pub fn begins_as_request(line: &[u8]) -> bool {
    let mut json = Json { text: line, at: 0 };
    json.skip(is_padding);
    json.begin(b'{').is_ok() && json.name().is_ok_and(|name| Level::Request.member(name) == Member::List)
}

/// Where the object or array ends that a text begins with, by its brackets and quotes; or, when it does not, where that shows.
///
/// # Errors
/// When brackets do not match, or the text ends before.
pub fn end_of_brackets(text: &[u8]) -> Result<usize, usize> {
    Json { text, at: 0 }.end_of_brackets().map_err(|flaw| flaw.at)
}

/// Behind the closing quote of the string that begins at a place; `None` when it does not end.
pub fn end_of_string(text: &[u8], start: usize) -> Option<usize> {
    // Mostly short, and full of escapes where JSON is inside: a search by vectors gains nothing.
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Blanks, the NULs of a file that was copied while it was cut, the bytes of a byte-order mark, the mark before a record (RFC 7464).
pub const fn is_padding(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1e | 0xef | 0xbb | 0xbf)
}

/// Padding, and what is between the elements of arrays.
pub const fn is_between(byte: u8) -> bool {
    is_padding(byte) || matches!(byte, b'[' | b']' | b',')
}

struct Walk<'a, 'v, V> {
    json: Json<'a>,
    visitor: &'v mut V,
}

impl<'a, V: Visitor<'a>> Walk<'a, '_, V> {
    fn object(&mut self, level: Level) -> Result<(), Stopped<V::Error>> {
        self.json.begin(b'{')?;
        self.visitor.enter(level).map_err(Stopped::By)?;
        if self.json.ends(b'}') {
            return Ok(());
        }
        let mut list = None;
        loop {
            let at_name = self.json.at;
            let name = self.json.name()?;
            match level.member(name) {
                Member::List if list.is_some() => return Err(Flaw { at: at_name, what: TWICE }.into()),
                Member::List => {
                    list = Some(self.json.at);
                    if V::BESIDE_FIRST {
                        self.json.value()?;
                    } else {
                        self.list(level)?;
                    }
                }
                Member::Beside(what) => {
                    let value = self.json.value()?;
                    self.visitor.beside(level, what, value).map_err(Stopped::By)?;
                }
            }
            if !self.json.goes_on(b'}')? {
                break;
            }
        }
        if let Some(list) = list.filter(|_| V::BESIDE_FIRST) {
            let end = std::mem::replace(&mut self.json.at, list);
            self.list(level)?;
            self.json.at = end;
        }
        Ok(())
    }

    fn list(&mut self, level: Level) -> Result<(), Stopped<V::Error>> {
        self.json.skip(is_blank);
        if self.json.peek() == Some(b'n') {
            let value = self.json.value()?;
            return if value == b"null" { Ok(()) } else { Err(self.json.flaw(NOT_JSON).into()) };
        }
        self.json.begin(b'[')?;
        if self.json.ends(b']') {
            return Ok(());
        }
        loop {
            match level.below() {
                Some(below) => self.object(below)?,
                None => {
                    let record = self.json.value()?;
                    self.visitor.record(record).map_err(Stopped::By)?;
                }
            }
            if !self.json.goes_on(b']')? {
                return Ok(());
            }
        }
    }
}

struct Flaw {
    at: usize,
    what: &'static str,
}

impl<E> From<Flaw> for Stopped<E> {
    fn from(Flaw { at, what }: Flaw) -> Self {
        Self::Flaw { at, what }
    }
}

/// A place in a text.
struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw { at: self.at, what: if self.at < self.text.len() { what } else { ENDS_EARLY } }
    }

    fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|byte| !is_skipped(*byte)).unwrap_or(rest.len());
    }

    fn begin(&mut self, bracket: u8) -> Result<(), Flaw> {
        self.skip(is_blank);
        if self.peek() != Some(bracket) {
            return Err(self.flaw(WRONG_SHAPE));
        }
        self.at += 1;
        Ok(())
    }

    /// Whether there is nothing inside.
    fn ends(&mut self, bracket: u8) -> bool {
        self.skip(is_blank);
        let ends = self.peek() == Some(bracket);
        self.at += usize::from(ends);
        ends
    }

    /// Whether another member or element follows.
    fn goes_on(&mut self, bracket: u8) -> Result<bool, Flaw> {
        self.skip(is_blank);
        let next = self.peek();
        if next != Some(b',') && next != Some(bracket) {
            return Err(self.flaw(NOT_JSON));
        }
        self.at += 1;
        Ok(next == Some(b','))
    }

    /// A member's name as it is written, up to its value.
    fn name(&mut self) -> Result<&'a [u8], Flaw> {
        self.skip(is_blank);
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.flaw(NOT_JSON));
        }
        self.at = self.end_of_string(start)?;
        let name = self.text.get(start + 1..self.at - 1).unwrap_or_default();
        self.skip(is_blank);
        if self.peek() != Some(b':') {
            return Err(self.flaw(NOT_JSON));
        }
        self.at += 1;
        Ok(name)
    }

    /// A value of any kind, by its brackets and quotes.
    fn value(&mut self) -> Result<&'a [u8], Flaw> {
        self.skip(is_blank);
        let start = self.at;
        self.at = match self.peek() {
            Some(b'"') => self.end_of_string(start)?,
            Some(b'{' | b'[') => self.end_of_brackets()?,
            _ => {
                self.skip(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
                if self.at == start {
                    return Err(self.flaw(NOT_JSON));
                }
                self.at
            }
        };
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    /// Behind the bracket that closes the one at this place.
    fn end_of_brackets(&self) -> Result<usize, Flaw> {
        // Which of those that are open are objects; one so deep that no reader follows it is only counted.
        let (mut depth, mut objects) = (0_u32, 0_u128);
        let mut at = self.at;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let is_mark = |byte: &u8| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']');
            let Some(next) = rest.iter().position(is_mark) else { return Err(Flaw { at: self.text.len(), what: ENDS_EARLY }) };
            at += next;
            match self.text.get(at) {
                Some(b'"') => {
                    at = self.end_of_string(at)?;
                    continue;
                }
                Some(mark @ (b'{' | b'[')) => {
                    let bit = 1_u128.checked_shl(depth).unwrap_or_default();
                    objects = if *mark == b'{' { objects | bit } else { objects & !bit };
                    depth += 1;
                }
                mark => {
                    depth = depth.checked_sub(1).ok_or(Flaw { at, what: NOT_JSON })?;
                    let is_object = 1_u128.checked_shl(depth).map(|bit| objects & bit != 0);
                    if is_object.is_some_and(|is_object| is_object != (mark == Some(&b'}'))) {
                        return Err(Flaw { at, what: NOT_JSON });
                    }
                }
            }
            at += 1;
            if depth == 0 {
                return Ok(at);
            }
        }
    }

    fn end_of_string(&self, start: usize) -> Result<usize, Flaw> {
        end_of_string(self.text, start).ok_or(Flaw { at: self.text.len(), what: ENDS_EARLY })
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests;
