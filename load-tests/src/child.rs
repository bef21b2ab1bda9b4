//! The measured process: this executable under another command.
//!
//! It speaks JSON lines on its standard output, is told things by lines on its standard input, and ends when that is closed, so
//! that none is left behind when the benchmark is interrupted.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child as StdChild, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde::{Serialize, de::DeserializeOwned};

use crate::process;

/// A running measured process.
#[derive(Debug)]
pub struct Child {
    process: StdChild,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts this executable with other arguments.
    pub fn start(arguments: &[&str]) -> Result<Self> {
        let this = std::env::current_exe()?;
        let mut process = Command::new(this).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().context("the child has no output")?);
        Ok(Self { process, input, output })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// CPU time it has used.
    pub fn cpu_time(&self) -> Result<Duration> {
        process::cpu_time(self.pid())
    }

    /// Waits for the next thing it says.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        if line.is_empty() {
            bail!("the measured process ended before its time; what it said last stands above");
        }
        serde_json::from_str(&line).with_context(|| format!("the measured process said {line}"))
    }

    /// Tells it to go on.
    pub fn go_on(&mut self) -> Result<()> {
        self.input.as_mut().context("the measured process was told to end")?.write_all(b"\n").map_err(Into::into)
    }

    /// Tells it to end, and waits for the last thing it says.
    pub fn end<T: DeserializeOwned>(mut self) -> Result<T> {
        self.input = None;
        let last_words = self.hear()?;
        let status = self.process.wait()?;
        if status.success() { Ok(last_words) } else { bail!("the measured process ended with {status}") }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail when it has ended already, which is what is wanted.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Says something to the parent.
pub fn say(something: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(something)?;
    line.push(b'\n');
    std::io::stdout().write_all(&line)?;
    Ok(())
}

/// Waits for a line of the parent's; `false` when it wants us to end.
pub async fn told_to_go_on() -> Result<bool> {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(read > 0)
}
