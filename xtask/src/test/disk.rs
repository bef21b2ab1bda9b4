//! Room on the disk. Without it tests fail in a hundred ways, none of which says so.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A build of everything for tests takes about 6 GB, databases and brokers of a run 2 GB.
const NEEDED: u64 = 10 * GIB;
const GIB: u64 = 1024 * 1024 * 1024;

/// Refuses to begin what would run out of room in the middle.
pub fn require_room() -> Result<()> {
    for place in places()? {
        let free = free(&place)?;
        // What a build of an earlier run takes is not needed once more.
        let is_built = place.join("debug").is_dir();
        if free < if is_built { NEEDED / 3 } else { NEEDED } {
            bail!(
                "too little room: {} has {:.1} GiB free, a run takes up to {} GiB; free some, or set CARGO_TARGET_DIR and TMPDIR to another disk",
                place.display(),
                free as f64 / GIB as f64,
                NEEDED / GIB
            );
        }
    }
    Ok(())
}

/// For the closing notes.
pub fn left() -> Result<String> {
    let free: Vec<String> = places()?
        .iter()
        .map(|place| Ok(format!("{:.0} GiB at {}", free(place)? as f64 / GIB as f64, place.display())))
        .collect::<Result<_>>()?;
    Ok(format!("room left: {}", free.join(", ")))
}

/// Cargo's target folder and the one for temporary files.
fn places() -> Result<[PathBuf; 2]> {
    let this = std::env::current_exe()?;
    let target = this.ancestors().nth(2).unwrap_or(Path::new("/")).to_owned();
    Ok([target, std::env::temp_dir()])
}

fn free(place: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(place)?;
    Ok(disk.f_bavail * disk.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_some_room() {
        assert!(free(&std::env::temp_dir()).unwrap() > 0);
        assert!(left().unwrap().contains("GiB at"));
    }
}
