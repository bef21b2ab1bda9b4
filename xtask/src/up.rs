//! Servers for a day's work: started once, named by variables that the tests look at, stopped on request.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use servers::{Interrupt, Lifetime, Server, cache};

use crate::test;

const PATIENCE: Duration = Duration::from_secs(15);

/// Starts every server, or says where they are when they run already. What it prints can be evaluated by a shell.
pub fn up() -> Result<bool> {
    let place = place()?;
    // Held until all run and are noted, so that a second command at the same time waits, and finds them.
    let _lock = lock(&place)?;
    if let Some(state) = read(&place)? {
        if state.servers.iter().all(Known::runs) {
            print(&state.servers);
            return Ok(true);
        }
        eprintln!("some of the servers have ended; all are started again");
        stop(&place, &state)?;
    }
    let interrupt = Interrupt::listen()?;
    let wanted: Vec<Server> = servers::ALL.iter().copied().filter(|server| !answers(server)).collect();
    if wanted.is_empty() {
        eprintln!("every server is given by the environment, so none is started");
        return Ok(true);
    }
    test::install(&[], &wanted)?;
    test::fetch(&wanted, &interrupt)?;
    let scratch = servers::scratch()?;
    let mut running = Vec::new();
    for server in &wanted {
        let started = server.start_in(scratch.path(), Lifetime::Beyond, &interrupt)?;
        eprintln!("{} runs on 127.0.0.1:{}", server.name, started.port());
        running.push((server.variable, started));
    }
    let servers: Vec<Known> = running
        .iter()
        .filter_map(|(variable, started)| {
            let process = started.process_id()?;
            Some(Known { variable: (*variable).to_owned(), address: started.address().to_owned(), process, born: born(process)? })
        })
        .collect();
    let state = State { folder: scratch.path().to_owned(), servers };
    write(&place, &state)?;
    running.into_iter().for_each(|(_, started)| started.leave());
    drop(scratch.keep());
    print(&state.servers);
    eprintln!("to use them: eval \"$(cargo xtask up)\"; to stop them: cargo xtask down");
    Ok(true)
}

/// Stops them and removes their data. What it prints makes a shell forget them.
pub fn down() -> Result<bool> {
    let place = place()?;
    let _lock = lock(&place)?;
    let Some(state) = read(&place)? else {
        eprintln!("no servers were started by cargo xtask up");
        return Ok(true);
    };
    stop(&place, &state)?;
    for known in &state.servers {
        println!("unset {}", known.variable);
    }
    Ok(true)
}

/// Whether the environment gives one that runs. One that an earlier command named in this shell may have been stopped since.
fn answers(server: &Server) -> bool {
    let Ok(address) = std::env::var(server.variable) else { return false };
    let answers = (server.knock)(&address);
    if let Err(error) = &answers {
        eprintln!("{}, which {} names, does not take us ({error:#}): another is started", server.name, server.variable);
    }
    answers.is_ok()
}

fn lock(place: &Path) -> Result<fs::File> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    let lock = fs::File::create(place.with_extension("lock"))?;
    lock.lock().context("cannot lock the note of what runs")?;
    Ok(lock)
}

/// What an earlier command started.
#[derive(Debug, PartialEq, Eq)]
struct State {
    /// Their data. Not in the cache, which the accounts they run as may not enter.
    folder: PathBuf,
    servers: Vec<Known>,
}

/// A server that an earlier command started.
#[derive(Debug, PartialEq, Eq)]
struct Known {
    variable: String,
    /// Holds a password.
    address: String,
    process: u32,
    /// When the process began, in the kernel's ticks: a number of a process is given out again some day.
    born: u64,
}

impl Known {
    fn runs(&self) -> bool {
        born(self.process) == Some(self.born)
    }
}

/// The file that says what runs.
fn place() -> Result<PathBuf> {
    Ok(cache::folder()?.join("servers-up.json"))
}

fn print(servers: &[Known]) {
    for known in servers {
        println!("export {}='{}'", known.variable, known.address);
    }
}

fn stop(place: &Path, state: &State) -> Result<()> {
    for known in state.servers.iter().rev().filter(|known| known.runs()) {
        let Some(process) = i32::try_from(known.process).ok().and_then(Pid::from_raw) else { continue };
        // Each leads a group of its own. It may have ended meanwhile.
        let _gone = kill_process_group(process, Signal::INT);
        let _gone = kill_process_group(process, Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while known.runs() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
        if known.runs() {
            let _gone = kill_process_group(process, Signal::KILL);
        }
    }
    // First, so that what is left of a folder does not keep the next command from starting again.
    fs::remove_file(place).with_context(|| format!("cannot remove {}", place.display()))?;
    match fs::remove_dir_all(&state.folder) {
        // Systems empty the folder for temporary files when they start.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", state.folder.display()))
        }
        _ => Ok(()),
    }
}

fn write(place: &Path, state: &State) -> Result<()> {
    let server =
        |known: &Known| json!({ "variable": known.variable, "address": known.address, "process": known.process, "born": known.born });
    let servers: Vec<Value> = state.servers.iter().map(server).collect();
    let text = serde_json::to_vec_pretty(&json!({ "folder": state.folder, "servers": servers }))?;
    let mut file = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(place)?;
    Ok(file.write_all(&text)?)
}

fn read(place: &Path) -> Result<Option<State>> {
    let Ok(text) = fs::read(place) else { return Ok(None) };
    match parse(&serde_json::from_slice(&text)?) {
        Some(state) => Ok(Some(state)),
        None => bail!("{} is not readable; stop the servers by hand and remove it", place.display()),
    }
}

fn parse(state: &Value) -> Option<State> {
    let known = |server: &Value| {
        let text = |name: &str| Some(server.get(name)?.as_str()?.to_owned());
        let number = |name: &str| server.get(name)?.as_u64();
        let process = number("process")?.try_into().ok()?;
        Some(Known { variable: text("variable")?, address: text("address")?, process, born: number("born")? })
    };
    let servers = state.get("servers")?.as_array()?.iter().map(known).collect::<Option<_>>()?;
    Some(State { folder: state.get("folder")?.as_str()?.into(), servers })
}

/// The 22nd field of /proc/<pid>/stat (man proc_pid_stat); `None` when there is no such process.
fn born(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, after_command) = stat.rsplit_once(')')?;
    let is_dead = after_command.trim_start().starts_with(['Z', 'X']);
    if is_dead { None } else { after_command.split_whitespace().nth(19)?.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again_and_a_process_is_told_from_a_later_one_of_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let process = std::process::id();
        let known =
            Known { variable: "X".to_owned(), address: "redis://:secret@127.0.0.1:1".to_owned(), process, born: born(process).unwrap() };
        let place = folder.path().join("up.json");
        let state = State { folder: folder.path().to_owned(), servers: vec![known] };
        write(&place, &state).unwrap();
        let read = read(&place).unwrap().unwrap();
        assert_eq!(read, state);
        assert!(read.servers.iter().all(Known::runs));
        assert!(!Known { variable: String::new(), address: String::new(), process, born: born(process).unwrap() + 1 }.runs());
    }

    /// As after the machine was started again: the processes are gone, and so is their folder.
    #[test]
    fn what_is_gone_already_is_stopped_without_complaint() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("up.json");
        let state = State { folder: folder.path().join("gone"), servers: Vec::new() };
        write(&place, &state).unwrap();
        stop(&place, &state).unwrap();
        assert!(!place.exists());
    }

    #[test]
    fn nothing_was_started_where_no_file_is() {
        assert_eq!(read(Path::new("/nowhere")).unwrap(), None);
    }
}
