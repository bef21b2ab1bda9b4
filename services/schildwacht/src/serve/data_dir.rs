//! The data folder: one process at a time, and a clear line when it cannot be used.

use std::{
    fs::{File, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

const LOCK_FILE: &str = "schildwacht.lock";

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
}

/// The data folder, locked by this process until it ends.
#[derive(Debug)]
pub struct DataDir {
    folder: PathBuf,
    // The lock is released with the file handle, also when the process is killed.
    _lock: File,
}

impl DataDir {
    /// Creates the folder if it is missing, readable by this user only, and locks it for this process.
    pub fn take(folder: &Path) -> Result<Self, DataDirError> {
        let unusable = |source| DataDirError::Unusable { folder: folder.to_owned(), source };
        create_private(folder).map_err(unusable)?;
        let folder = folder.canonicalize().map_err(unusable)?;
        let mut lock = File::options().create(true).write(true).truncate(false).open(folder.join(LOCK_FILE)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataDirError::InUse { folder }),
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        // Information for people; never read back.
        lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id())).map_err(unusable)?;
        Ok(Self { folder, _lock: lock })
    }

    /// The folder, absolute.
    pub fn path(&self) -> &Path {
        &self.folder
    }
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
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::take(folder.path()).unwrap();
        let refusal = DataDir::take(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("in use") && refusal.contains("--data-dir"), "{refusal}");
        drop(first);
        DataDir::take(folder.path()).expect("free again once the first has gone");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_said_with_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refusal = DataDir::take(&file.path().join("below")).unwrap_err().to_string();
        assert!(refusal.contains("below"), "{refusal}");
    }
}
