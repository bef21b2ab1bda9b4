//! Cargo's test programs, several at a time: tests of servers wait more than they work, and cargo runs one program after the other.

use std::{
    io::{BufRead, BufReader, Read as _, Seek as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use servers::{Interrupt, Process};

use super::{environment::Environment, report::Counts};
use crate::tree;

/// They take minutes, so they begin before the others: none of them is left to run alone at the end. The last two mostly wait, and do so
/// best beside others that work.
const FIRST: [&str; 7] = [
    "services/schildwacht: it",
    "services/portal: browser",
    "crates/events: kafka_troubles",
    "crates/servers: faults",
    "services/incident-intake: it",
    "crates/events: conformance",
    "crates/events: kafka_tls",
];

/// None takes this long; one that does waits for something that will not come.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// A test program as cargo built it.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// As in `crates/events: conformance`.
    name: String,
    executable: PathBuf,
    /// Of its crate; programs of tests run there.
    folder: PathBuf,
}

/// What became of several programs.
#[derive(Debug, Default)]
pub struct Outcome {
    pub counts: Counts,
    /// The names of those that failed.
    pub failed: Vec<String>,
    /// Names and how long each took.
    took: Vec<(Duration, String)>,
}

impl Outcome {
    /// Prints what a program printed, and counts it.
    fn add(&mut self, name: String, took: Duration, result: Result<(bool, String)>, of: usize) {
        let (went_well, printed) = result.unwrap_or_else(|error| (false, format!("it cannot be run: {error:#}")));
        println!("\n── {} of {of}: {name} ({:.1} s)\n{}", self.took.len() + 1, took.as_secs_f64(), printed.trim());
        printed.lines().for_each(|line| self.counts.add_line(line));
        if !went_well {
            self.failed.push(name.clone());
        }
        self.took.push((took, name));
    }

    /// Those that took longest, with seconds.
    pub fn slowest(&self, count: usize) -> String {
        let mut took: Vec<_> = self.took.iter().collect();
        took.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
        let shown = took.into_iter().take(count).map(|(took, name)| format!("{name} {} s", took.as_secs()));
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// Builds the test programs that these arguments of `cargo test` select; `None` when one does not build.
pub fn build(selection: &[&str], environment: &Environment, interrupt: &Interrupt) -> Result<Option<Vec<Program>>> {
    let arguments = [&["test"], selection, &["--no-run", "--message-format=json-render-diagnostics"]].concat();
    println!("\n── cargo {}", arguments.join(" "));
    let mut process = Process::start(environment.cargo(&arguments).stdout(Stdio::piped()))?;
    let output = process.output().context("cargo's messages are not readable")?;
    let root = tree::root()?;
    let reader = thread::spawn(move || {
        let messages = BufReader::new(output).lines().map_while(Result::ok);
        messages.filter_map(|line| Program::of_message(&line, &root)).collect()
    });
    let status = process.wait(interrupt)?;
    let Ok(programs) = reader.join() else { bail!("cargo's messages could not be read to their end") };
    Ok(status.success().then_some(programs))
}

impl Program {
    /// From cargo's message that something was built, if that is a test program.
    fn of_message(line: &str, root: &Path) -> Option<Self> {
        let message: Value = serde_json::from_str(line).ok()?;
        let text = |pointer| message.pointer(pointer).and_then(Value::as_str);
        if text("/reason") != Some("compiler-artifact") || message.pointer("/profile/test") != Some(&Value::Bool(true)) {
            return None;
        }
        let executable = PathBuf::from(text("/executable")?);
        let folder = Path::new(text("/manifest_path")?).parent()?.to_owned();
        let shown = folder.strip_prefix(root).unwrap_or(&folder).display();
        let is_of_tests = text("/target/kind/0") == Some("test");
        let target = text("/target/name")?;
        let name = if is_of_tests { format!("{shown}: {target}") } else { format!("{shown}: units of {target}") };
        Some(Self { name, executable, folder })
    }

    /// Runs it; says whether it went well, and what it printed, also when it did not come to its end.
    fn run(&self, environment: &Environment, interrupt: &Interrupt) -> Result<(bool, String)> {
        println!("── begins: {}", self.name);
        let mut output = tempfile::tempfile()?;
        let mut command = Command::new(&self.executable);
        environment.apply(&mut command);
        command.current_dir(&self.folder).env("CARGO_MANIFEST_DIR", &self.folder);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let mut process = Process::start(command)?;
        let deadline = Instant::now() + LIMIT;
        let mut cut_off = None;
        while cut_off.is_none() && !process.has_ended() {
            thread::sleep(Duration::from_millis(20));
            if interrupt.check().is_err() {
                cut_off = Some("stopped on request".to_owned());
            } else if Instant::now() > deadline {
                cut_off = Some(format!("stopped, as it did not end within {} minutes", LIMIT.as_secs() / 60));
            }
        }
        if cut_off.is_some() {
            process.stop();
        }
        let status = process.wait(&Interrupt::never())?;
        output.rewind()?;
        let mut printed = Vec::new();
        output.read_to_end(&mut printed)?;
        let printed = String::from_utf8_lossy(&printed);
        Ok((status.success() && cut_off.is_none(), format!("{printed}\n{}", cut_off.unwrap_or_default())))
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs all of them, also after a failure, so many at a time; prints what each printed once it has ended.
pub fn run(mut programs: Vec<Program>, lanes: usize, environment: &Environment, interrupt: &Interrupt) -> Result<Outcome> {
    let count = programs.len();
    programs.sort_by_key(|program| FIRST.iter().position(|first| *first == program.name).unwrap_or(FIRST.len()));
    let (waiting, outcome) = (Mutex::new(programs.into_iter()), Mutex::new(Outcome::default()));
    let next = || lock(&waiting).next().filter(|_| interrupt.check().is_ok());
    thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                while let Some(program) = next() {
                    let started = Instant::now();
                    let result = program.run(environment, interrupt);
                    lock(&outcome).add(program.name, started.elapsed(), result, count);
                }
            });
        }
    });
    interrupt.check()?;
    Ok(outcome.into_inner().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(test: bool, kind: &str) -> String {
        serde_json::json!({
            "reason": "compiler-artifact",
            "manifest_path": "/root/crates/events/Cargo.toml",
            "target": { "kind": [kind], "name": "conformance" },
            "profile": { "test": test },
            "executable": "/target/debug/deps/conformance-1",
        })
        .to_string()
    }

    #[test]
    fn programs_of_tests_are_told_from_all_else_that_is_built() {
        let named = |line: &str| Program::of_message(line, Path::new("/root")).map(|program| program.name);
        assert_eq!(named(&message(true, "test")).as_deref(), Some("crates/events: conformance"));
        assert_eq!(named(&message(true, "lib")).as_deref(), Some("crates/events: units of conformance"));
        assert_eq!(named(&message(false, "bin")), None);
        assert_eq!(named("{\"reason\":\"build-finished\",\"success\":true}"), None);
        assert_eq!(named("no message"), None);
    }

    /// Written by another process: what this one wrote itself cannot be run while a child of another test still holds its descriptor.
    fn script(folder: &Path, name: &str, lines: &str) -> Program {
        let executable = folder.join(name);
        let mut writing = Command::new("sh");
        writing.args(["-c", "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 700 \"$0\""]).arg(&executable).arg(lines);
        assert!(writing.status().unwrap().success());
        Program { name: name.to_owned(), executable, folder: folder.to_owned() }
    }

    #[test]
    fn those_that_begin_first_are_there() {
        for name in FIRST {
            let (folder, target) = name.split_once(": ").unwrap();
            let tests = tree::root().unwrap().join(folder).join("tests");
            assert!(tests.join(format!("{target}.rs")).is_file() || tests.join(target).join("main.rs").is_file(), "there is no {name}");
        }
    }

    #[test]
    fn all_are_run_and_who_fails_or_dies_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let programs = vec![
            script(folder.path(), "good", "echo 'test result: ok. 3 passed; 0 failed; 0 ignored'; test \"$GIVEN\" = value"),
            script(folder.path(), "bad", "echo 'test result: FAILED. 1 passed; 2 failed; 0 ignored' >&2; exit 101"),
            script(folder.path(), "killed", "kill -9 $$"),
            Program { name: "gone".to_owned(), executable: folder.path().join("gone"), folder: folder.path().to_owned() },
            script(folder.path(), "last", "echo 'test result: ok. 1 passed; 0 failed; 1 ignored'; pwd"),
        ];
        let mut environment = Environment::new();
        environment.set("GIVEN", "value");
        let mut outcome = run(programs, 2, &environment, &Interrupt::never()).unwrap();
        outcome.failed.sort();
        assert_eq!(outcome.failed, ["bad", "gone", "killed"]);
        assert_eq!(outcome.counts, Counts { passed: 5, failed: 2, ignored: 1 });
        assert_eq!(outcome.slowest(9).matches(" s").count(), 5);
    }
}
