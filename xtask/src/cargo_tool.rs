//! Programs of others that extend cargo: built once from the registry, kept outside the checkout.

use std::path::PathBuf;

use anyhow::{Result, bail};
use servers::cache;

use crate::test::Environment;

/// One of them, at a version that we know.
#[derive(Debug, Clone, Copy)]
pub struct CargoTool {
    pub name: &'static str,
    pub version: &'static str,
    /// How long it takes to build, in words.
    pub builds_in: &'static str,
}

impl CargoTool {
    /// The program; it is built when it is not in the cache, with the dependencies that its makers locked.
    pub fn program(self) -> Result<PathBuf> {
        let Self { name, version, builds_in } = self;
        let folder = cache::once(&format!("{name}-{version}"), |folder| {
            eprintln!("── build: {name} {version}, once: {builds_in}");
            let work = tempfile::tempdir()?;
            let (root, target) = (folder.display().to_string(), work.path().display().to_string());
            // Without optimisation, since it takes less time to run than to optimise.
            let install =
                ["install", name, "--version", version, "--locked", "--quiet", "--debug", "--root", &root, "--target-dir", &target];
            let mut install = Environment::new().cargo(&install);
            install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_STRIP", "symbols").env("CARGO_INCREMENTAL", "0");
            // What cargo is told in our checkout is not for others.
            if !install.current_dir(work.path()).status()?.success() {
                bail!("{name} {version} cannot be built, see above");
            }
            Ok(())
        })?;
        Ok(folder.join("bin").join(name))
    }
}
