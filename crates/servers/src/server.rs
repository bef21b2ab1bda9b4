//! What every server has in common: a folder, free ports, a password; being started, stopped, killed and started again.

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::{
    install::{Program, find},
    ports::free_port,
    process::{Interrupt, Process},
};

/// Between choosing a free port and using it, another program may take it.
const ATTEMPTS: usize = 3;
const POLL: Duration = Duration::from_millis(50);

/// A kind of server.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    pub name: &'static str,
    /// Where tests find it. When it is set already, that server is used and none is started.
    pub variable: &'static str,
    pub programs: &'static [Program],
    /// Brings what no package holds into the cache; quick when it is there.
    pub fetch: fn() -> Result<()>,
    /// Prepares a data folder and says how to run it.
    pub plan: fn(&Site) -> Result<Plan>,
    /// Whether one at this address takes us; fails with what it says.
    pub knock: fn(&str) -> Result<()>,
    /// How long it may take until it answers.
    pub patience: Duration,
}

/// What a server is given: an empty folder of its own, free ports and a secret.
#[derive(Debug)]
pub struct Site {
    pub folder: PathBuf,
    pub port: u16,
    /// Of a server that needs two.
    pub second_port: u16,
    pub password: String,
}

/// How to run a server.
#[derive(Debug)]
pub struct Plan {
    pub program: PathBuf,
    pub arguments: Vec<String>,
    pub environment: Vec<(&'static str, String)>,
    /// When we are root: the account it runs as, where it refuses to be root.
    pub user: Option<&'static str>,
    /// The signal that stops it gracefully.
    pub stop: Signal,
    /// The value of [`Server::variable`].
    pub address: String,
    /// Succeeds as soon as the server answers.
    pub ready: fn(&Site) -> bool,
}

/// How long a server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It ends with us, even when we are killed (where the system can do that): with the thread that started it, so that this must not
    /// be one that ends before.
    Ours,
    /// It is left running.
    Beyond,
}

/// A server that answers.
#[derive(Debug)]
pub enum Started {
    /// It ran before us and is left running.
    Given { address: String },
    /// Ours; dropping it stops it.
    Ours(Box<Running>),
}

impl Started {
    /// What tests are told.
    pub fn address(&self) -> &str {
        match self {
            Self::Given { address } => address,
            Self::Ours(running) => running.address(),
        }
    }

    /// Prints the end of its log when it is ours and has ended.
    pub fn still_runs(&mut self) -> Result<()> {
        match self {
            Self::Given { .. } => Ok(()),
            Self::Ours(running) => running.still_runs(),
        }
    }

    /// For a table: never the address itself, which holds a password.
    pub fn shown(&self) -> String {
        match self {
            Self::Given { .. } => "given by the environment".to_owned(),
            Self::Ours(running) => format!("127.0.0.1:{}", running.port()),
        }
    }
}

/// The folder for all data folders; gone when dropped.
pub fn scratch() -> Result<TempDir> {
    let scratch = tempfile::Builder::new().prefix("schildwacht-servers-").tempdir()?;
    open_to_pass(scratch.path())?;
    Ok(scratch)
}

/// Lets the accounts that servers run as pass through a folder.
pub fn open_to_pass(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).map_err(Into::into)
}

impl Server {
    /// Whether the environment names one that runs already.
    pub fn is_given(&self) -> bool {
        std::env::var_os(self.variable).is_some()
    }

    /// Starts the server in a folder, or takes the one that the environment gives.
    pub fn start(&self, scratch: &Path, lifetime: Lifetime, interrupt: &Interrupt) -> Result<Started> {
        if let Ok(address) = std::env::var(self.variable) {
            (self.knock)(&address).with_context(|| format!("{}, which {} names, does not take us", self.name, self.variable))?;
            return Ok(Started::Given { address });
        }
        self.start_in(scratch, lifetime, interrupt).map(|running| Started::Ours(Box::new(running)))
    }

    /// Starts the server in a folder, whatever the environment says.
    pub fn start_in(&self, scratch: &Path, lifetime: Lifetime, interrupt: &Interrupt) -> Result<Running> {
        Running::start(*self, &scratch.join(self.name.to_lowercase()), None, lifetime, interrupt)
    }

    /// Starts a server for one test alone, with a folder of its own.
    pub fn start_own(&self) -> Result<Running> {
        (self.fetch)()?;
        let scratch = scratch()?;
        let folder = scratch.path().join(self.name.to_lowercase());
        let mut running = Running::start(*self, &folder, None, Lifetime::Ours, &Interrupt::never())?;
        running.scratch = Some(scratch);
        Ok(running)
    }
}

/// A server of ours. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    server: Server,
    site: Site,
    plan: Plan,
    lifetime: Lifetime,
    // Before the folder, which is removed after the process has ended.
    process: Option<Process>,
    scratch: Option<TempDir>,
}

impl Running {
    /// Starts a server in a folder that is not there yet, on this port or on any that is free.
    pub fn start(server: Server, folder: &Path, port: Option<u16>, lifetime: Lifetime, interrupt: &Interrupt) -> Result<Self> {
        let attempts = if port.is_some() { 1 } else { ATTEMPTS };
        for attempt in 0..attempts {
            interrupt.check()?;
            let folder = if attempt == 0 { folder.to_owned() } else { folder.with_extension(attempt.to_string()) };
            fs::create_dir(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
            let port = port.map_or_else(free_port, Ok)?;
            let site = Site { folder, port, second_port: free_port()?, password: random_hex()? };
            let plan = (server.plan)(&site)?;
            let mut running = Self::planned(server, site, plan, lifetime);
            running.launch()?;
            match running.await_ready(interrupt) {
                Ok(()) => return Ok(running),
                Err(error) if attempt + 1 == attempts => return Err(error),
                Err(_) => {}
            }
        }
        bail!("{} was not started", server.name)
    }

    /// The value of the server's variable; holds a password.
    pub fn address(&self) -> &str {
        &self.plan.address
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.site.port
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.site.password
    }

    /// Its process id; `None` when it was stopped.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Stops it gracefully; its data stays.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Kills it; its data stays.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again with the same data, port and password.
    pub fn start_again(&mut self) -> Result<()> {
        self.stop();
        let deadline = Instant::now() + self.server.patience;
        loop {
            self.launch()?;
            match self.await_ready(&Interrupt::never()) {
                // What a PostgreSQL that was killed had started ends by itself, a moment later on a busy machine.
                Err(_) if self.last_words().contains("is still in use") && Instant::now() < deadline => thread::sleep(POLL),
                started => return started,
            }
        }
    }

    /// Leaves it running when we end.
    pub fn leave(mut self) {
        if let Some(process) = self.process.take() {
            process.leave();
        }
        if let Some(scratch) = self.scratch.take() {
            drop(scratch.keep());
        }
    }

    /// Not started yet.
    pub(crate) fn planned(server: Server, site: Site, plan: Plan, lifetime: Lifetime) -> Self {
        Self { server, site, plan, lifetime, process: None, scratch: None }
    }

    /// Starts it without waiting for it.
    pub(crate) fn launch(&mut self) -> Result<()> {
        let output = fs::File::create(self.log())?;
        let mut command = self.command();
        command.current_dir("/").stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        self.process = Some(Process::start_stopped_by(command, self.plan.stop)?);
        Ok(())
    }

    /// Waits until it answers; prints the end of its log when it does not.
    pub(crate) fn await_ready(&mut self, interrupt: &Interrupt) -> Result<()> {
        let deadline = Instant::now() + self.server.patience;
        let mut ended = false;
        while Instant::now() < deadline && !ended {
            interrupt.check()?;
            // Asked before, so that who ends in between is asked once more.
            ended = self.process.as_mut().is_none_or(Process::has_ended);
            if !ended && (self.plan.ready)(&self.site) {
                return Ok(());
            }
            thread::sleep(POLL);
        }
        self.kill();
        if ended {
            bail!(self.ended());
        }
        bail!("{} does not answer after {} s; its last words:\n{}", self.server.name, self.server.patience.as_secs(), self.last_words())
    }

    /// Prints the end of its log when it has ended without being stopped here.
    pub fn still_runs(&mut self) -> Result<()> {
        match self.process.as_mut().is_some_and(Process::has_ended) {
            true => bail!(self.ended()),
            false => Ok(()),
        }
    }

    fn ended(&self) -> String {
        format!("{} ended by itself or was killed; its last words:\n{}", self.server.name, self.last_words())
    }

    fn command(&self) -> Command {
        let mut command = as_user(self.plan.user, self.lifetime, self.plan.stop, &self.plan.program);
        // In English, whatever the locale: their logs are searched.
        command.args(&self.plan.arguments).env("LC_ALL", "C").envs(self.plan.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn log(&self) -> PathBuf {
        self.site.folder.with_extension("log")
    }

    fn last_words(&self) -> String {
        let said = fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<&str> = said.lines().collect();
        lines.get(lines.len().saturating_sub(10)..).unwrap_or_default().join("\n")
    }
}

/// The program as another account when we are root, ending with us even when we are killed, where the system can do that.
pub(crate) fn as_user(user: Option<&str>, lifetime: Lifetime, stop: Signal, program: &Path) -> Command {
    let Some(setpriv) = find("setpriv") else { return Command::new(program) };
    let mut command = Command::new(setpriv);
    if let Some(user) = user.filter(|_| rustix::process::geteuid().is_root()) {
        command.args([format!("--reuid={user}"), format!("--regid={user}"), "--init-groups".to_owned()]);
    }
    if lifetime == Lifetime::Ours {
        let stop = if stop == Signal::INT { "INT" } else { "TERM" };
        command.arg(format!("--pdeathsig={stop}"));
    }
    command.arg("--").arg(program);
    command
}

/// Writes a file that only this account can read, from the moment it exists.
pub(crate) fn write_secret(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    let mut file = fs::File::options().create_new(true).write(true).mode(0o600).open(path)?;
    Ok(file.write_all(text.as_ref())?)
}

/// Gives a file or folder to an account when we are root; servers refuse files of another account.
pub(crate) fn give_to(user: &str, path: &Path) -> Result<()> {
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

pub(crate) fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
