//! Children that never outlive this command.

use std::{
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};

const POLL: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether a stop was requested, by Ctrl-C or by a signal. The second request ends the process at once.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            flag::register_conditional_shutdown(signal, 130, Arc::clone(&came))?;
            flag::register(signal, Arc::clone(&came))?;
        }
        Ok(Self(came))
    }

    /// Fails when a stop was requested.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) {
            bail!("stopped on request; what was started has been stopped too");
        }
        Ok(())
    }

    /// Asks for it ourselves, since something has failed that all the rest needs.
    pub fn request(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Never asked to stop: for tests, which end with their process.
    pub fn never() -> Self {
        Self(Arc::new(AtomicBool::new(false)))
    }
}

/// A child in a process group of its own, so that a signal reaches its children too. Dropping it stops them all.
#[derive(Debug)]
pub struct Process {
    child: Child,
    stop: Signal,
}

impl Process {
    /// Starts a command that ends on SIGTERM.
    pub fn start(command: impl std::borrow::BorrowMut<Command>) -> Result<Self> {
        Self::start_stopped_by(command, Signal::TERM)
    }

    /// Starts a command that ends gracefully on this signal.
    pub fn start_stopped_by(mut command: impl std::borrow::BorrowMut<Command>, stop: Signal) -> Result<Self> {
        let command = command.borrow_mut();
        let child = command.process_group(0).spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        Ok(Self { child, stop })
    }

    /// What it prints, when that was asked for; once.
    pub fn output(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until it ends, or stops it when we are asked to stop.
    pub fn wait(&mut self, interrupt: &Interrupt) -> Result<ExitStatus> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                interrupt.check()?;
                return Ok(status);
            }
            if interrupt.check().is_err() {
                self.stop();
            }
            thread::sleep(POLL);
        }
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Stops it gracefully, or kills it when that takes too long.
    pub fn stop(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        self.signal(self.stop);
        while !self.has_ended() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        // Also when it ended in time: its own children may not have.
        self.signal(Signal::KILL);
        // Fails only when it has been waited for already.
        let _ = self.child.wait();
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        // Fails only when it has been waited for already.
        let _ = self.child.wait();
    }

    /// Leaves it running when we end.
    pub fn leave(self) {
        // Dropping would stop it. Nothing is lost: the system cleans up after us.
        std::mem::forget(self);
    }

    /// Sends a signal to it and its children.
    pub fn signal(&self, signal: Signal) {
        // Fails only when the group is gone, which is what we want.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.stop();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn dropping_a_process_stops_its_children_too() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped());
        let mut process = Process::start(command).unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(process.output().unwrap()), &mut line).unwrap();
        let grandchild = Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        drop(process);
        let deadline = Instant::now() + PATIENCE;
        while rustix::process::test_kill_process(grandchild).is_ok() && !is_zombie(grandchild) {
            assert!(Instant::now() < deadline, "the child of the child still runs");
            thread::sleep(POLL);
        }
    }

    /// A container may have no process that reaps orphans.
    fn is_zombie(pid: Pid) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        status.contains(") Z ")
    }

    #[test]
    fn request_to_stop_ends_a_wait() {
        let interrupt = Interrupt::never();
        interrupt.request();
        let mut process = Process::start(Command::new("sleep").arg("600")).unwrap();
        assert!(process.wait(&interrupt).is_err());
        assert!(process.has_ended());
    }

    #[test]
    fn status_of_a_command_is_passed_on() {
        assert!(!Process::start(Command::new("false")).unwrap().wait(&Interrupt::never()).unwrap().success());
    }
}
