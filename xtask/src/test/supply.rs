//! What the product is made of: its crates' licences, sources and known vulnerabilities, and the bill of materials.

use std::{
    fs::File,
    io::{Read as _, Seek as _},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use servers::Process;

use super::report::Part;
use crate::{cargo_tool::CargoTool, sbom, tree};

const DENY: CargoTool = CargoTool { name: "cargo-deny", version: "0.20.2", builds_in: "about two minutes" };

/// A copy of the database that is there already is brought up to date in seconds. Without a way to it, git may try for minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// `cargo xtask deny`.
pub fn run() -> Result<bool> {
    let mut notes = Vec::new();
    let is_well = deny(&mut notes)?;
    notes.iter().for_each(|note| println!("note: {note}"));
    Ok(is_well)
}

/// Looks through the lock file; with what could not be looked at.
pub fn look_through() -> (Vec<Part>, Vec<String>) {
    let (mut parts, mut notes) = (Vec::new(), Vec::new());
    let began = Instant::now();
    match deny(&mut notes) {
        Ok(true) => parts.push(Part::ok("cargo-deny", began.elapsed(), "")),
        Ok(false) => parts.push(Part::failed("cargo-deny", began.elapsed(), "see above, and deny.toml")),
        Err(error) => parts.push(Part::failed("cargo-deny", began.elapsed(), format!("{error:#}"))),
    }
    let began = Instant::now();
    parts.push(match sbom::write() {
        Ok(bill) => Part::ok("SBOM", began.elapsed(), format!("{} crates, {} of them in the program", bill.crates, bill.shipped)),
        Err(error) => Part::failed("SBOM", began.elapsed(), format!("{error:#}")),
    });
    (parts, notes)
}

/// Whether all that could be checked is well.
fn deny(notes: &mut Vec<String>) -> Result<bool> {
    let program = DENY.program()?;
    let root = tree::root()?;
    let mut checks = vec!["bans", "licenses", "sources"];
    match fetch_advisories(&program, &root)? {
        None => checks.push("advisories"),
        Some(why) => notes.push(format!("known vulnerabilities of crates are not looked up, their database cannot be had here: {why}")),
    }
    // Of the one crate that names no licence we wrote ours down in deny.toml; one more fails, and the bill of materials too.
    let check = [&["--locked", "check", "--hide-inclusion-graph", "--allow", "no-license-field"], checks.as_slice()].concat();
    Ok(Command::new(&program).args(check).current_dir(&root).status().context("cannot run cargo-deny")?.success())
}

/// `None` when the database of advisories is there and up to date; else why not.
fn fetch_advisories(program: &Path, root: &Path) -> Result<Option<String>> {
    let mut said = tempfile::tempfile()?;
    let mut fetch = Command::new(program);
    fetch.args(["fetch", "db"]).current_dir(root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?);
    // Nobody is there to type a password.
    fetch.env("GIT_TERMINAL_PROMPT", "0");
    let mut fetching = Process::start(fetch)?;
    let until = Instant::now() + PATIENCE;
    while !fetching.has_ended() {
        if Instant::now() > until {
            return Ok(Some(format!("no answer within {} s", PATIENCE.as_secs())));
        }
        thread::sleep(Duration::from_millis(20));
    }
    let status = fetching.wait(&servers::Interrupt::never())?;
    Ok(if status.success() { None } else { Some(last_line(&mut said)?) })
}

fn last_line(said: &mut File) -> Result<String> {
    let mut text = String::new();
    said.rewind()?;
    said.read_to_string(&mut text)?;
    Ok(text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it does not say why").to_owned())
}
