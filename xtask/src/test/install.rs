//! Programs the tests need and cargo cannot give.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use super::servers::Server;

/// A program and the Debian packages it comes in.
struct Program {
    name: &'static str,
    /// Any of these will do.
    found_as: &'static [&'static str],
    packages: &'static [&'static str],
}

const PROGRAMS: &[Program] = &[
    Program { name: "Chromium", found_as: &["chromium", "chromium-browser", "google-chrome"], packages: &["chromium"] },
    Program { name: "ChromeDriver", found_as: &["chromedriver"], packages: &["chromium-driver"] },
    Program { name: "npm", found_as: &["npm"], packages: &["npm"] },
];

/// Installs what is missing where we may; says what to install where we may not.
pub fn missing(servers: &[&Server]) -> Result<()> {
    let Missing { names, packages } = look_for(servers);
    if names.is_empty() {
        return Ok(());
    }
    let (names, listed) = (names.join(", "), packages.join(" "));
    if find("apt-get").is_none() {
        bail!("missing: {names}; install them with the package manager of this system and run the command again");
    }
    if !rustix::process::geteuid().is_root() {
        bail!("missing: {names}; install them with: sudo apt-get install --no-install-recommends {listed}");
    }
    println!("── install: {names}");
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat())?;
    let still = look_for(servers).names;
    if !still.is_empty() {
        bail!("missing although apt-get installed {listed}: {}", still.join(", "));
    }
    Ok(())
}

struct Missing {
    names: Vec<&'static str>,
    packages: Vec<&'static str>,
}

fn look_for(servers: &[&Server]) -> Missing {
    let mut missing = Missing { names: Vec::new(), packages: Vec::new() };
    for program in PROGRAMS.iter().filter(|program| !program.found_as.iter().any(|name| find(name).is_some())) {
        missing.names.push(program.name);
        missing.packages.extend(program.packages);
    }
    for server in servers.iter().filter(|server| !server.is_given() && !(server.is_installed)()) {
        missing.names.push(server.name);
        missing.packages.extend(server.packages);
    }
    missing
}

fn apt(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").status()?;
    if !status.success() {
        bail!("apt-get {} failed ({status})", arguments.join(" "));
    }
    Ok(())
}

/// The program of this name on the path.
pub fn find(name: impl AsRef<OsStr>) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name.as_ref())).find(|path| is_program(path))
}

/// Whether this is a file that may be run.
pub fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{super::servers::postgres, *};

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("sh").is_some());
        assert!(find("no-program-is-called-this").is_none());
    }

    #[test]
    fn missing_server_is_listed_with_its_packages() {
        let absent = Server {
            name: "Absent",
            variable: "SCHILDWACHT_TEST_ABSENT",
            is_installed: || false,
            packages: &["absent", "absent-client"],
            ..postgres::SERVER
        };
        let missing = look_for(&[&absent]);
        assert!(missing.names.contains(&"Absent"));
        assert!(missing.packages.ends_with(&["absent", "absent-client"]));
    }
}
