//! Java, which Kafka and Keycloak are written in, and Maven, which fetches them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    install::{Program, find},
    process::Process,
    server::{Lifetime, Plan, Site, as_user},
};

/// Debian's, in the version that its release has; 17 is the least that both servers take.
pub(crate) const JAVA: Program = Program { name: "Java 17 or later", packages: &["default-jre-headless"], is_there };
pub(crate) const MAVEN: Program = Program { name: "Maven", packages: &["maven"], is_there: || find("mvn").is_some() };

/// For servers that live for minutes: the compiler that optimises most and the collector that needs the most threads would cost more
/// than they bring.
pub(crate) const SHORT_LIVED: [&str; 2] = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/// Without this, Java logs that it ignores an archive of classes that does not fit it.
pub(crate) const QUIET: &str = "-Xlog:disable";

/// Runs a server until it answers, and lets it end by itself: the classes it keeps then (`-XX:ArchiveClassesAtExit`, JEP 350) take
/// longer to write than a plain stop waits.
pub(crate) fn keep_classes(plan: &Plan, site: &Site, archive: &Path) -> Result<()> {
    const PATIENCE: Duration = Duration::from_secs(180);
    let mut command = as_user(plan.user, Lifetime::Ours, plan.stop, &plan.program);
    command.args(&plan.arguments).envs(plan.environment.iter().map(|(name, value)| (name, value)));
    command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = Process::start_stopped_by(command, plan.stop)?;
    let deadline = Instant::now() + PATIENCE;
    let mut was_ready = false;
    while !server.has_ended() {
        if !was_ready && (plan.ready)(site) {
            was_ready = true;
            server.signal(plan.stop);
        }
        if Instant::now() > deadline {
            bail!("it {} after {} s", if was_ready { "has not ended" } else { "does not answer" }, PATIENCE.as_secs());
        }
        thread::sleep(Duration::from_millis(50));
    }
    if !was_ready {
        bail!("it ended by itself before it answered");
    }
    if !archive.is_file() {
        bail!("java has not written {}", archive.display());
    }
    Ok(())
}

fn is_there() -> bool {
    version().is_ok_and(|version| major(&version).is_some_and(|major| major >= 17))
}

/// The Java on the path.
pub(crate) fn program() -> Result<PathBuf> {
    find("java").context("java is not installed")
}

/// Its version, as in `17.0.15`.
pub(crate) fn version() -> Result<String> {
    let output = Command::new(program()?).arg("-version").stdin(Stdio::null()).output()?;
    quoted(&String::from_utf8_lossy(&output.stderr)).map(ToOwned::to_owned).context("java does not say its version")
}

/// As in `openjdk version "17.0.15" 2025-04-15`.
fn quoted(said: &str) -> Option<&str> {
    let (_, rest) = said.split_once('"')?;
    rest.split_once('"').map(|(version, _)| version)
}

fn major(version: &str) -> Option<u32> {
    version.split(['.', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_as_its_makers_write_it() {
        let major_of = |said| quoted(said).and_then(major);
        assert_eq!(quoted("openjdk version \"17.0.15\" 2025-04-15"), Some("17.0.15"));
        assert_eq!(major_of("openjdk version \"17.0.15\" 2025-04-15"), Some(17));
        assert_eq!(major_of("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major_of("openjdk version \"26-ea\" 2026-03-17"), Some(26));
        assert_eq!(major_of("java version \"1.8.0_402\""), Some(1), "too old, however it counts");
        assert_eq!(major_of("no such program"), None);
    }
}
