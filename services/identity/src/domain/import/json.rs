//! JSON: boards with their schools and sites, in the pages the ministry's API gives them.
//!
//! A page is an array of boards, or an object with that array as `content`; any number of pages may follow one another, as
//! they were downloaded. Members that are not known are left alone: the API says much more than is needed here.
//!
//! Each element is first taken as raw text, whose place in the file gives the line of every complaint, and only then read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    assemble::{Assembler, BoardText, Parent, SchoolText, SiteText},
    bad_line::Reason,
    lines::{BYTE_ORDER_MARK, Lines},
};
use crate::domain::{BoardNumber, InstitutionNumber};

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    content: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Board<'a> {
    #[serde(default)]
    number: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    kind: Scalar,
    #[serde(borrow, default)]
    schools: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct School<'a> {
    #[serde(default)]
    number: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    municipality: Scalar,
    #[serde(borrow, default)]
    sites: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Site {
    #[serde(default)]
    number: Scalar,
    #[serde(default)]
    name: Scalar,
    #[serde(default)]
    street: Scalar,
    #[serde(default)]
    postal_code: Scalar,
    #[serde(default)]
    municipality: Scalar,
}

/// A text, a number written without quotation marks, or nothing.
#[derive(Deserialize, Default)]
#[serde(from = "Option<TextOrNumber>")]
struct Scalar(String);

#[derive(Deserialize)]
#[serde(untagged, expecting = "a text or a number is needed here")]
enum TextOrNumber {
    Text(String),
    Number(u64),
}

impl From<Option<TextOrNumber>> for Scalar {
    fn from(value: Option<TextOrNumber>) -> Self {
        match value {
            None => Self::default(),
            Some(TextOrNumber::Text(text)) => Self(text),
            Some(TextOrNumber::Number(number)) => Self(number.to_string()),
        }
    }
}

pub(super) fn read(text: &str, lines: &Lines, assembler: &mut Assembler, progress: &mut dyn FnMut(u64)) {
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut reading = Reading { text, lines, assembler, progress };
    for page in serde_json::Deserializer::from_str(body).into_iter::<&RawValue>() {
        match page {
            Ok(page) => reading.page(page),
            Err(error) => {
                let message = format!("this cannot be read as JSON: {error}");
                return reading.assembler.complain(error.line() as u64, None, Reason::Unreadable, message);
            }
        }
    }
}

struct Reading<'a, 'b> {
    text: &'a str,
    lines: &'b Lines,
    assembler: &'b mut Assembler,
    progress: &'b mut dyn FnMut(u64),
}

impl<'a> Reading<'a, '_> {
    fn page(&mut self, page: &'a RawValue) {
        let boards = if page.get().starts_with('[') {
            self.element::<Vec<&RawValue>>(page, "a page must be an array of boards")
        } else {
            self.element::<Page<'_>>(page, "a page must be an array of boards, or an object with that array as content")
                .map(|page| page.content)
        };
        for board in boards.unwrap_or_default() {
            self.board(board);
        }
    }

    fn board(&mut self, raw: &'a RawValue) {
        let Some(board) = self.element::<Board<'_>>(raw, "this is not a board") else { return };
        let text = BoardText { number: &board.number.0, name: &board.name.0, kind: &board.kind.0 };
        let number = self.assembler.board(self.line_of(raw), text);
        for school in board.schools {
            self.school(number, school);
        }
    }

    fn school(&mut self, board: Parent<BoardNumber>, raw: &'a RawValue) {
        let Some(school) = self.element::<School<'_>>(raw, "this is not a school") else { return };
        let text = SchoolText { number: &school.number.0, name: &school.name.0, municipality: &school.municipality.0 };
        let number = self.assembler.school(self.line_of(raw), board, text);
        for site in school.sites {
            self.site(number, site);
        }
    }

    fn site(&mut self, school: Parent<InstitutionNumber>, raw: &'a RawValue) {
        let Some(site) = self.element::<Site>(raw, "this is not a site") else { return };
        let text = SiteText {
            number: &site.number.0,
            name: &site.name.0,
            street: &site.street.0,
            postal_code: &site.postal_code.0,
            municipality: &site.municipality.0,
        };
        self.assembler.site(self.line_of(raw), school, text);
    }

    /// Reads one element, or complains of the line within it that cannot be read.
    fn element<T: Deserialize<'a>>(&mut self, raw: &'a RawValue, otherwise: &str) -> Option<T> {
        let first_line = self.line_of(raw);
        (self.progress)(first_line);
        match serde_json::from_str(raw.get()) {
            Ok(element) => Some(element),
            Err(error) => {
                let line = first_line + (error.line() as u64).saturating_sub(1);
                self.assembler.complain(line, None, Reason::Unreadable, format!("{otherwise}: {}", without_place(&error)));
                None
            }
        }
    }

    /// Raw values borrow from the file, so the distance between the two is where they stand in it.
    fn line_of(&self, raw: &'a RawValue) -> u64 {
        let offset = (raw.get().as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.lines.line_at(offset)
    }
}

/// serde_json says at which line of the *element* it stopped, which would only confuse beside the line of the file.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(message, _)| message.to_owned())
}
