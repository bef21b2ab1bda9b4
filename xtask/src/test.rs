//! The README's test command. It needs Rust, a C/C++ compiler and make, and on Debian root rights.
//!
//! It installs what is missing, starts throw-away servers on free loopback ports, tells the tests through environment
//! variables where they are, runs every part even when one has failed, and stops what it started, also on Ctrl-C.

use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use servers::{Interrupt, Lifetime, Process, Server, Started, install};

pub use self::{environment::Environment, supply::run as deny};
use self::{
    report::{Part, Report},
    tools::Tools,
};
use crate::{check, tree};

mod axe;
mod disk;
mod environment;
mod programs;
mod report;
mod supply;
mod tools;

/// In which mode of deployment the tests run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Embedded and servers.
    Both,
    /// Nothing but the process itself.
    Embedded,
}

impl Mode {
    fn servers(self) -> &'static [Server] {
        match self {
            Self::Both => servers::ALL,
            Self::Embedded => &[],
        }
    }
}

/// The tests of browsers and of agents need these in either mode.
const PROGRAMS: &[install::Program] = &[
    install::Program { name: "Chromium", packages: &["chromium"], is_there: || any_of(&["chromium", "chromium-browser", "google-chrome"]) },
    install::Program { name: "ChromeDriver", packages: &["chromium-driver"], is_there: || any_of(&["chromedriver"]) },
    install::Program { name: "npm", packages: &["npm"], is_there: || any_of(&["npm"]) },
    install::Program { name: "rsyslog", packages: &["rsyslog"], is_there: || any_of(&["rsyslogd", "/usr/sbin/rsyslogd"]) },
    // Configures OpenSSL, with modules that the least installation lacks.
    install::Program { name: "Perl", packages: &["perl"], is_there: || perl_has(&["FindBin", "File::Compare", "IPC::Cmd"]) },
    install::Program { name: "Python 3", packages: &["python3"], is_there: || any_of(&["/usr/bin/python3"]) },
];

/// With TLS to Kafka, as in production; the same for lints and all tests, so that OpenSSL and librdkafka are built once. What a binary
/// without says is tested by its rules (`events`, `kafka/security.rs`): no other code depends on it.
const WHOLE: [&str; 3] = ["--workspace", "--features", "schildwacht/kafka-tls"];

/// Runs everything, prints a table of the parts, and says whether all of them went well.
pub fn run(mode: Mode) -> Result<bool> {
    let interrupt = Interrupt::listen()?;
    let mut report = Report::start();

    let preparing = Instant::now();
    disk::require_room()?;
    let ours: Vec<Server> = mode.servers().iter().copied().filter(|server| !server.is_given()).collect();
    install(PROGRAMS, &ours)?;
    report.add(Part::ok("install", preparing.elapsed(), "programs are there"));
    // Dropped last to first: the processes end before their folder goes.
    let scratch = servers::scratch()?;
    // Beside each other, since much of it waits for a network or for a server.
    let (looked_over, looked_through, brought) = thread::scope(|scope| {
        let looking = scope.spawn(|| look_over(&interrupt));
        let looking_through = scope.spawn(supply::look_through);
        // From here: each ends with the thread that started it.
        let started = start(mode.servers(), &ours, scratch.path(), &interrupt).inspect_err(|error| {
            // Lints take minutes on a new machine.
            eprintln!("\n── {error:#}: nothing more is begun");
            interrupt.request();
        });
        let brought = started.map(|started| (started, Tools::bring()));
        (looking.join(), looking_through.join(), brought)
    });
    let (started, tools) = brought?;
    let Ok(looked_over) = looked_over else { bail!("format and lints came to no end") };
    let Ok(looked_through) = looked_through else { bail!("the crates were not looked through to the end") };
    looked_over?.into_iter().for_each(|part| report.add(part));
    let (looked_through, not_looked_at) = looked_through;
    looked_through.into_iter().for_each(|part| report.add(part));
    not_looked_at.into_iter().for_each(|note| report.note(note));
    tools.parts.into_iter().for_each(|part| report.add(part));
    tools.notes.into_iter().for_each(|note| report.note(note));
    let mut environment = tools.environment;
    let mut running = Vec::new();
    for (server, (started, took)) in mode.servers().iter().zip(started) {
        report.add(Part::ok(server.name, took, started.shown()));
        environment.set(server.variable, started.address());
        running.push(started);
    }
    match mode {
        Mode::Both => environment.set(servers::STRICT, "1"),
        Mode::Embedded => {
            report.note("the embedded mode alone: tests that need servers are skipped, and count as passed");
            servers::ALL.iter().for_each(|server| environment.unset(server.variable));
            environment.unset(servers::STRICT);
        }
    }
    if tree::root()?.join("../shared/data").is_dir() {
        report.note("reference data found beside the checkout");
    } else {
        report.note("no reference data beside the checkout: the tests that send it are skipped");
    }
    tests(&mut report, &environment, &interrupt)?;

    let looking = Instant::now();
    for server in &mut running {
        if let Err(error) = server.still_runs() {
            println!("\n── {error:#}");
            report.add(Part::failed("servers", looking.elapsed(), "one ended while the tests ran, see above"));
        }
    }
    drop(running);
    report.note(disk::left()?);
    report.print();
    Ok(report.all_went_well())
}

/// Installs programs and what servers need, in one go.
pub fn install(programs: &[install::Program], servers: &[Server]) -> Result<()> {
    let of_servers = servers.iter().flat_map(|server| server.programs);
    install::missing(&programs.iter().chain(of_servers).copied().collect::<Vec<_>>())
}

/// Fetches what servers need and no package holds.
pub fn fetch(servers: &[Server], interrupt: &Interrupt) -> Result<()> {
    for server in servers {
        interrupt.check()?;
        (server.fetch)().with_context(|| format!("{} cannot be fetched", server.name))?;
    }
    Ok(())
}

fn perl_has(modules: &[&str]) -> bool {
    let asked = modules.iter().map(|module| format!("-M{module}"));
    Command::new("perl").args(asked).args(["-e", "1"]).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

fn any_of(names: &[&str]) -> bool {
    names.iter().any(|name| install::find(name).is_some())
}

fn step(name: &'static str, arguments: &[&str], environment: &Environment, interrupt: &Interrupt) -> Result<Part> {
    println!("\n── {name}: cargo {}", arguments.join(" "));
    let started = Instant::now();
    let status = Process::start(environment.cargo(arguments))?.wait(interrupt)?;
    Ok(match status.success() {
        true => Part::ok(name, started.elapsed(), ""),
        false => Part::failed(name, started.elapsed(), "see above"),
    })
}

/// Fetches those of ours and starts all of them; with how long each start took.
fn start(all: &[Server], ours: &[Server], scratch: &Path, interrupt: &Interrupt) -> Result<Vec<(Started, Duration)>> {
    fetch(ours, interrupt)?;
    let started = all.iter().map(|server| {
        let starting = Instant::now();
        let started = server.start(scratch, Lifetime::Ours, interrupt).with_context(|| format!("no {} for tests", server.name))?;
        Ok((started, starting.elapsed()))
    });
    started.collect()
}

/// What is found without running anything.
fn look_over(interrupt: &Interrupt) -> Result<[Part; 3]> {
    let none = Environment::new();
    let format = step("format", &["fmt", "--all", "--check"], &none, interrupt)?;
    let lints = step("clippy", &[&["clippy"], &WHOLE[..], &["--all-targets", "--", "-D", "warnings"]].concat(), &none, interrupt)?;
    let checking = Instant::now();
    let check = match check::run()? {
        true => Part::ok("check", checking.elapsed(), ""),
        false => Part::failed("check", checking.elapsed(), "there is something to mend"),
    };
    Ok([format, lints, check])
}

/// Builds all tests and runs them.
fn tests(report: &mut Report, environment: &Environment, interrupt: &Interrupt) -> Result<()> {
    let building = Instant::now();
    // No examples, which are for looking at; clippy sees that they build.
    let Some(programs) = programs::build(&[&WHOLE[..], &["--lib", "--bins", "--tests"]].concat(), environment, interrupt)? else {
        report.add(Part::failed("tests", building.elapsed(), "they do not build, see above"));
        return Ok(());
    };
    report.add(Part::ok("build", building.elapsed(), ""));

    let running = Instant::now();
    // Each runs several tests at a time itself, and all of them share one PostgreSQL and its connections.
    let lanes = thread::available_parallelism()?.get().min(4);
    let outcome = programs::run(programs, lanes, environment, interrupt)?;
    report.note(format!("the slowest of the tests, {lanes} programs at a time: {}", outcome.slowest(5)));
    report.tested("tests", running, outcome.counts, &outcome.failed);
    report.add(step("doc tests", &[&["test"], &WHOLE[..], &["--doc"]].concat(), environment, interrupt)?);
    Ok(())
}
