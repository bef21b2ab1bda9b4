//! Builds the product and its load tests as a user would run them, and runs the load tests.
//!
//! Each is built by itself: what tests and load tests may do (feature `testing` of crate `auth`) must not be in the product.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::tree;

/// Hands the arguments on, and says whether it went well.
pub fn run(arguments: &[&str]) -> Result<bool> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for package in ["schildwacht", "schildwacht-load-tests"] {
        let build = ["build", "--release", "--package", package];
        let built = Command::new(&cargo).args(build).current_dir(tree::root()?).status().context("cannot run cargo")?;
        if !built.success() {
            return Ok(false);
        }
    }
    let load_tests = release_folder()?.join("schildwacht-load-tests");
    let ran = Command::new(&load_tests).args(arguments).status().with_context(|| format!("cannot run {}", load_tests.display()))?;
    Ok(ran.success())
}

/// Beside the one that this command was built into.
fn release_folder() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let target = this.ancestors().nth(2).context("this command does not stand in cargo's target folder")?;
    Ok(target.join("release"))
}
