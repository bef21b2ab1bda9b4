//! Programs that tests need and cargo cannot give.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

/// A program and the Debian packages it comes in.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    pub name: &'static str,
    pub packages: &'static [&'static str],
    pub is_there: fn() -> bool,
}

/// Installs what is missing where we may; says what to install where we may not.
pub fn missing(programs: &[Program]) -> Result<()> {
    let (names, packages) = look_for(programs);
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
    eprintln!("── install: {names}");
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], packages.as_slice()].concat())?;
    let (still, _) = look_for(programs);
    if !still.is_empty() {
        bail!("missing although apt-get installed {listed}: {}", still.join(", "));
    }
    Ok(())
}

/// Names of the missing ones, and the packages to install; each once.
fn look_for(programs: &[Program]) -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut names, mut packages) = (Vec::new(), Vec::new());
    for program in programs.iter().filter(|program| !(program.is_there)()) {
        if !names.contains(&program.name) {
            names.push(program.name);
            packages.extend(program.packages);
        }
    }
    (names, packages)
}

fn apt(arguments: &[&str]) -> Result<()> {
    // What `cargo xtask up` prints is for a shell to evaluate, so apt's words go elsewhere.
    let status = Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(std::io::stderr()).status()?;
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
    use super::*;

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("sh").is_some());
        assert!(find("no-program-is-called-this").is_none());
    }

    #[test]
    fn a_missing_program_is_listed_once_with_its_packages() {
        let absent = Program { name: "Absent", packages: &["absent", "absent-client"], is_there: || false };
        let present = Program { name: "Present", packages: &["present"], is_there: || true };
        assert_eq!(look_for(&[present, absent, absent]), (vec!["Absent"], vec!["absent", "absent-client"]));
    }
}
