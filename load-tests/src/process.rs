//! What the kernel says of a process and of the machine.

use std::{fs, time::Duration};

use anyhow::{Context as _, Result};

/// The kernel counts CPU time for `/proc` in hundredths of a second, whatever its own tick (man proc_pid_stat, `USER_HZ`).
const TICKS_A_SECOND: f64 = 100.0;

/// CPU time that a process has used, in user space and in the kernel, all its threads together, also those that have ended.
pub fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).with_context(|| format!("process {pid} is gone"))?;
    let ticks = cpu_ticks(&stat).context("/proc/<pid>/stat is not as it should be")?;
    Ok(Duration::from_secs_f64(ticks / TICKS_A_SECOND))
}

fn cpu_ticks(stat: &str) -> Option<f64> {
    // The second field is the command in brackets and may hold anything; utime and stime are the 14th and 15th.
    let (_, after_command) = stat.rsplit_once(')')?;
    let mut fields = after_command.split_whitespace().skip(11);
    let (user, system): (f64, f64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Memory of a process in MiB.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Now (`VmRSS`).
    pub resident: f64,
    /// Of that, not backed by a file (`RssAnon`).
    pub anonymous: f64,
    /// The most it ever was (`VmHWM`).
    pub peak: f64,
}

/// Memory of a process.
pub fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    let mebibytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kibibytes: Option<f64> = line.and_then(|rest| rest.trim().strip_suffix("kB")?.trim().parse().ok());
        kibibytes.map(|kibibytes| kibibytes / 1024.0).with_context(|| format!("/proc/{pid}/status has no {name}"))
    };
    Ok(Memory { resident: mebibytes("VmRSS")?, anonymous: mebibytes("RssAnon")?, peak: mebibytes("VmHWM")? })
}

/// The machine and the day, for the head of the tables.
pub fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu_info = read("/proc/cpuinfo");
    let model = cpu_info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    let today = runtime::Clock::system().now().date_naive();
    format!("{today}, {cores} cores of {model}, Linux {}", kernel.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_found_behind_any_command() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20 0 5 0";
        assert_eq!(cpu_ticks(stat), Some(175.0));
        assert_eq!(cpu_ticks("42 (a) S 1"), None);
    }

    #[test]
    fn this_process_uses_memory() {
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > 0.0 && memory.peak >= memory.anonymous, "{memory:?}");
    }
}
