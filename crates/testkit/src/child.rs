//! Child processes that never outlive their test, and ports for them.

use std::{
    fs::{self, File},
    process::{Command, ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::patience::eventually;

/// A child process. It is killed when dropped, also when the test panics.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    // Output goes to files: a full pipe would block the process.
    said: TempDir,
}

impl Child {
    /// Starts a command, with nothing on its standard input.
    pub fn start(command: &mut Command) -> Self {
        let said = TempDir::new().expect("a temporary folder");
        let file = |name| File::create(said.path().join(name)).expect("a file for what the child says");
        let process = command
            .stdin(Stdio::null())
            .stdout(file("stdout"))
            .stderr(file("stderr"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", command.get_program().display()));
        Self { process, said }
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.read("stdout")
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.read("stderr")
    }

    /// Its exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().expect("the state of a child")
    }

    /// Waits until it has ended.
    pub async fn end(&mut self) -> ExitStatus {
        let name = format!("the end of process {}", self.process.id());
        eventually(&name, async || self.ended()).await
    }

    /// Asks it to stop (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// As Ctrl-C does (SIGINT).
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Kills it (SIGKILL).
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        // Not waited for yet, so the process id is not reused.
        kill_process(Pid::from_child(&self.process), signal).expect("a signal to a child");
    }

    fn read(&self, name: &str) -> String {
        String::from_utf8_lossy(&fs::read(self.said.path().join(name)).unwrap_or_default()).into_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _gone = self.process.kill();
        let _status = self.process.wait();
    }
}

/// A loopback port that nobody listens on; for this process; see [`servers::free_port`].
pub fn free_port() -> u16 {
    servers::free_port().expect("a free port")
}
