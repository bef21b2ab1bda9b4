//! Fetching from the Maven registry that this machine is set up for.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// Puts the libraries that a project needs at run time into a folder.
pub fn copy_dependencies(pom: &str, into: &Path) -> Result<()> {
    let project = tempfile::tempdir()?;
    std::fs::write(project.path().join("pom.xml"), pom)?;
    let goal =
        ["dependency:copy-dependencies".to_owned(), "-DincludeScope=runtime".to_owned(), format!("-DoutputDirectory={}", into.display())];
    maven(&goal, project.path())
}

/// Puts one artifact, `group:artifact:version:type`, into a folder.
pub fn copy(artifact: &str, into: &Path) -> Result<()> {
    let goal = ["dependency:copy".to_owned(), format!("-Dartifact={artifact}"), format!("-DoutputDirectory={}", into.display())];
    maven(&goal, into)
}

fn maven(goal: &[String], folder: &Path) -> Result<()> {
    let output = Command::new("mvn")
        .args(["--batch-mode", "--quiet", "--strict-checksums"])
        .args(goal)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("cannot run mvn")?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("[ERROR]")).take(5).collect();
    bail!("mvn {} failed:\n{}", goal.first().map_or("", String::as_str), errors.join("\n"))
}
