//! axe-core, the accessibility checker that browser tests load into our pages: fetched once, kept outside the checkout.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use servers::cache;

const VERSION: &str = "4.14.1";
/// Of the package, as npm computes it; another package of this version is refused.
const INTEGRITY: &str = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==";

/// The path of the script. A script given by the environment is used as it is.
pub fn script() -> Result<String> {
    if let Ok(given) = std::env::var(servers::AXE) {
        return Ok(given);
    }
    let folder = cache::once(&format!("axe-core-{VERSION}"), fetch)?;
    Ok(folder.join("package").join("axe.min.js").display().to_string())
}

fn fetch(folder: &Path) -> Result<()> {
    let output = Command::new("npm")
        .args(["pack", "--json", "--loglevel=error", &format!("axe-core@{VERSION}")])
        .current_dir(folder)
        .output()
        .context("cannot run npm")?;
    if !output.status.success() {
        bail!("npm pack failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let packed: serde_json::Value = serde_json::from_slice(&output.stdout).context("npm pack answered something else than JSON")?;
    let field = |name: &str| packed.pointer(&format!("/0/{name}")).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let archive = folder.join(field("filename"));
    if field("integrity") != INTEGRITY {
        bail!("the package is not the one we know: expected {INTEGRITY}, got {:?}", field("integrity"));
    }
    let status = Command::new("tar").arg("-xzf").arg(&archive).current_dir(folder).status().context("cannot run tar")?;
    if !status.success() {
        bail!("tar cannot unpack {}", archive.display());
    }
    fs::remove_file(&archive)?;
    Ok(())
}
