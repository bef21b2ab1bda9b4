//! The data folder: one process at a time, no other account of the machine, and a clear line when it cannot be used.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

const LOCK_FILE: &str = "schildwacht.lock";
/// Any right of the group or of others.
const FOR_OTHERS: u32 = 0o077;

/// Why the data folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be created or written.
    #[error("cannot use the data folder {}; give another with --data-dir", folder.display())]
    Unusable {
        folder: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Another process has locked it.
    #[error("the data folder {} is in use by another schildwacht process; stop that one or give another folder with --data-dir", folder.display())]
    InUse { folder: PathBuf },
    /// It was there before, and other accounts may look into it. Not mended by us: it may be a folder that others need, such as /tmp.
    #[error(
        "the data folder {} is open to other accounts of this machine (mode {mode:o}), and secrets and what schools send are kept there; \
         make it private with `chmod 700 {}`, or give another folder with --data-dir",
        folder.display(), folder.display()
    )]
    Open { folder: PathBuf, mode: u32 },
}

/// The data folder, locked by this process until it ends.
#[derive(Debug)]
pub struct DataDir {
    folder: PathBuf,
    /// The folders that were made for it, the outermost first.
    made: Vec<PathBuf>,
    // The lock is released with the file handle, also when the process is killed.
    _lock: File,
}

impl DataDir {
    /// Creates the folder if it is missing, readable by this user only, and locks it for this process.
    pub fn take(folder: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable { folder: folder.to_owned(), source };
        let made = missing(folder);
        create_private(folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;
        let metadata = fs::metadata(&folder).map_err(unusable)?;
        let mode = metadata.permissions().mode() & 0o7777;
        // A volume of a cluster belongs to somebody else, who alone can change its mode, and is mounted for this process only.
        let is_volume = metadata.uid() != fs::metadata("/proc/self").map_or(metadata.uid(), |own| own.uid());
        if mode & FOR_OTHERS != 0 && !is_volume {
            return Err(DataDirError::Open { folder, mode });
        }
        let mut lock = File::options().create(true).write(true).truncate(false).open(folder.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse { folder }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // Information for people; never read back.
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(unusable)?;
        Ok(Self { folder, made, _lock: lock })
    }

    /// After a start that failed: removes the folders that this start made, as long as nothing is kept there.
    pub fn leave_no_trace(self) {
        let is_empty = fs::read_dir(&self.folder).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == LOCK_FILE));
        if self.made.is_empty() || !is_empty {
            return;
        }
        // Takes empty folders only. What cannot be removed does no harm.
        let _left = fs::remove_file(self.folder.join(LOCK_FILE));
        for folder in self.made.iter().rev() {
            let _left = fs::remove_dir(folder);
        }
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.folder
    }
}

/// Those of this folder and its parents that are not there, the outermost first.
fn missing(folder: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> =
        folder.ancestors().take_while(|one| !one.as_os_str().is_empty() && !one.exists()).map(Path::to_owned).collect();
    missing.reverse();
    missing
}

fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_told_to_look_elsewhere() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("var");
        let first = DataDir::take(&folder).unwrap();
        let refusal = DataDir::take(&folder).unwrap_err().to_string();
        assert!(refusal.contains("in use") && refusal.contains("--data-dir"), "{refusal}");
        drop(first);
        DataDir::take(&folder).expect("free again once the first has gone");
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_refused_and_left_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o755, 0o750, 0o701, 0o1777] {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let refusal = DataDir::take(folder.path()).unwrap_err().to_string();
            assert!(refusal.contains(&format!("mode {mode:o}")) && refusal.contains("chmod 700"), "{refusal}");
            assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o7777, mode);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written there");
        }
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        DataDir::take(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_was_made_is_private_and_goes_with_a_failed_start() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let taken = DataDir::take(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & FOR_OTHERS, 0);
        taken.leave_no_trace();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_kept_or_was_there_before_survives_a_failed_start() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a");
        let taken = DataDir::take(&folder).unwrap();
        fs::write(folder.join("identity.db"), "kept").unwrap();
        taken.leave_no_trace();
        assert!(folder.join("identity.db").exists());

        let before = parent.path().join("before");
        create_private(&before).unwrap();
        DataDir::take(&before).unwrap().leave_no_trace();
        assert!(before.join(LOCK_FILE).exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_said_with_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refusal = DataDir::take(&file.path().join("below")).unwrap_err().to_string();
        assert!(refusal.contains("below"), "{refusal}");
    }
}
