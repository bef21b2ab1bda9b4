//! Puts checked boards, schools and sites together, whatever file they came from.

use std::collections::{BTreeMap, btree_map::Entry};

use super::{BadLine, BadLines, Field, Reason};
use strum::VariantArray as _;

use crate::domain::{BoardKind, BoardNumber, InstitutionNumber, SiteNumber, number::NotANumber};

/// A board as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardEntry {
    pub name: String,
    pub kind: BoardKind,
}

/// A school as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolEntry {
    pub board: BoardNumber,
    pub name: String,
    pub municipality: String,
    /// Its sites; never empty.
    pub sites: BTreeMap<SiteNumber, SiteEntry>,
}

/// A site as a file gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteEntry {
    /// Name; the school's when the file gives none.
    pub name: String,
    /// Street; may be empty.
    pub street: String,
    /// Postal code; may be empty.
    pub postal_code: String,
    pub municipality: String,
}

/// All that a good file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisations {
    pub boards: BTreeMap<BoardNumber, BoardEntry>,
    /// Schools by number; the board of each is among the boards.
    pub schools: BTreeMap<InstitutionNumber, SchoolEntry>,
}

impl Organisations {
    /// Number of sites.
    pub fn site_count(&self) -> usize {
        self.schools.values().map(|school| school.sites.len()).sum()
    }
}

/// Texts of a board, unchecked.
pub(super) struct BoardText<'a> {
    pub(super) number: &'a str,
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
}

impl BoardText<'_> {
    pub(super) fn is_empty(&self) -> bool {
        [self.number, self.name, self.kind].iter().all(|text| text.trim().is_empty())
    }
}

/// Texts of a school, unchecked.
pub(super) struct SchoolText<'a> {
    pub(super) number: &'a str,
    pub(super) name: &'a str,
    pub(super) municipality: &'a str,
}

impl SchoolText<'_> {
    pub(super) fn is_empty(&self) -> bool {
        [self.number, self.name, self.municipality].iter().all(|text| text.trim().is_empty())
    }
}

/// Texts of a site, unchecked.
pub(super) struct SiteText<'a> {
    pub(super) number: &'a str,
    pub(super) name: &'a str,
    pub(super) street: &'a str,
    pub(super) postal_code: &'a str,
    pub(super) municipality: &'a str,
}

impl SiteText<'_> {
    pub(super) fn is_empty(&self) -> bool {
        [self.number, self.name, self.street, self.postal_code, self.municipality].iter().all(|text| text.trim().is_empty())
    }
}

/// Whom a school or a site belongs to.
#[derive(Clone, Copy)]
pub(super) enum Parent<T> {
    Known(T),
    /// The line says nothing of it.
    Absent,
    /// It was there and was complained of already.
    Bad,
}

/// Checks and collects. Complaints come with the line they are about.
#[derive(Default)]
pub(super) struct Assembler {
    boards: BTreeMap<BoardNumber, (u64, BoardEntry)>,
    schools: BTreeMap<InstitutionNumber, SchoolDraft>,
    bad: BadLines,
}

struct SchoolDraft {
    line: u64,
    entry: SchoolEntry,
    site_lines: BTreeMap<SiteNumber, u64>,
    /// A site of this school was complained of, so that its absence needs no second complaint.
    has_bad_site: bool,
}

impl Assembler {
    const TEXT_AT_MOST: usize = 200;

    pub(super) fn complain(&mut self, line: u64, field: Option<Field>, reason: Reason, message: String) {
        self.bad.push(BadLine { line, field, reason, message });
    }

    pub(super) fn board(&mut self, line: u64, text: BoardText<'_>) -> Parent<BoardNumber> {
        let number = self.number(line, Field::BoardNumber, Reason::InvalidBoardNumber, text.number);
        let name = self.required(line, Field::BoardName, Reason::MissingName, text.name);
        let kind = self.board_kind(line, text.kind);
        let (Some(number), Some(name), Some(kind)) = (number, name, kind) else { return Parent::Bad };
        let entry = BoardEntry { name, kind };
        match self.boards.entry(number) {
            Entry::Vacant(vacant) => {
                vacant.insert((line, entry));
            }
            Entry::Occupied(occupied) => {
                let (first_line, first) = occupied.get().clone();
                self.compare(line, first_line, Field::BoardName, &first.name, &entry.name);
                self.compare(line, first_line, Field::BoardKind, first.kind.into_str(), entry.kind.into_str());
            }
        }
        Parent::Known(number)
    }

    pub(super) fn school(&mut self, line: u64, board: Parent<BoardNumber>, text: SchoolText<'_>) -> Parent<InstitutionNumber> {
        let number = self.number(line, Field::InstitutionNumber, Reason::InvalidInstitutionNumber, text.number);
        let name = self.required(line, Field::SchoolName, Reason::MissingName, text.name);
        let municipality = self.required(line, Field::SchoolMunicipality, Reason::MissingMunicipality, text.municipality);
        if let Parent::Absent = board {
            self.complain(line, Some(Field::BoardNumber), Reason::SchoolWithoutBoard, "say which board runs this school".to_owned());
        }
        let (Parent::Known(board), Some(number), Some(name), Some(municipality)) = (board, number, name, municipality) else {
            return Parent::Bad;
        };
        match self.schools.entry(number) {
            Entry::Vacant(vacant) => {
                let entry = SchoolEntry { board, name, municipality, sites: BTreeMap::new() };
                vacant.insert(SchoolDraft { line, entry, site_lines: BTreeMap::new(), has_bad_site: false });
            }
            Entry::Occupied(occupied) => {
                let first_line = occupied.get().line;
                let first = occupied.get().entry.clone();
                self.compare(line, first_line, Field::BoardNumber, &first.board.to_string(), &board.to_string());
                self.compare(line, first_line, Field::SchoolName, &first.name, &name);
                self.compare(line, first_line, Field::SchoolMunicipality, &first.municipality, &municipality);
            }
        }
        Parent::Known(number)
    }

    pub(super) fn site(&mut self, line: u64, school: Parent<InstitutionNumber>, text: SiteText<'_>) {
        let number = self.number(line, Field::SiteNumber, Reason::InvalidSiteNumber, text.number);
        let name = self.optional(line, Field::SiteName, text.name);
        let street = self.optional(line, Field::Street, text.street);
        let postal_code = self.postal_code(line, text.postal_code);
        let municipality = self.required(line, Field::Municipality, Reason::MissingMunicipality, text.municipality);
        if let Parent::Absent = school {
            let message = "say which school this site belongs to".to_owned();
            self.complain(line, Some(Field::InstitutionNumber), Reason::SiteWithoutSchool, message);
        }
        let Parent::Known(school) = school else { return };
        let Some(draft) = self.schools.get_mut(&school) else { return };
        let (Some(number), Some(name), Some(street), Some(postal_code), Some(municipality)) =
            (number, name, street, postal_code, municipality)
        else {
            draft.has_bad_site = true;
            return;
        };
        if let Some(first_line) = draft.site_lines.get(&number) {
            let message = format!("site {number} of school {school} stands on line {first_line} too; leave one of them out");
            self.complain(line, Some(Field::SiteNumber), Reason::DuplicateNumber, message);
            return;
        }
        let name = if name.is_empty() { draft.entry.name.clone() } else { name };
        draft.site_lines.insert(number, line);
        draft.entry.sites.insert(number, SiteEntry { name, street, postal_code, municipality });
    }

    /// All organisations, or all complaints.
    pub(super) fn finish(mut self) -> Result<Organisations, BadLines> {
        let without_site: Vec<_> = (self.schools.iter())
            .filter(|(_, draft)| draft.entry.sites.is_empty() && !draft.has_bad_site)
            .map(|(number, draft)| (*number, draft.line))
            .collect();
        for (number, line) in without_site {
            let message = format!("school {number} has no site; give at least one");
            self.complain(line, Some(Field::SiteNumber), Reason::SchoolWithoutSite, message);
        }
        if self.bad.is_empty() && self.boards.is_empty() {
            self.complain(1, None, Reason::NothingToImport, "the file holds no board, school or site".to_owned());
        }
        if !self.bad.is_empty() {
            return Err(self.bad.sorted());
        }
        let boards = self.boards.into_iter().map(|(number, (_, entry))| (number, entry)).collect();
        let schools = self.schools.into_iter().map(|(number, draft)| (number, draft.entry)).collect();
        Ok(Organisations { boards, schools })
    }

    fn number<T: std::str::FromStr<Err = NotANumber>>(&mut self, line: u64, field: Field, invalid: Reason, text: &str) -> Option<T> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.complain(line, Some(field), Reason::MissingNumber, NotANumber.to_string());
            return None;
        }
        match trimmed.parse() {
            Ok(number) => Some(number),
            Err(why) => {
                self.complain(line, Some(field), invalid, format!("{} is not a number of the master data; {why}", quoted(trimmed)));
                None
            }
        }
    }

    fn required(&mut self, line: u64, field: Field, missing: Reason, text: &str) -> Option<String> {
        let value = self.optional(line, field, text)?;
        if value.is_empty() {
            self.complain(line, Some(field), missing, format!("give a value for {}", field.as_str()));
            return None;
        }
        Some(value)
    }

    /// The text without spaces around it; none when it cannot be a value.
    fn optional(&mut self, line: u64, field: Field, text: &str) -> Option<String> {
        let trimmed = text.trim();
        if trimmed.chars().count() > Self::TEXT_AT_MOST {
            self.complain(line, Some(field), Reason::TextTooLong, format!("give at most {} characters", Self::TEXT_AT_MOST));
            return None;
        }
        if trimmed.chars().any(char::is_control) {
            let message = "leave out line breaks and other characters that cannot be printed".to_owned();
            self.complain(line, Some(field), Reason::UnprintableText, message);
            return None;
        }
        Some(trimmed.to_owned())
    }

    fn board_kind(&mut self, line: u64, text: &str) -> Option<BoardKind> {
        let kind = text.trim().parse().ok();
        if kind.is_none() {
            let known = BoardKind::VARIANTS.iter().map(BoardKind::into_str).collect::<Vec<_>>().join(", ");
            let message = format!("{} is not a kind of board; give one of {known}", quoted(text.trim()));
            self.complain(line, Some(Field::BoardKind), Reason::UnknownBoardKind, message);
        }
        kind
    }

    fn postal_code(&mut self, line: u64, text: &str) -> Option<String> {
        let trimmed = text.trim();
        let four_digits = trimmed.len() == 4 && trimmed.bytes().all(|byte| byte.is_ascii_digit()) && !trimmed.starts_with('0');
        if !trimmed.is_empty() && !four_digits {
            let message = format!("{} is not a Belgian postal code; give four digits", quoted(trimmed));
            self.complain(line, Some(Field::PostalCode), Reason::InvalidPostalCode, message);
            return None;
        }
        Some(trimmed.to_owned())
    }

    fn compare(&mut self, line: u64, first_line: u64, field: Field, first: &str, this: &str) {
        if first != this {
            let message = format!("line {first_line} says {} and this line says {}; make them the same", quoted(first), quoted(this));
            self.complain(line, Some(field), Reason::ConflictingValue, message);
        }
    }
}

/// The beginning of a value, in quotation marks: enough to find it, too little to fill a report.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().filter(|character| !character.is_control()).take(60).collect();
    format!("\"{shown}\"")
}
