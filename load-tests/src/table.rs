//! Tables in Markdown whose columns line up, so that they can be read in a terminal too.

use std::fmt;

/// A heading, a sentence on how to read it, and rows.
#[derive(Debug)]
pub struct Table {
    title: String,
    note: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Without rows yet.
    pub fn new(title: impl Into<String>, note: impl Into<String>, columns: &[&str]) -> Self {
        let header = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { title: title.into(), note: note.into(), rows: vec![header] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "### {}\n\n{}\n", self.title, self.note)?;
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                write!(formatter, "| {cell:<width$} ")?;
            }
            writeln!(formatter, "|")?;
            if number == 0 {
                for width in &widths {
                    write!(formatter, "|{:-<width$}", "", width = width + 2)?;
                }
                writeln!(formatter, "|")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new("Speed", "Higher is better.", &["what", "n"]);
        table.row(["a".to_owned(), "1–200".to_owned()]);
        let expected = "### Speed\n\nHigher is better.\n\n| what | n     |\n|------|-------|\n| a    | 1–200 |\n";
        assert_eq!(table.to_string(), expected);
    }
}
