//! Room on the disk. Without it tests fail in a hundred ways, none of which says so.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A build of everything for tests; a third of it where an earlier run has built.
const FOR_BUILDING: u64 = 10 * GIB;
/// Databases, brokers and logs of a run.
const FOR_RUNNING: u64 = 3 * GIB;
const GIB: u64 = 1024 * 1024 * 1024;

/// Refuses to begin what would run out of room in the middle.
pub fn require_room() -> Result<()> {
    let [target, temporary] = places()?;
    let is_built = target.join("debug/deps").is_dir();
    let for_building = if is_built { FOR_BUILDING / 3 } else { FOR_BUILDING };
    for (place, needed, variable) in [(target, for_building, "CARGO_TARGET_DIR"), (temporary, FOR_RUNNING, "TMPDIR")] {
        let free = free(&place)?;
        if free < needed {
            bail!(
                "too little room: {} has {:.1} GiB free, a run takes up to {} GiB there; free some, or set {variable} to another disk",
                place.display(),
                free as f64 / GIB as f64,
                needed / GIB
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
