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
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }

    /// Adds `test result: ok. 3 passed; 0 failed; 1 ignored; …`; any other line counts for nothing.
    pub fn add_line(&mut self, line: &str) {
        let Some((_, figures)) = line.split_once("test result: ").and_then(|(_, rest)| rest.split_once(". ")) else { return };
        for figure in figures.split("; ") {
            let Some((number, what)) = figure.split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
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

#[derive(Debug)]
struct Part {
    name: &'static str,
    took: Duration,
    went_well: bool,
    remark: String,
}

impl Report {
    /// The clock runs from here.
    pub fn start() -> Self {
        Self { started: Instant::now(), parts: Vec::new(), notes: Vec::new(), counts: Counts::default() }
    }

    /// Adds a part that went well.
    pub fn ok(&mut self, name: &'static str, since: Instant, remark: impl Into<String>) {
        self.parts.push(Part { name, took: since.elapsed(), went_well: true, remark: remark.into() });
    }

    /// Adds a part that failed.
    pub fn failed(&mut self, name: &'static str, since: Instant, remark: impl Into<String>) {
        self.parts.push(Part { name, took: since.elapsed(), went_well: false, remark: remark.into() });
    }

    /// Adds tests to those before.
    pub fn tested(&mut self, name: &'static str, since: Instant, counts: Counts, went_well: bool) {
        self.counts.add(counts);
        let of_several = format!("{} passed, {} failed", counts.passed, counts.failed);
        match (went_well, counts.failed) {
            // A name that is misspelt somewhere must not pass for tests.
            (true, 0) if counts == Counts::default() => self.failed(name, since, "there were none"),
            (true, _) => self.ok(name, since, of_several),
            (false, 0) => self.failed(name, since, format!("{of_several}; not all of them were built or came to their end")),
            (false, _) => self.failed(name, since, format!("{of_several}, see above")),
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
        let mut lines: Vec<String> = self
            .parts
            .iter()
            .map(|part| {
                row(part.name, part.took, if part.went_well { "ok" } else { "FAILED" }, if part.remark == "ok" { "" } else { &part.remark })
            })
            .collect();
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
        report.ok("format", Instant::now(), "ok");
        assert!(report.all_went_well());
        report.tested("tests", Instant::now(), Counts { passed: 5, failed: 1, ignored: 0 }, false);
        assert!(!report.all_went_well());
        let lines = report.lines();
        assert_eq!(lines.first().unwrap(), "format     0.0 s  ok");
        assert!(lines.iter().any(|line| line.starts_with("tests ") && line.contains("FAILED")));
        assert_eq!(lines.last().unwrap(), "5 passed, 1 failed");
    }

    #[test]
    fn tests_that_did_not_build_fail_the_whole() {
        let mut report = Report::start();
        report.tested("tests", Instant::now(), Counts::default(), false);
        assert!(!report.all_went_well());
    }

    #[test]
    fn tests_of_all_parts_are_in_the_closing_line_and_a_part_without_any_fails() {
        let mut report = Report::start();
        report.tested("tests", Instant::now(), Counts { passed: 5, failed: 0, ignored: 1 }, true);
        report.tested("tests of TLS", Instant::now(), Counts { passed: 3, failed: 0, ignored: 0 }, true);
        assert!(report.all_went_well());
        assert_eq!(report.lines().last().unwrap(), "8 passed, 0 failed, 1 ignored");
        report.tested("tests of nothing", Instant::now(), Counts::default(), true);
        assert!(!report.all_went_well());
    }
}
