//! Lists as files: the same rows in the same order as the address they come from, without pages. A file that ends before its
//! list says so in its name, and the page it is offered on says so too.

use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use csv::QuoteStyle;
use serde::Serialize;

use crate::{failure::Failure, layout::MAX_EXPORT_ROWS, respond::attachment};

/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What goes into a file. Names are stable; moments are RFC 3339 in UTC.
pub struct Rows<R> {
    rows: Vec<R>,
    /// Whether the list has more rows.
    is_cut: bool,
}

impl<R: Serialize> Rows<R> {
    /// All that were found, of which the last ones may be too many; `goes_on` when there are more still.
    fn new(mut rows: Vec<R>, goes_on: bool) -> Self {
        let is_cut = goes_on || rows.len() > MAX_EXPORT_ROWS;
        rows.truncate(MAX_EXPORT_ROWS);
        Self { rows, is_cut }
    }

    /// Asks page after page by its token, the first by an empty one, until the list ends or the file is full.
    ///
    /// # Errors
    /// When a page cannot be had.
    pub async fn gather<F: Future<Output = Result<(Vec<R>, String), Failure>>>(mut page: impl FnMut(String) -> F) -> Result<Self, Failure> {
        let (mut rows, mut token) = (Vec::new(), String::new());
        loop {
            let (more, next_token) = page(token).await?;
            rows.extend(more);
            if next_token.is_empty() || rows.len() >= MAX_EXPORT_ROWS {
                return Ok(Self::new(rows, !next_token.is_empty()));
            }
            token = next_token;
        }
    }

    /// `incidenten.csv`, or `incidenten-eerste-10000.csv`.
    fn file_name(&self, what: &str, format: &str) -> String {
        if self.is_cut { format!("{what}-eerste-{MAX_EXPORT_ROWS}.{format}") } else { format!("{what}.{format}") }
    }

    pub fn as_csv(&self, what: &str) -> Result<Response, Failure> {
        csv_file(&self.file_name(what, "csv"), &self.rows)
    }

    pub fn as_json(&self, what: &str) -> Result<Response, Failure> {
        json_file(&self.file_name(what, "json"), &self.rows)
    }
}

fn json_file(name: &str, rows: &[impl Serialize]) -> Result<Response, Failure> {
    let json = serde_json::to_vec_pretty(rows).map_err(|error| Failure::bug(&error))?;
    Ok(attachment(name, "application/json", json))
}

/// Semicolons, since that is what spreadsheets here expect; every cell is quoted, and what a spreadsheet would calculate is made text.
fn csv_file(name: &str, rows: &[impl Serialize]) -> Result<Response, Failure> {
    let failed = |error: csv::Error| Failure::bug(&error);
    let mut plain = csv::Writer::from_writer(Vec::new());
    for row in rows {
        plain.serialize(row).map_err(failed)?;
    }
    let plain = plain.into_inner().map_err(|error| Failure::bug(error.error()))?;

    let mut safe =
        csv::WriterBuilder::new().delimiter(b';').quote_style(QuoteStyle::Always).from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    for row in csv::ReaderBuilder::new().has_headers(false).from_reader(plain.as_slice()).records() {
        safe.write_record(row.map_err(failed)?.iter().map(as_text)).map_err(failed)?;
    }
    let contents = safe.into_inner().map_err(|error| Failure::bug(error.error()))?;
    Ok(attachment(name, "text/csv; charset=utf-8", contents))
}

/// A cell as a spreadsheet may safely read it (OWASP, CSV injection): no cell begins like a formula, also where a spreadsheet cuts the
/// text at other separators than ours, as one that expects commas does with `x,=1+1`.
fn as_text(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len() + 1);
    let mut begins_a_cell = true;
    for (place, character) in cell.char_indices() {
        let is_space_at_the_start = place == 0 && matches!(character, '\t' | '\r' | '\n');
        if begins_a_cell && (FORMULA.contains(&character) || is_space_at_the_start) {
            text.push('\'');
        }
        text.push(character);
        // Spaces and quotes may be taken off before a cell is read.
        begins_a_cell = SEPARATORS.contains(&character) || begins_a_cell && matches!(character, ' ' | '"');
    }
    text
}

/// What formulas begin with; the wide forms of East Asian keyboards count too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// Where a spreadsheet may cut.
const SEPARATORS: [char; 6] = [',', ';', '\t', '|', '\r', '\n'];

/// A moment in a file.
pub fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn a_formula_becomes_text() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
            count: i64,
        }
        let rows = [
            Row { name: "=HYPERLINK(\"http://evil\")", count: 3 },
            Row { name: "Zandloper; Aalter", count: 2 },
            Row { name: "x,=1+1", count: 1 },
        ];
        let response = csv_file("x.csv", &rows).unwrap();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        insta::assert_snapshot!(String::from_utf8(body.to_vec()).unwrap().trim_start_matches(BYTE_ORDER_MARK), @r#"
        "name";"count"
        "'=HYPERLINK(""http://evil"")";"3"
        "Zandloper; Aalter";"2"
        "x,'=1+1";"1"
        "#);
    }

    #[test]
    fn a_formula_behind_a_separator_becomes_text_and_other_text_stays() {
        for (cell, safe) in [
            ("x,=1+1", "x,'=1+1"),
            ("x; \"@SUM(1)", "x; \"'@SUM(1)"),
            ("x\n-1", "x\n'-1"),
            ("＝1", "'＝1"),
            ("\tx", "'\tx"),
            ("a-b, c+d @ e=f", "a-b, c+d @ e=f"),
            ("2026-09-24T07:50:00Z", "2026-09-24T07:50:00Z"),
        ] {
            assert_eq!(as_text(cell), safe, "{cell:?}");
        }
    }

    #[test]
    fn a_file_that_is_cut_says_so_in_its_name() {
        let file = |rows: usize, goes_on| {
            let rows = Rows::new(vec![0; rows], goes_on);
            (rows.rows.len(), rows.file_name("incidenten", "csv"))
        };
        assert_eq!(file(MAX_EXPORT_ROWS, false), (MAX_EXPORT_ROWS, "incidenten.csv".to_owned()));
        assert_eq!(file(MAX_EXPORT_ROWS, true), (MAX_EXPORT_ROWS, "incidenten-eerste-10000.csv".to_owned()));
        assert_eq!(file(MAX_EXPORT_ROWS + 1, false), (MAX_EXPORT_ROWS, "incidenten-eerste-10000.csv".to_owned()));
    }

    proptest! {
        #[test]
        fn no_cell_begins_like_a_formula(text in "[-=+@,; |\"'\t\r\nab0＝é]{0,24}") {
            let safe = as_text(&text);
            prop_assert!(!safe.starts_with(['\t', '\r', '\n']));
            for cell in safe.split(SEPARATORS) {
                prop_assert!(!cell.trim_start_matches([' ', '"']).starts_with(FORMULA));
            }
            // The marks are all that was added.
            prop_assert_eq!(safe.replace('\'', ""), text.replace('\'', ""));
        }
    }
}
