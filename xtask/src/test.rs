//! The README's test command: whoever runs it needs nothing but Rust, a C/C++ compiler and make, and on Debian root rights.
//!
//! It installs what is missing, starts throw-away servers on free loopback ports, tells the tests through environment
//! variables where they are, runs every part even when one has failed, and stops what it started, also on Ctrl-C.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use servers::{Interrupt, Lifetime, Process, Server, collector, install};

use self::report::{Counts, Report};
use crate::{check, tree};

mod axe;
mod disk;
mod report;

/// Which of the architecture's two columns the tests run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Embedded and servers.
    Both,
    /// Nothing but the process itself.
    Embedded,
}

impl Column {
    fn servers(self) -> &'static [Server] {
        match self {
            Self::Both => servers::ALL,
            Self::Embedded => &[],
        }
    }
}

/// The tests of browsers and of agents need these whatever the column.
const PROGRAMS: &[install::Program] = &[
    install::Program { name: "Chromium", packages: &["chromium"], is_there: || any_of(&["chromium", "chromium-browser", "google-chrome"]) },
    install::Program { name: "ChromeDriver", packages: &["chromium-driver"], is_there: || any_of(&["chromedriver"]) },
    install::Program { name: "npm", packages: &["npm"], is_there: || any_of(&["npm"]) },
    install::Program { name: "rsyslog", packages: &["rsyslog"], is_there: || any_of(&["rsyslogd", "/usr/sbin/rsyslogd"]) },
    // Configures OpenSSL, with modules that the least installation lacks.
    install::Program { name: "Perl", packages: &["perl"], is_there: || perl_has(&["FindBin", "File::Compare", "IPC::Cmd"]) },
    install::Program { name: "Python 3", packages: &["python3"], is_there: || any_of(&["/usr/bin/python3"]) },
];

/// Lints look at it too, so that OpenSSL is built while little else is, and is there for the tests of TLS.
const TLS: &str = "schildwacht-events/kafka-tls";

type Environment = Vec<(&'static str, String)>;

/// Runs everything, prints a table of the parts, and says whether all of them went well.
pub fn run(column: Column) -> Result<bool> {
    let interrupt = Interrupt::listen()?;
    let mut report = Report::start();

    let preparing = Instant::now();
    disk::require_room()?;
    let ours: Vec<Server> = column.servers().iter().copied().filter(|server| !server.is_given()).collect();
    prepare(PROGRAMS, &ours)?;
    report.ok("prepare", preparing, "programs and servers are there");
    let mut environment = Environment::new();
    let fetching = Instant::now();
    match axe::script() {
        Ok(script) => {
            environment.push((servers::AXE, script));
            report.ok("axe-core", fetching, "");
        }
        Err(error) => report.failed("axe-core", fetching, format!("pages are not checked for accessibility: {error:#}")),
    }

    let building = Instant::now();
    match collector::program() {
        Ok(Some(program)) => {
            environment.push((collector::VARIABLE, program.display().to_string()));
            report.ok("Collector", building, "");
        }
        Ok(None) => report.note("Go is not installed: the test of the OpenTelemetry Collector is skipped"),
        Err(error) => report.failed("Collector", building, format!("its test is skipped: {error:#}")),
    }

    if column == Column::Both {
        environment.push((servers::STRICT, "1".to_owned()));
    } else {
        report.note("the embedded column alone: tests that need servers passed by, and count as passed");
    }
    // Dropped last to first: the processes end before their folder goes.
    let scratch = servers::scratch()?;
    let mut running = Vec::new();
    for server in column.servers() {
        let starting = Instant::now();
        let started = server.start(scratch.path(), Lifetime::Ours, &interrupt).with_context(|| format!("no {} for tests", server.name))?;
        report.ok(server.name, starting, started.shown());
        environment.push((server.variable, started.address().to_owned()));
        running.push(started);
    }
    if tree::root()?.join("../shared/data").is_dir() {
        report.note("reference data found beside the checkout");
    } else {
        report.note("no reference data beside the checkout: the tests that send it are skipped");
    }

    step(&mut report, "format", &["fmt", "--all", "--check"], &environment, &interrupt)?;
    let lints = ["clippy", "--workspace", "--all-targets", "--features", TLS, "--", "-D", "warnings"];
    step(&mut report, "clippy", &lints, &environment, &interrupt)?;
    let checking = Instant::now();
    match check::run()? {
        true => report.ok("check", checking, "ok"),
        false => report.failed("check", checking, "there is something to mend"),
    }
    tests(&mut report, "tests", &["test", "--workspace", "--no-fail-fast"], column, &environment, &interrupt)?;
    if column == Column::Both {
        // The same selection, so that only what OpenSSL reaches is built a second time: librdkafka, the event log and its tests.
        let arguments = ["test", "--workspace", "--no-fail-fast", "--features", TLS, "--test", "kafka_tls"];
        tests(&mut report, "tests of TLS", &arguments, column, &environment, &interrupt)?;
    }

    let looking = Instant::now();
    for server in &mut running {
        if let Err(error) = server.still_runs() {
            println!("\n── {error:#}");
            report.failed("servers", looking, "one ended while the tests ran, see above");
        }
    }
    drop(running);
    report.note(disk::left()?);
    report.print();
    Ok(report.all_went_well())
}

/// Installs programs and what servers need, in one go, and fetches what no package holds.
pub fn prepare(programs: &[install::Program], servers: &[Server]) -> Result<()> {
    let of_servers = servers.iter().flat_map(|server| server.programs);
    install::missing(&programs.iter().chain(of_servers).copied().collect::<Vec<_>>())?;
    for server in servers {
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

fn step(report: &mut Report, name: &'static str, arguments: &[&str], environment: &Environment, interrupt: &Interrupt) -> Result<()> {
    println!("\n── {name}: cargo {}", arguments.join(" "));
    let started = Instant::now();
    let status = Process::start(cargo(arguments, environment))?.wait(interrupt)?;
    match status.success() {
        true => report.ok(name, started, "ok"),
        false => report.failed(name, started, "see above"),
    }
    Ok(())
}

/// Runs tests, also after a failure, and counts them over all of cargo's test programs.
fn tests(
    report: &mut Report,
    name: &'static str,
    arguments: &[&str],
    column: Column,
    environment: &Environment,
    interrupt: &Interrupt,
) -> Result<()> {
    println!("\n── {name}: cargo {}", arguments.join(" "));
    let started = Instant::now();
    let mut command = cargo(arguments, environment);
    if column == Column::Embedded {
        for server in servers::ALL {
            command.env_remove(server.variable);
        }
        command.env_remove(servers::STRICT);
    }
    let mut process = Process::start(command.stdout(Stdio::piped()))?;
    let Some(output) = process.output() else { bail!("the tests' output is not readable") };
    let reader = std::thread::spawn(move || {
        let mut counts = Counts::default();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("{line}");
            counts.add_line(&line);
        }
        counts
    });
    let status = process.wait(interrupt)?;
    let Ok(counts) = reader.join() else { bail!("the tests' output could not be read to its end") };
    report.tested(name, started, counts, status.success());
    Ok(())
}

fn cargo(arguments: &[&str], environment: &Environment) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
    // What cargo told us about ourselves is not for the crates it builds next.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" || name == "CARGO_MANIFEST_PATH" {
            command.env_remove(name);
        }
    }
    command
}
