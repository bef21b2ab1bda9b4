//! The few file operations that make a log durable.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, IoSlice, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::log::LogError;

/// Linux takes no more pieces in one `writev`.
const PIECES_A_CALL: usize = 1024;

/// How much is written again at once.
const REWRITE_BYTES: usize = 1024 * 1024;

/// Why a write did not happen.
#[derive(Debug)]
pub(super) enum WriteFailure {
    /// The file is as it was before; later writes may work.
    Undone(String),
    /// What the file holds is unknown until the log is opened again.
    Unknown(String),
}

/// What could not even begin has changed nothing.
impl From<LogError> for WriteFailure {
    fn from(error: LogError) -> Self {
        Self::Undone(error.to_string())
    }
}

impl From<WriteFailure> for LogError {
    fn from(failure: WriteFailure) -> Self {
        let (WriteFailure::Undone(reason) | WriteFailure::Unknown(reason)) = failure;
        Self::Unavailable { reason }
    }
}

/// Puts file and action into words for the operator.
pub(super) fn failed(action: &str, path: &Path, error: &io::Error) -> LogError {
    LogError::Unavailable { reason: format!("cannot {action} {}: {error}", path.display()) }
}

/// Makes names created in or removed from the folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), LogError> {
    File::open(folder).and_then(|opened| sync_opened_folder(&opened)).map_err(|error| failed("flush folder", folder, &error))
}

#[cfg(not(test))]
fn sync_opened_folder(folder: &File) -> io::Result<()> {
    folder.sync_all()
}

#[cfg(test)]
thread_local! {
    /// How many of the next flushes of folders fail on this thread.
    pub(super) static FOLDER_FLUSHES_TO_FAIL: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn sync_opened_folder(folder: &File) -> io::Result<()> {
    let left = FOLDER_FLUSHES_TO_FAIL.get();
    FOLDER_FLUSHES_TO_FAIL.set(left.saturating_sub(1));
    if left > 0 { Err(io::Error::other("as the test wants it")) } else { folder.sync_all() }
}

/// Creates a folder and up to `depth - 1` missing parents durably.
pub(super) fn create_folder(folder: &Path, depth: usize) -> Result<(), LogError> {
    fs::create_dir_all(folder).map_err(|error| failed("create folder", folder, &error))?;
    flush_parents(folder, depth)
}

/// Makes the folder's name and those of its parents durable, also where they were there before: a process that was killed may have created
/// and not flushed them.
pub(super) fn flush_parents(folder: &Path, depth: usize) -> Result<(), LogError> {
    let parents = folder.ancestors().skip(1).take(depth);
    parents.map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).try_for_each(sync_folder)
}

/// A file under a temporary name that appears under its own only when it is complete and on disk.
///
/// A crash leaves either nothing but the temporary file, which the next start removes, or the whole.
pub(super) struct NewFile {
    pub file: File,
    /// Opened beforehand, as there may be no file left to open when the new name must be flushed.
    folder: File,
    temporary: PathBuf,
    path: PathBuf,
}

impl NewFile {
    pub(super) const SUFFIX: &str = ".tmp";

    pub(super) fn create(path: PathBuf) -> Result<Self, LogError> {
        let mut temporary = path.clone().into_os_string();
        temporary.push(Self::SUFFIX);
        let temporary = PathBuf::from(temporary);
        let folder = path.parent().unwrap_or(Path::new("."));
        let folder = File::open(folder).map_err(|error| failed("open folder", folder, &error))?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(|error| failed("create", &temporary, &error))?;
        Ok(Self { file, folder, temporary, path })
    }

    /// Flushes the file, gives it its name and flushes the folder. After an error the name may be there all the same.
    pub(super) fn finish(self) -> Result<File, LogError> {
        self.appear()?;
        Ok(self.file)
    }

    /// The same for a name that did not exist before: after an error it does not exist either, or that is not known.
    pub(super) fn finish_or_undo(self) -> Result<File, WriteFailure> {
        let Err(error) = self.appear() else { return Ok(self.file) };
        match remove(&self.path).and_then(|()| self.flush_folder()) {
            Ok(()) => Err(WriteFailure::Undone(error.to_string())),
            Err(also) => Err(WriteFailure::Unknown(format!("{error}; and cannot undo that: {also}"))),
        }
    }

    fn appear(&self) -> Result<(), LogError> {
        self.file.sync_all().map_err(|error| failed("flush", &self.temporary, &error))?;
        fs::rename(&self.temporary, &self.path).map_err(|error| failed("rename", &self.temporary, &error))?;
        self.flush_folder()
    }

    fn flush_folder(&self) -> Result<(), LogError> {
        sync_opened_folder(&self.folder).map_err(|error| failed("flush the folder of", &self.path, &error))
    }
}

/// Replaces a small file in one step.
pub(super) fn replace(path: PathBuf, content: &[u8]) -> Result<(), LogError> {
    let mut new = NewFile::create(path)?;
    new.file.write_all(content).map_err(|error| failed("write", &new.temporary, &error))?;
    new.finish().map(drop)
}

/// Removes a file that may be gone already.
pub(super) fn remove(path: &Path) -> Result<(), LogError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Writes again what the file holds in the range, so that the next flush brings it to disk whatever became of the one before.
pub(super) fn write_again(file: &File, range: Range<u64>) -> io::Result<()> {
    let mut buffer = vec![0; REWRITE_BYTES];
    let mut at = range.start;
    while at < range.end {
        let size = usize::try_from(range.end - at).unwrap_or(REWRITE_BYTES).min(REWRITE_BYTES);
        file.read_exact_at(&mut buffer[..size], at)?;
        file.write_all_at(&buffer[..size], at)?;
        at += size as u64;
    }
    Ok(())
}

/// Writes all pieces in order, at the file's own position.
pub(super) fn write_all_vectored(mut file: &File, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    let mut left = pieces;
    // Skips empty pieces, which would make a complete write look like none.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        let now = left.len().min(PIECES_A_CALL);
        match file.write_vectored(&left[..now]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
