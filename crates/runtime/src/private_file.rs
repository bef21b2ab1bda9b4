//! Files that only their owner may read, written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// Why a private file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PrivateFileError {
    /// Others may read it.
    #[error("{} can be read by other users of this machine; run: chmod 600 {}", .0.display(), .0.display())]
    ReadableByOthers(PathBuf),
    /// It cannot be read or written.
    #[error("{} cannot be read or written; check the rights of its folder", path.display())]
    Io {
        /// What was opened.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The file's text; `None` when there is no file.
///
/// # Errors
/// When others may read it, or the system refuses.
pub fn read(path: &Path) -> Result<Option<String>, PrivateFileError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if is_readable_by_others(&metadata) => return Err(PrivateFileError::ReadableByOthers(path.to_owned())),
        Ok(_) | Err(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(complain(path))
}

/// Writes the file (mode 0600): beside its place first, then moved into it, so that a crash leaves the old file or the new one.
///
/// # Errors
/// When the system refuses.
pub fn write(path: &Path, text: &str) -> Result<(), PrivateFileError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(complain(folder))?;
    write_and_move(folder, path, text).map_err(complain(path))
}

/// Whether [`write`] would find a folder where it may write.
///
/// # Errors
/// When the system refuses.
pub fn require_writable(path: &Path) -> Result<(), PrivateFileError> {
    let folder = folder_of(path);
    fs::create_dir_all(folder).map_err(complain(folder))?;
    NamedTempFile::new_in(folder).map(drop).map_err(complain(folder))
}

/// A name without a folder is in the one at hand.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn write_and_move(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(folder)?.sync_all()
}

fn complain(path: &Path) -> impl Fn(io::Error) -> PrivateFileError {
    let path = path.to_owned();
    move |source| PrivateFileError::Io { path: path.clone(), source }
}

fn is_readable_by_others(metadata: &fs::Metadata) -> bool {
    metadata.permissions().mode() & 0o077 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_can_read_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("key.pem");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, "first").unwrap();
        write(&path, "second").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("second"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(&path, "open").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn a_place_that_can_be_written_is_known_before_anything_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below").join("gateway.env");
        require_writable(&path).unwrap();
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 0, "nothing is left there");
        fs::write(&path, "no folder").unwrap();
        assert!(require_writable(&path.join("gateway.env")).unwrap_err().to_string().contains("cannot be read or written"));
        assert_eq!((folder_of(Path::new("gateway.env")), folder_of(Path::new("a/b"))), (Path::new("."), Path::new("a")));
    }

    #[test]
    fn what_a_crash_left_behind_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        fs::write(path.with_extension("new"), "half").unwrap();
        write(&path, "whole").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("whole"));
    }
}
