//! The product's executable.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// Where `cargo xtask bench` built it: beside this executable.
pub fn find() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let product = this.with_file_name("schildwacht");
    let advice = "run `cargo xtask bench`, which builds it, or give another one with --binary";
    ensure!(product.is_file(), "there is no {}: {advice}", product.display());
    product.canonicalize().context("the product's executable cannot be found")
}
