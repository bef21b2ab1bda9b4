//! Suricata: a sensor that schools use, unpacked from Debian's packages into the cache.
//!
//! It is not installed: its package starts a service that listens on this machine's network.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{cache, install::find};

/// Where tests find the folder in which it is `usr/bin/suricata`; those that need it are skipped when this is not set.
pub const VARIABLE: &str = "SCHILDWACHT_TEST_SURICATA";

const PROGRAM: &str = "usr/bin/suricata";

/// The folder: the one given by the environment, `/` where it is installed, or ours, which is filled when it is not in the cache.
/// `None` where apt does not offer it.
///
/// Debian 12 has it among its backports only; they are asked for it besides this machine's sources, which stay as they are.
pub fn root() -> Result<Option<PathBuf>> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        return Ok(Some(given.into()));
    }
    let installed = PathBuf::from("/");
    if installed.join(PROGRAM).is_file() {
        return Ok(Some(installed));
    }
    if ["apt-get", "apt-cache", "dpkg-deb"].into_iter().any(|program| find(program).is_none()) {
        return Ok(None);
    }
    let mut is_offered = true;
    let folder = cache::once("suricata", |folder| {
        is_offered = unpack(folder)?;
        // Nothing is kept of a machine whose packages lack it: they may have it later.
        if is_offered { Ok(()) } else { bail!("no package") }
    });
    if is_offered { folder.map(Some) } else { Ok(None) }
}

/// The program in a folder, to be given its arguments.
pub fn command(root: &Path) -> Command {
    let mut command = Command::new(root.join(PROGRAM));
    if root != Path::new("/") {
        let libraries = fs::read_dir(root.join("usr/lib")).into_iter().flatten().flatten().map(|entry| entry.path());
        command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries.filter(|path| path.is_dir())).unwrap_or_default());
    }
    command
}

/// Unpacks it with the libraries that this machine lacks; `false` when apt does not offer it.
fn unpack(folder: &Path) -> Result<bool> {
    let apt = Apt::with_backports()?;
    if !apt.run("apt-get", &["update"])?.status.success() {
        return Ok(false);
    }
    let policy = apt.run("apt-cache", &["policy", "suricata"])?;
    let is_offered = |line: &str| line.trim().strip_prefix("Candidate:").is_some_and(|version| version.trim() != "(none)");
    if !String::from_utf8_lossy(&policy.stdout).lines().any(is_offered) {
        return Ok(false);
    }
    eprintln!("── fetch: Suricata, from this system's packages");
    let suite = apt.suite.iter().flat_map(|suite| ["--target-release", suite]);
    let arguments = ["install", "--yes", "--no-install-recommends", "--download-only", "suricata"];
    let fetched = apt.run("apt-get", &arguments.into_iter().chain(suite).collect::<Vec<_>>())?;
    succeeded(&fetched, "cannot fetch Suricata")?;
    for entry in fs::read_dir(apt.folder.path().join("cache/archives"))? {
        let package = entry?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            let unpacked = Command::new("dpkg-deb").arg("--extract").args([&package, folder]).stdin(Stdio::null()).output()?;
            succeeded(&unpacked, "cannot unpack Suricata")?;
        }
    }
    succeeded(&command(folder).arg("-V").output().context("no Suricata was in its package")?, "Suricata does not run")?;
    Ok(true)
}

/// apt with lists and downloads of its own, so that it needs no rights and changes nothing.
struct Apt {
    folder: tempfile::TempDir,
    /// Preferred to others: of the backports, which need libraries of theirs.
    suite: Option<String>,
}

impl Apt {
    fn with_backports() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for inside in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.path().join(inside))?;
        }
        let ours = fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
        let backports = backports()?;
        let line = backports.as_ref().map(|(suite, address)| format!("deb {address} {suite} main\n"));
        fs::write(folder.path().join("sources.list"), ours + "\n" + &line.unwrap_or_default())?;
        Ok(Self { folder, suite: backports.map(|(suite, _)| suite) })
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<Output> {
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let options = [
            format!("Dir::Etc::SourceList={}", at("sources.list")),
            format!("Dir::State::Lists={}", at("lists")),
            format!("Dir::Cache={}", at("cache")),
            "Debug::NoLocking=true".to_owned(),
            // The account that apt downloads with may not read our folder.
            "APT::Sandbox::User=root".to_owned(),
        ];
        let mut command = Command::new(program);
        command.args(options.iter().flat_map(|option| ["-o", option])).args(arguments);
        command.env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).output().with_context(|| format!("cannot run {program}"))
    }
}

/// The backports of the suite that this machine has, and where they are; `None` where it is not Debian's.
fn backports() -> Result<Option<(String, String)>> {
    let format = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)";
    let listed = Command::new("apt-get").args(["indextargets", "--format", format, "Created-By: Packages"]).output()?;
    Ok(backports_of(&String::from_utf8_lossy(&listed.stdout)))
}

fn backports_of(listed: &str) -> Option<(String, String)> {
    listed.lines().find_map(|line| {
        let [origin, component, suite, address] = line.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let is_main = origin == "Debian" && component == "main" && !suite.contains('-');
        is_main.then(|| (format!("{suite}-backports"), address.to_owned()))
    })
}

fn succeeded(output: &Output, failing: &'static str) -> Result<()> {
    if !output.status.success() {
        bail!("{failing}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backports_are_of_the_suite_that_the_machine_has() {
        let listed = "Other main nodistro http://other.example/\n\
                      Debian main bookworm-updates http://packages.example/debian/\n\
                      Debian main bookworm http://packages.example/debian/\n";
        assert_eq!(backports_of(listed), Some(("bookworm-backports".to_owned(), "http://packages.example/debian/".to_owned())));
        assert_eq!(backports_of("Ubuntu main noble http://packages.example/ubuntu/\n"), None);
    }

    #[test]
    fn an_unpacked_program_finds_its_libraries_and_an_installed_one_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let libraries = folder.path().join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&libraries).unwrap();
        let unpacked = command(folder.path());
        let given: Vec<_> = unpacked.get_envs().collect();
        assert_eq!(given, [("LD_LIBRARY_PATH".as_ref(), Some(libraries.as_os_str()))]);
        assert_eq!(command(Path::new("/")).get_envs().count(), 0);
    }
}
