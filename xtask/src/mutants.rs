//! Mutation testing: would the tests notice if a check were missing? cargo-mutants changes the code in one place after another and runs
//! the tests of its package each time; what no test notices is missed. The tests beside the code come first: they are built in a fraction
//! of the time. What they miss meets all tests of the package.
//!
//! `--sample N` tries every Nth change only: the share that is noticed is then an estimate, in a fraction of the hours.
//!
//! It works on a copy that keeps its place and its files' times, so that a second run builds only what has changed. Servers are kept
//! from it: what needs one is measured by its tests on the embedded stores.

use std::{
    collections::BTreeSet,
    fs,
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use servers::{Interrupt, Process};

use crate::{cargo_tool::CargoTool, test::Environment, tree};

const TOOL: CargoTool = CargoTool { name: "cargo-mutants", version: "27.1.0", builds_in: "about two minutes" };

/// What an area must reach, in per cent of what could be built.
const WANTED: usize = 90;

/// Code where a missing check lets somebody in, loses something, or says something wrong.
struct Area {
    name: &'static str,
    package: &'static str,
    files: &'static [&'static str],
}

const AREAS: &[Area] = &[
    Area { name: "auth", package: "schildwacht-auth", files: &["crates/auth/src/**"] },
    Area { name: "audit", package: "schildwacht-storage", files: &["crates/storage/src/audit/**"] },
    Area { name: "limits", package: "schildwacht-telemetry-ingest", files: &["services/telemetry-ingest/src/limit/**"] },
    Area { name: "identity", package: "schildwacht-identity", files: &["services/identity/src/domain/**"] },
    Area { name: "network-monitor", package: "schildwacht-network-monitor", files: &["services/network-monitor/src/domain/**"] },
    Area { name: "incident-intake", package: "schildwacht-incident-intake", files: &["services/incident-intake/src/domain/**"] },
];

/// What became of an area's mutants.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    caught: usize,
    missed: Vec<String>,
}

/// `cargo xtask mutants [area …] [--sample N] [-- arguments of cargo-mutants]`.
pub fn run(arguments: &[&str]) -> Result<bool> {
    let mut given = arguments.split(|argument| *argument == "--");
    let (ours, passed_on) = (given.next().unwrap_or_default(), given.next().unwrap_or_default());
    let (names, sample) = match ours {
        [names @ .., "--sample", every] => (names, every.parse().with_context(|| format!("--sample {every} is no number"))?),
        names => (names, NonZeroU32::MIN),
    };
    if let Some(unknown) = names.iter().find(|name| AREAS.iter().all(|area| area.name != **name)) {
        bail!("there is no area {unknown}; there are {}", AREAS.iter().map(|area| area.name).collect::<Vec<_>>().join(", "));
    }
    if passed_on.iter().any(|argument| argument.starts_with("--shard")) {
        bail!("choose a part by --sample N; both rounds have to be about the same changes");
    }
    let interrupt = Interrupt::listen()?;
    let program = TOOL.program()?;
    let place = place()?;
    let copy = place.join("checkout");
    copy_to(&copy)?;
    let mut rows = Vec::new();
    for area in AREAS.iter().filter(|area| names.is_empty() || names.contains(&area.name)) {
        let began = Instant::now();
        let outcome = area.measure(&program, &place, sample, passed_on, &interrupt)?;
        rows.push((area.name, outcome, began.elapsed().as_secs().div_ceil(60)));
    }
    println!("\n{:16}  viable  caught  missed    %  minutes", "area");
    for (name, outcome, minutes) in &rows {
        let (viable, missed) = (outcome.viable(), outcome.missed.len());
        println!("{name:16}  {viable:6}  {:6}  {missed:6}  {:3}  {minutes:7}", outcome.caught, outcome.percent());
    }
    for missed in rows.iter().flat_map(|(_, outcome, _)| &outcome.missed) {
        println!("missed: {missed}");
    }
    Ok(rows.iter().all(|(_, outcome, _)| outcome.percent() >= WANTED))
}

impl Area {
    fn measure(&self, program: &Path, place: &Path, sample: NonZeroU32, passed_on: &[&str], interrupt: &Interrupt) -> Result<Outcome> {
        println!("\n── {}: {}", self.name, self.files.join(", "));
        let mut environment = Environment::new();
        servers::ALL.iter().for_each(|server| environment.unset(server.variable));
        environment.unset(servers::STRICT);
        environment.set("CARGO_TARGET_DIR", place.join("target").display().to_string());
        environment.set("CARGO_PROFILE_DEV_DEBUG", "0");
        let output = place.join(self.name);
        // What an earlier run caught says nothing about this one's code.
        if output.exists() {
            fs::remove_dir_all(&output)?;
        }
        fs::create_dir_all(&output)?;
        let report = output.join("mutants.out").join("outcomes.json");
        let round = |arguments: &[String]| {
            let mut mutants = Command::new(program);
            mutants.args(["mutants", "--in-place", "--no-times", "--colors=never", "--package", self.package]);
            mutants.args(self.files.iter().flat_map(|files| ["--file", files]));
            mutants.arg("--output").arg(&output).args(passed_on).args(arguments).current_dir(place.join("checkout"));
            environment.apply(&mut mutants);
            let status = Process::start(mutants)?.wait(interrupt)?;
            // 2: some were missed; 3: some ran into the time-out. Anything else is no measurement.
            if !status.success() && !matches!(status.code(), Some(2 | 3)) {
                bail!("{} cannot be measured, see above and {}", self.name, output.display());
            }
            let report = fs::read(&report).with_context(|| format!("cannot read {}", report.display()))?;
            Ok(Outcome::read(&serde_json::from_slice(&report)?))
        };
        // Evenly from all files.
        let beside = round(&["--cargo-arg=--lib".to_owned(), "--sharding=round-robin".to_owned(), format!("--shard=0/{sample}")])?;
        if beside.missed.is_empty() {
            return Ok(beside);
        }
        let missed = beside.missed.iter().map(|name| format!("--re=^{}$", literally(name)));
        // No doc tests: they are many programs and check no behaviour.
        let all = round(&missed.chain(["--", "--lib", "--bins", "--tests"].map(str::to_owned)).collect::<Vec<_>>())?;
        Ok(Outcome { caught: beside.caught + all.caught, missed: all.missed })
    }
}

impl Outcome {
    /// Reads cargo-mutants' report. A test that no longer ends has noticed too.
    fn read(report: &Value) -> Self {
        let mut outcome = Self { caught: 0, missed: Vec::new() };
        for mutant in report["outcomes"].as_array().into_iter().flatten() {
            match mutant["summary"].as_str() {
                Some("CaughtMutant" | "Timeout") => outcome.caught += 1,
                Some("MissedMutant") => {
                    outcome.missed.push(mutant["scenario"]["Mutant"]["name"].as_str().unwrap_or("without a name").to_owned());
                }
                // The unchanged code, and what the compiler refuses.
                _ => {}
            }
        }
        outcome
    }

    fn viable(&self) -> usize {
        self.caught + self.missed.len()
    }

    /// 0 when there was nothing to catch: then nothing was measured.
    fn percent(&self) -> usize {
        (self.caught * 100).checked_div(self.viable()).unwrap_or(0)
    }
}

/// As a regular expression that matches nothing else.
fn literally(text: &str) -> String {
    let is_special = |character: char| r"\.+*?()|[]{}^$#&-~".contains(character);
    text.chars().flat_map(|character| is_special(character).then_some('\\').into_iter().chain([character])).collect()
}

/// In cargo's target folder.
fn place() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    Ok(this.ancestors().nth(2).context("this command is not in cargo's target folder")?.join("mutants"))
}

/// Makes the copy the same as the checkout. Files that are the same already keep their times.
fn copy_to(copy: &Path) -> Result<()> {
    let root = tree::root()?;
    let known = Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(&root).output()?;
    let known: BTreeSet<&str> = std::str::from_utf8(&known.stdout)?.split_terminator('\0').collect();
    for path in &known {
        // One that was deleted and not committed is known still.
        let Ok(contents) = fs::read(root.join(path)) else { continue };
        let to = copy.join(path);
        if fs::read(&to).is_ok_and(|before| before == contents) {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&to, contents).with_context(|| format!("cannot write {}", to.display()))?;
    }
    remove_others(copy, copy, &|path| known.contains(path) && root.join(path).exists())
}

fn remove_others(copy: &Path, folder: &Path, stays: &impl Fn(&str) -> bool) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(copy, &path, stays)?;
        } else if !path.strip_prefix(copy)?.to_str().is_some_and(stays) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_area_has_files_and_the_package_they_are_in() {
        let root = tree::root().unwrap();
        for Area { name, package, files } in AREAS {
            let source = files[0].split("/src/").next().unwrap();
            let manifest = fs::read_to_string(root.join(source).join("Cargo.toml")).unwrap();
            assert!(manifest.contains(&format!("name = \"{package}\"")), "{name}");
            assert!(files.iter().all(|files| root.join(files.trim_end_matches("/**")).exists()), "{name}: {files:?}");
        }
    }

    #[test]
    fn the_second_round_is_about_what_the_first_one_missed() {
        let name = "src/a.rs:94:30: replace || with && in Set<K>::has -> Option<(u8, [&str; 2])>";
        assert_eq!(literally(name), r"src/a\.rs:94:30: replace \|\| with \&\& in Set<K>::has \-> Option<\(u8, \[\&str; 2\]\)>");
    }

    #[test]
    fn what_cannot_be_built_is_left_out_and_what_never_ends_is_caught() {
        let mutant = |summary: &str| json!({ "summary": summary, "scenario": { "Mutant": { "name": format!("a.rs: {summary}") } } });
        let baseline = json!({ "summary": "Success", "scenario": "Baseline" });
        let caught = ["CaughtMutant", "Timeout", "CaughtMutant", "Unviable", "MissedMutant"].map(mutant);
        let outcomes = [&[baseline], &caught[..]].concat();
        let outcome = Outcome::read(&json!({ "outcomes": outcomes }));
        assert_eq!(outcome, Outcome { caught: 3, missed: vec!["a.rs: MissedMutant".to_owned()] });
        assert_eq!((outcome.viable(), outcome.percent()), (4, 75));
        assert_eq!(Outcome::read(&json!({ "outcomes": [] })).percent(), 0, "no measurement");
    }
}
