//! The OpenTelemetry Collector: an agent that schools use, built once from Go's modules by its own builder.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{cache, install::find};

/// Where tests find the program; those that need it are skipped when this is not set.
pub const VARIABLE: &str = "SCHILDWACHT_TEST_COLLECTOR";

/// Its version and modules.
const MANIFEST: &str = include_str!("collector/manifest.yaml");

/// Its builder, of the same version.
const BUILDER: &str = "go.opentelemetry.io/collector/cmd/builder";

/// What the manifest calls the program.
const NAME: &str = "otelcol";

/// The program: the one given by the environment, or ours, which is built when it is not in the cache. `None` where Go is not installed.
///
/// Go checks every module against its public checksum database.
pub fn program() -> Result<Option<PathBuf>> {
    if let Some(given) = std::env::var_os(VARIABLE) {
        return Ok(Some(given.into()));
    }
    let Some(go) = find("go") else { return Ok(None) };
    let folder = cache::once(&format!("{NAME}-{}-{:016x}", version()?, fingerprint()), |folder| build(&go, folder))?;
    Ok(Some(folder.join(NAME)))
}

fn version() -> Result<&'static str> {
    MANIFEST.lines().find_map(|line| line.trim().strip_prefix("version: ")).context("the Collector's manifest names no version")
}

/// Of the manifest, so that another list of modules is another program.
fn fingerprint() -> u64 {
    let mut hasher = DefaultHasher::new();
    MANIFEST.hash(&mut hasher);
    hasher.finish()
}

fn build(go: &Path, folder: &Path) -> Result<()> {
    let version = version()?;
    eprintln!("── fetch: OpenTelemetry Collector {version}, which is then built: about three minutes");
    let work = tempfile::tempdir()?;
    fs::write(work.path().join("manifest.yaml"), MANIFEST)?;
    run(Command::new(go).args(["install", &format!("{BUILDER}@v{version}")]).env("GOBIN", work.path()), work.path())?;
    run(Command::new(work.path().join("builder")).args(["--config", "manifest.yaml"]), work.path())?;
    fs::copy(work.path().join("built").join(NAME), folder.join(NAME)).context("the Collector's builder built nothing")?;
    Ok(())
}

fn run(command: &mut Command, folder: &Path) -> Result<()> {
    let output = command.current_dir(folder).stdin(Stdio::null()).output().context("cannot build the Collector")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last: Vec<&str> = said.trim().lines().rev().take(5).collect();
        bail!("cannot build the Collector:\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_names_one_version_and_where_we_look_for_the_program() {
        let of_the_core = format!("otlphttpexporter v{}", version().unwrap());
        for line in [of_the_core.as_str(), "name: otelcol", "output_path: built"] {
            assert!(MANIFEST.contains(line), "{line}");
        }
    }
}
