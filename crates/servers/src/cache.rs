//! Things that are fetched or built once and kept outside the checkout.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

/// `$XDG_CACHE_HOME/schildwacht`, or `~/.cache/schildwacht`.
pub fn folder() -> Result<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // The XDG Base Directory Specification tells to pass over a path that is not absolute.
    let base = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    Ok(base.context("neither XDG_CACHE_HOME nor HOME is an absolute path")?.join("schildwacht"))
}

/// The folder of this name in the cache, filled by `fill` when it is not there yet.
///
/// It is filled beside its place and moved there whole, under a lock, so that neither an interruption nor a second process at the
/// same time leaves half of it.
pub fn once(name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    once_in(&folder()?, name, fill)
}

fn once_in(cache: &Path, name: &str, fill: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let place = cache.join(name);
    if place.is_dir() {
        return Ok(place);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot make the folder {}", cache.display()))?;
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock().context("cannot lock the cache")?;
    if place.is_dir() {
        return Ok(place);
    }
    let beside = tempfile::Builder::new().prefix(name).tempdir_in(cache)?;
    fill(beside.path())?;
    fs::rename(beside.keep(), &place).with_context(|| format!("cannot move what was fetched to {}", place.display()))?;
    Ok(place)
}

/// Checks files against a list as `sha256sum` writes it; a file that is missing, changed or not listed is refused.
pub fn verify(folder: &Path, sums: &str) -> Result<()> {
    let listed: Vec<&str> = sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name).collect();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if !listed.iter().any(|listed| *listed == name) {
            bail!("{} is not among the files we know; it was not asked for", name.display());
        }
    }
    let list = tempfile::NamedTempFile::new()?;
    fs::write(list.path(), sums)?;
    let output = Command::new("sha256sum")
        .args(["--check", "--quiet", "--strict"])
        .arg(list.path())
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .context("cannot run sha256sum")?;
    if !output.status.success() {
        let what = String::from_utf8_lossy(&output.stdout).trim().replace('\n', ", ");
        bail!("what was fetched is not what we know: {what}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(text: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), text).unwrap();
        let output = Command::new("sha256sum").arg("file").current_dir(folder.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "right").unwrap();
        verify(folder.path(), &sum_of("right")).unwrap();
        let refused = verify(folder.path(), &sum_of("wrong")).unwrap_err().to_string();
        assert!(refused.contains("file: FAILED"), "{refused}");
    }

    #[test]
    fn what_nobody_asked_for_is_refused_and_so_is_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let sums = sum_of("right");
        assert!(verify(folder.path(), &sums).is_err(), "missing");
        fs::write(folder.path().join("file"), "right").unwrap();
        fs::write(folder.path().join("another"), "").unwrap();
        let refused = verify(folder.path(), &sums).unwrap_err().to_string();
        assert!(refused.contains("another"), "{refused}");
    }

    #[test]
    fn a_folder_is_filled_once_and_half_of_it_is_never_seen() {
        let cache = tempfile::tempdir().unwrap();
        let failed = once_in(cache.path(), "thing", |folder| {
            fs::write(folder.join("half"), "")?;
            bail!("interrupted")
        });
        assert!(failed.is_err());
        assert!(!cache.path().join("thing").exists());

        let place = once_in(cache.path(), "thing", |folder| Ok(fs::write(folder.join("whole"), "")?)).unwrap();
        assert!(place.join("whole").is_file() && !place.join("half").exists());
        let again = once_in(cache.path(), "thing", |_| bail!("filled a second time")).unwrap();
        assert_eq!(again, place);
    }
}
