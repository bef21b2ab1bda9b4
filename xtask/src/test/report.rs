//! What was done, how long it took, and one line at the end.

use std::time::{Duration, Instant};

/// Tests counted over several test programs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub ignored: u64,
}

impl Counts {
    /// Adds `test result: ok. 3 passed; 0 failed; 1 ignored; …`; any other line counts for nothing.
    pub fn add_line(&mut self, line: &str) {
        let Some((_, figures)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else { return };
        for figure in figures.split("; ") {
            let count = |what| figure.strip_suffix(what).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
            self.passed += count(" passed");
            self.failed += count(" failed");
            self.ignored += count(" ignored");
        }
    }
}

/// The parts in the order they ran.
#[derive(Debug)]
pub struct Report {
    started: Instant,
    parts: Vec<Part>,
    notes: Vec<String>,
    counts: Counts,
}

/// A part of the whole, and how it went.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    took: Duration,
    went_well: bool,
    remark: String,
}

impl Part {
    /// One that went well.
    pub fn ok(name: &'static str, took: Duration, remark: impl Into<String>) -> Self {
        Self { name, took, went_well: true, remark: remark.into() }
    }

    /// One that failed.
    pub fn failed(name: &'static str, took: Duration, remark: impl Into<String>) -> Self {
        Self { name, took, went_well: false, remark: remark.into() }
    }
}

impl Report {
    /// The clock runs from here.
    pub fn start() -> Self {
        Self { started: Instant::now(), parts: Vec::new(), notes: Vec::new(), counts: Counts::default() }
    }

    /// Adds a part.
    pub fn add(&mut self, part: Part) {
        self.parts.push(part);
    }

    /// Adds tests, with the names of the programs that failed.
    pub fn tested(&mut self, name: &'static str, since: Instant, counts: Counts, failed: &[String]) {
        self.counts = counts;
        let result = format!("{} passed, {} failed", counts.passed, counts.failed);
        match failed {
            // A name that is misspelt somewhere must not pass for tests.
            [] if counts == Counts::default() => self.add(Part::failed(name, since.elapsed(), "there were none")),
            [] => self.add(Part::ok(name, since.elapsed(), result)),
            failed => self.add(Part::failed(name, since.elapsed(), format!("{result}; see above: {}", failed.join(", ")))),
        }
    }

    /// Adds a line that a reader should not miss.
    pub fn note(&mut self, line: impl Into<String>) {
        self.notes.push(line.into());
    }

    /// Whether no part failed.
    pub fn all_went_well(&self) -> bool {
        self.parts.iter().all(|part| part.went_well)
    }

    /// Prints the table, the notes and the closing line.
    pub fn print(&self) {
        println!("\n{}", self.lines().join("\n"));
    }

    fn lines(&self) -> Vec<String> {
        let widest = self.parts.iter().map(|part| part.name.len()).max().unwrap_or(0);
        let row = |name: &str, took: Duration, result: &str, remark: &str| {
            format!("{name:widest$}  {:>8}  {result:6}  {remark}", shown(took)).trim_end().to_owned()
        };
        let mut lines: Vec<String> =
            self.parts.iter().map(|part| row(part.name, part.took, if part.went_well { "ok" } else { "FAILED" }, &part.remark)).collect();
        lines.push(row("all", self.started.elapsed(), if self.all_went_well() { "ok" } else { "FAILED" }, ""));
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        let Counts { passed, failed, ignored } = self.counts;
        let ignored = if ignored > 0 { format!(", {ignored} ignored") } else { String::new() };
        lines.extend([String::new(), format!("{passed} passed, {failed} failed{ignored}")]);
        lines
    }
}

fn shown(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 60.0 { format!("{seconds:.1} s") } else { format!("{} m {:02} s", took.as_secs() / 60, took.as_secs() % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_test_programs_are_summed() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a::b ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
        ] {
            counts.add_line(line);
        }
        assert_eq!(counts, Counts { passed: 23, failed: 2, ignored: 1 });
    }

    #[test]
    fn failed_part_fails_the_whole_and_shows_in_the_table() {
        let mut report = Report::start();
        report.add(Part::ok("format", Instant::now().elapsed(), ""));
        assert!(report.all_went_well());
        report.tested("tests", Instant::now(), Counts { passed: 5, failed: 1, ignored: 0 }, &["a: b".to_owned()]);
        assert!(!report.all_went_well());
        let lines = report.lines();
        assert_eq!(lines.first().unwrap(), "format     0.0 s  ok");
        assert!(lines.iter().any(|line| line.starts_with("tests ") && line.contains("FAILED")));
        assert_eq!(lines.last().unwrap(), "5 passed, 1 failed");
    }

    #[test]
    fn a_program_that_dies_before_it_counts_fails_the_whole() {
        let mut report = Report::start();
        report.tested("tests", Instant::now(), Counts { passed: 5, failed: 0, ignored: 1 }, &["crates/events: kill9".to_owned()]);
        assert!(!report.all_went_well());
        assert!(report.lines().iter().any(|line| line.contains("crates/events: kill9")));
    }

    #[test]
    fn no_tests_at_all_are_a_failure() {
        let mut report = Report::start();
        report.tested("tests", Instant::now(), Counts::default(), &[]);
        assert!(!report.all_went_well());
    }

    #[test]
    fn the_closing_line_says_what_was_counted() {
        let mut report = Report::start();
        report.add(Part::ok("Kafka", Duration::from_secs(2), "127.0.0.1:1"));
        report.tested("tests", Instant::now(), Counts { passed: 5, failed: 0, ignored: 1 }, &[]);
        assert!(report.all_went_well());
        assert_eq!(report.lines().last().unwrap(), "5 passed, 0 failed, 1 ignored");
    }
}
