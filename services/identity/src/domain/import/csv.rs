//! CSV: a header, then one line a site. Semicolons (as spreadsheets in Dutch write them) or commas.
//!
//! Columns are found by name, in any order; columns that are not known are left alone. A line with only a board is a board
//! without schools. Lines without any value, which spreadsheets leave behind, are passed over.

use ::csv::{ReaderBuilder, StringRecord};

use super::{
    assemble::{Assembler, BoardText, Parent, SchoolText, SiteText},
    bad_line::{Field, Reason},
    lines::{BYTE_ORDER_MARK, Lines},
};

/// Columns that a file may do without.
const OPTIONAL: [Field; 3] = [Field::SiteName, Field::Street, Field::PostalCode];

pub(super) fn read(text: &str, lines: &Lines, assembler: &mut Assembler, progress: &mut dyn FnMut(u64)) {
    let body = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let skipped = text.len() - body.len();
    let mut reader = ReaderBuilder::new().delimiter(delimiter(body)).flexible(true).has_headers(false).from_reader(body.as_bytes());
    let mut record = StringRecord::new();
    let mut columns = None;
    loop {
        let start = reader.position().byte() as usize;
        let line = lines.line_at(skipped + start + breaks_at(body, start));
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return assembler.complain(line, None, Reason::Unreadable, format!("this cannot be read as CSV: {error}")),
        }
        progress(line);
        match &columns {
            None => match Columns::find(&record, line, assembler) {
                Some(found) => columns = Some(found),
                None => return,
            },
            Some(columns) => columns.read_line(&record, line, assembler),
        }
    }
}

/// Empty lines before a record belong to nothing; the record starts after them.
fn breaks_at(body: &str, start: usize) -> usize {
    body.as_bytes()[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

fn delimiter(body: &str) -> u8 {
    let header = body.trim_start().lines().next().unwrap_or_default();
    let semicolons = header.matches(';').count();
    let commas = header.matches(',').count();
    if semicolons >= commas { b';' } else { b',' }
}

/// Where each field stands.
struct Columns {
    positions: Vec<(Field, usize)>,
    width: usize,
}

impl Columns {
    fn find(header: &StringRecord, line: u64, assembler: &mut Assembler) -> Option<Self> {
        let mut positions = Vec::with_capacity(Field::ALL.len());
        let mut usable = true;
        for field in Field::ALL {
            let (ours, sectors) = field.columns();
            let mut found = header.iter().enumerate().filter(|(_, name)| {
                let name = name.trim();
                name.eq_ignore_ascii_case(ours) || name.eq_ignore_ascii_case(sectors)
            });
            match (found.next(), found.next()) {
                (Some((position, _)), None) => positions.push((field, position)),
                (Some(_), Some(_)) => {
                    usable = false;
                    assembler.complain(line, Some(field), Reason::RepeatedColumn, format!("the column {ours} is there twice; keep one"));
                }
                (None, _) if OPTIONAL.contains(&field) => {}
                (None, _) => {
                    usable = false;
                    let message = format!("the first line must name the columns; {ours} (or {sectors}) is not among them");
                    assembler.complain(line, Some(field), Reason::MissingColumn, message);
                }
            }
        }
        usable.then_some(Self { positions, width: header.len() })
    }

    fn read_line(&self, record: &StringRecord, line: u64, assembler: &mut Assembler) {
        if record.iter().all(|value| value.trim().is_empty()) {
            return;
        }
        if record.len() != self.width {
            let message =
                format!("this line has {} columns and the header {}; check its separators and quotation marks", record.len(), self.width);
            return assembler.complain(line, None, Reason::WrongColumnCount, message);
        }
        let board = BoardText {
            number: self.value(record, Field::BoardNumber),
            name: self.value(record, Field::BoardName),
            kind: self.value(record, Field::BoardKind),
        };
        let school = SchoolText {
            number: self.value(record, Field::InstitutionNumber),
            name: self.value(record, Field::SchoolName),
            municipality: self.value(record, Field::SchoolMunicipality),
        };
        let site = SiteText {
            number: self.value(record, Field::SiteNumber),
            name: self.value(record, Field::SiteName),
            street: self.value(record, Field::Street),
            postal_code: self.value(record, Field::PostalCode),
            municipality: self.value(record, Field::Municipality),
        };
        let board = if board.is_empty() { Parent::Absent } else { assembler.board(line, board) };
        let school = if school.is_empty() { Parent::Absent } else { assembler.school(line, board, school) };
        if !site.is_empty() {
            assembler.site(line, school, site);
        }
    }

    fn value<'a>(&self, record: &'a StringRecord, wanted: Field) -> &'a str {
        let position = self.positions.iter().find(|(field, _)| *field == wanted).map(|(_, position)| *position);
        position.and_then(|position| record.get(position)).unwrap_or_default()
    }
}
