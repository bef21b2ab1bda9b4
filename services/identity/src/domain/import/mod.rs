//! Import of boards, schools and sites from one file of the ministry's master data.
//!
//! Two shapes carry the same facts: CSV with one line a site ([`csv`]) and JSON with boards, their schools and their sites
//! ([`json`]). Both hand each board, school and site to the [`Assembler`], which checks it and remembers on which line it
//! stood. Either every line is good and there are [`Organisations`], or there are [`BadLines`] and nothing else: a file is
//! never half imported. [`Changes`] then compares the organisations with what is stored.
//!
//! What a file leaves out stays as it is: a board may send its own schools only.

mod assemble;
mod bad_line;
mod changes;
mod csv;
mod json;
mod lines;
#[cfg(test)]
mod tests;

pub use assemble::{Organisations, SchoolEntry};
pub use bad_line::{BadLine, BadLines, Field, Reason};
pub use changes::{Changes, Stored};

use assemble::Assembler;
use lines::Lines;

/// The shape of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line a site; semicolons or commas, header required.
    Csv,
    /// Boards with their schools and sites.
    Json,
}

/// How many lines a file has.
pub fn count_lines(file: &[u8]) -> u64 {
    Lines::of(file).count()
}

/// Reads a whole file. `progress` hears the line of everything that is read, in order.
pub fn read(format: Format, file: &[u8], progress: &mut dyn FnMut(u64)) -> Result<Organisations, BadLines> {
    let lines = Lines::of(file);
    let mut assembler = Assembler::default();
    match as_text(file) {
        Err(offset) => assembler.complain(
            lines.line_at(offset),
            None,
            Reason::NotUtf8,
            "the file is not UTF-8 from here on; save it again as UTF-8 (in a spreadsheet: \"CSV UTF-8\")".to_owned(),
        ),
        Ok(text) => match format {
            Format::Csv => csv::read(text, &lines, &mut assembler, progress),
            Format::Json => json::read(text, &lines, &mut assembler, progress),
        },
    }
    assembler.finish()
}

/// The file as text, or the offset of its first byte that is none.
fn as_text(file: &[u8]) -> Result<&str, usize> {
    std::str::from_utf8(file).map_err(|error| error.valid_up_to())
}
