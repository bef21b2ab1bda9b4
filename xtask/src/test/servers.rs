//! Throw-away servers for the tests. One more server is one more file beside this one, and a line in [`ALL`].

use std::{
    fs,
    io::Read,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{
    Column,
    install::find,
    process::{Interrupt, Process},
};

pub mod postgres;
mod redis;

const ALL: &[Server] = &[postgres::SERVER, redis::SERVER];

const PATIENCE: Duration = Duration::from_secs(30);
/// Between choosing a free port and using it somebody else may take it.
const ATTEMPTS: usize = 3;

/// A server that tests use.
pub struct Server {
    pub name: &'static str,
    /// Where tests find it. When it is set already, that server is used and none is started.
    pub variable: &'static str,
    /// Debian packages it comes in.
    pub packages: &'static [&'static str],
    pub is_installed: fn() -> bool,
    /// Prepares a data folder and says how to run it on a port.
    pub plan: fn(&Site) -> Result<Plan>,
}

/// What a server is given: an empty folder of its own, a free port and a secret.
pub struct Site {
    pub folder: PathBuf,
    pub port: u16,
    /// Other people of this machine reach loopback too.
    pub password: String,
}

/// How to run a server.
pub struct Plan {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// When we are root: the account it runs as.
    pub user: &'static str,
    /// The signal that stops it in good order.
    pub stop: Signal,
    /// The value of [`Server::variable`].
    pub address: String,
    /// Succeeds as soon as the server answers.
    pub ready: fn(&Site) -> bool,
}

/// A server that answers.
pub enum Started {
    /// It ran before us and is left running.
    Given { address: String },
    /// Ours; dropping it stops it.
    Ours { address: String, port: u16, _process: Process },
}

impl Started {
    /// What tests are told.
    pub fn address(&self) -> &str {
        match self {
            Self::Given { address } | Self::Ours { address, .. } => address,
        }
    }

    /// For the table: never the address itself, which holds a password.
    pub fn shown(&self) -> String {
        match self {
            Self::Given { .. } => "given by the environment".to_owned(),
            Self::Ours { port, .. } => format!("127.0.0.1:{port}"),
        }
    }
}

/// The servers of a column.
pub fn wanted(column: Column) -> Vec<&'static Server> {
    match column {
        Column::Both => ALL.iter().collect(),
        Column::Embedded => Vec::new(),
    }
}

/// Every variable that names a server.
pub fn variables() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|server| server.variable)
}

/// The folder for all data folders; gone when dropped.
pub fn scratch() -> Result<TempDir> {
    let scratch = tempfile::Builder::new().prefix("schildwacht-test-").tempdir()?;
    // The accounts the servers run as must be able to pass through.
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o711))?;
    Ok(scratch)
}

impl Server {
    /// Whether the environment names one that runs already.
    pub fn is_given(&self) -> bool {
        std::env::var_os(self.variable).is_some()
    }

    /// Starts the server, or takes the one that the environment gives.
    pub fn start(&self, scratch: &Path, interrupt: &Interrupt) -> Result<Started> {
        if let Ok(address) = std::env::var(self.variable) {
            return Ok(Started::Given { address });
        }
        let mut last_words = String::new();
        for attempt in 0..ATTEMPTS {
            interrupt.check()?;
            let folder = scratch.join(format!("{}-{attempt}", self.name.to_lowercase()));
            fs::create_dir(&folder)?;
            let site = Site { folder, port: free_port()?, password: random_hex()? };
            let plan = (self.plan)(&site)?;
            let log = site.folder.with_extension("log");
            let mut process = run(&plan, &log)?;
            if is_ready(&mut process, &plan, &site, interrupt)? {
                return Ok(Started::Ours { address: plan.address, port: site.port, _process: process });
            }
            last_words = fs::read_to_string(&log).unwrap_or_default();
        }
        let tail: Vec<&str> = last_words.lines().rev().take(10).collect();
        bail!("it does not answer; its last words:\n{}", tail.into_iter().rev().collect::<Vec<_>>().join("\n"))
    }
}

fn run(plan: &Plan, log: &Path) -> Result<Process> {
    let output = fs::File::create(log)?;
    let mut command = as_user(plan.user, plan.stop, &plan.program);
    command.args(&plan.arguments).current_dir("/").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    Process::start_stopped_by(command, plan.stop)
}

fn is_ready(process: &mut Process, plan: &Plan, site: &Site, interrupt: &Interrupt) -> Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && !process.has_ended() {
        interrupt.check()?;
        if (plan.ready)(site) {
            return Ok(true);
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(false)
}

/// The program as another account when we are root, ending with us even when we are killed, where the system can do that.
fn as_user(user: &str, stop: Signal, program: &Path) -> Command {
    let Some(setpriv) = find("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    if rustix::process::geteuid().is_root() {
        command.args([format!("--reuid={user}"), format!("--regid={user}"), "--init-groups".to_owned()]);
    }
    let stop = if stop == Signal::INT { "INT" } else { "TERM" };
    command.arg(format!("--pdeathsig={stop}")).arg("--").arg(program);
    command
}

/// Gives a file or folder to an account when we are root; servers refuse what is somebody else's.
fn give_to(user: &str, path: &Path) -> Result<()> {
    let mode = if path.is_dir() { 0o700 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(path, Some(id("-u", user)?), Some(id("-g", user)?))?;
    }
    Ok(())
}

fn id(which: &str, user: &str) -> Result<u32> {
    let output = Command::new("id").args([which, user]).output().context("cannot run id")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().with_context(|| format!("there is no account {user}"))
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
