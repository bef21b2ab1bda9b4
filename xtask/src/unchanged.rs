//! Times of files in a fresh clone.
//!
//! Cargo rebuilds what is younger than what was built from it, and in a fresh clone every file is as young as the clone. So a
//! file that has the same content as in the clone before it gets the time it had there, and every other is made as young as now.
//!
//! Not `git-restore-mtime`: it gives a file the time of its last commit. A branch that goes back to an older version of a file would
//! make it older than the build of the newer version, and cargo would keep that build.
//!
//! All this holds only in a target folder that nothing else builds in, neither another command nor another checkout at the same time: what
//! they built of other sources would pass for a build of these. `.ci/run` has such a folder, and a lock.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Seek as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::tree;

/// In the target folder: files and folders by path, each with what stands for its content, and its time.
const NOTES: &str = "unchanged.json";

type Times = BTreeMap<String, (String, Duration)>;

/// Sets the times, and notes them for the next clone.
pub fn set_times() -> Result<bool> {
    let root = tree::root()?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).filter(|target| target.is_absolute());
    let Some(target) = target.filter(|target| !target.starts_with(&root)) else {
        bail!("name the folder for build products in CARGO_TARGET_DIR, outside of the checkout; see .ci/run")
    };
    let (unchanged, all) = set_times_in(&root, &target.join(NOTES))?;
    println!("{unchanged} of {all} files and folders are as they were when {} was last built in", target.display());
    Ok(true)
}

fn set_times_in(root: &Path, notes: &Path) -> Result<(usize, usize)> {
    // Removed until the new ones are written: after a failure here, nothing noted may be believed.
    let before = take(notes, root)?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let mut times = Times::new();
    let mut unchanged = 0;
    for (path, content) in contents(root)? {
        let place = root.join(&path);
        let file = File::open(&place).with_context(|| format!("cannot read {}", place.display()))?;
        let earlier = before.get(&path).filter(|(known, _)| *known == content);
        unchanged += usize::from(earlier.is_some());
        let time = earlier.map_or(now, |(_, time)| *time);
        file.set_modified(SystemTime::UNIX_EPOCH + time).with_context(|| format!("cannot set the time of {}", place.display()))?;
        times.insert(path, (content, time));
    }
    // Before anything of it is built: an interrupted build is then older than what it has not come to.
    write(notes, root, &times)?;
    Ok((unchanged, times.len()))
}

/// What stands for the content of everything that git knows: for a file its hash, for a folder the names in it.
fn contents(root: &Path) -> Result<BTreeMap<String, String>> {
    let listed = git(root, &["ls-files", "--cached"], "")?;
    let hashes = git(root, &["hash-object", "--no-filters", "--stdin-paths"], &listed)?;
    let mut contents: BTreeMap<String, String> =
        listed.lines().zip(hashes.lines()).map(|(path, hash)| (path.into(), hash.into())).collect();
    if contents.len() != listed.lines().count() {
        bail!("git hashed {} of {} files", contents.len(), listed.lines().count());
    }
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    for path in contents.keys() {
        let mut path = path.as_str();
        while let Some((folder, name)) = path.rsplit_once('/') {
            let names = folders.entry(folder.to_owned()).or_default();
            // In order, so a folder within it comes as often as it has files, one after the other.
            if names.rsplit('/').next() != Some(name) {
                names.push('/');
                names.push_str(name);
            }
            path = folder;
        }
    }
    contents.append(&mut folders);
    Ok(contents)
}

fn git(root: &Path, arguments: &[&str], input: &str) -> Result<String> {
    // A file and no pipe: it answers while it still reads.
    let mut file = tempfile::tempfile()?;
    file.write_all(input.as_bytes())?;
    file.rewind()?;
    let mut command = Command::new("git");
    command.current_dir(root).args(["-c", "core.quotePath=false"]).args(arguments);
    let output = command.stdin(file).stderr(Stdio::inherit()).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git {} failed in {}", arguments.join(" "), root.display());
    }
    String::from_utf8(output.stdout).context("a file of ours has a name that is no text")
}

/// Reads and removes the notes. Nothing when there are none, or when they are of another checkout: what was built there names its paths.
fn take(notes: &Path, root: &Path) -> Result<Times> {
    let text = match fs::read_to_string(notes) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Times::new()),
        text => text.with_context(|| format!("cannot read {}", notes.display()))?,
    };
    fs::remove_file(notes)?;
    let noted: Value = serde_json::from_str(&text).with_context(|| format!("{} was damaged", notes.display()))?;
    if noted["checkout"] != json!(root) {
        return Ok(Times::new());
    }
    serde_json::from_value(noted["times"].clone()).with_context(|| format!("{} was damaged", notes.display()))
}

fn write(notes: &Path, root: &Path, times: &Times) -> Result<()> {
    let folder = notes.parent().context("the notes have no folder")?;
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(json!({ "checkout": root, "times": times }).to_string().as_bytes())?;
    file.persist(notes)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: [&str; 4] = ["Cargo.toml", "src/main.rs", "src/deep/one.rs", "naïef/a b.txt"];

    /// A fresh clone in place of the one before it.
    fn clone(root: &Path, files: &[(&str, &str)]) {
        if root.exists() {
            fs::remove_dir_all(root).unwrap();
        }
        for (path, text) in files {
            let place = root.join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, text).unwrap();
        }
        for arguments in [&["init", "--quiet"][..], &["add", "--all"]] {
            git(root, arguments, "").unwrap();
        }
    }

    /// One with a single file, and a place for notes, in a folder that goes with what is returned first.
    fn small_clone() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (root, notes) = (folder.path().join("clone"), folder.path().join("notes"));
        clone(&root, &[("a", "a")]);
        (folder, root, notes)
    }

    fn time(root: &Path, path: &str) -> SystemTime {
        fs::metadata(root.join(path)).unwrap().modified().unwrap()
    }

    #[test]
    fn what_is_as_it_was_gets_the_time_it_had_and_what_has_changed_is_young() {
        let folder = tempfile::tempdir().unwrap();
        let (root, notes) = (folder.path().join("clone"), folder.path().join("target/notes"));
        let all = FILES.map(|path| (path, path));
        clone(&root, &all);
        // Four files and three folders.
        assert_eq!(set_times_in(&root, &notes).unwrap(), (0, 7));
        let before = FILES.map(|path| time(&root, path));
        let folders = ["src", "src/deep", "naïef"];
        let folders_before = folders.map(|path| time(&root, path));

        clone(&root, &all);
        assert!(FILES.iter().zip(before).all(|(path, before)| time(&root, path) > before), "a clone is young");
        assert_eq!(set_times_in(&root, &notes).unwrap(), (7, 7));
        assert_eq!(FILES.map(|path| time(&root, path)), before);
        assert_eq!(folders.map(|path| time(&root, path)), folders_before);

        clone(&root, &[all[0], (FILES[1], "changed"), all[2], all[3], ("src/deep/two.rs", "new")]);
        assert_eq!(set_times_in(&root, &notes).unwrap(), (5, 8));
        let young = |path: &str, before: SystemTime| time(&root, path) > before;
        assert!(young(FILES[1], before[1]) && young("src/deep/two.rs", before[2]) && young("src/deep", folders_before[1]));
        assert_eq!([0, 2, 3].map(|at| time(&root, FILES[at])), [0, 2, 3].map(|at| before[at]));
        let changed_at = time(&root, FILES[1]);

        // What was there once, but not the last time, was built from something else since.
        clone(&root, &all);
        assert_eq!(set_times_in(&root, &notes).unwrap(), (5, 7));
        assert!(time(&root, FILES[1]) > changed_at);
    }

    #[test]
    fn what_was_noted_of_another_checkout_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let notes = folder.path().join("notes");
        for name in ["one", "other"] {
            let root = folder.path().join(name);
            clone(&root, &[("a", "same")]);
            assert_eq!(set_times_in(&root, &notes).unwrap(), (0, 1));
        }
    }

    #[test]
    fn notes_that_cannot_be_read_are_said() {
        let (_folder, root, notes) = small_clone();
        fs::write(&notes, "{").unwrap();
        assert!(set_times_in(&root, &notes).unwrap_err().to_string().contains("was damaged"));
        assert!(!notes.exists());
    }

    #[test]
    fn after_a_failure_nothing_is_believed() {
        let (_folder, root, notes) = small_clone();
        set_times_in(&root, &notes).unwrap();
        // git lists what is not there any more.
        fs::remove_file(root.join("a")).unwrap();
        set_times_in(&root, &notes).unwrap_err();
        clone(&root, &[("a", "a")]);
        assert_eq!(set_times_in(&root, &notes).unwrap(), (0, 1));
    }

    #[test]
    fn an_old_file_that_is_not_noted_is_made_young() {
        let (_folder, root, notes) = small_clone();
        let start = SystemTime::now();
        File::open(root.join("a")).unwrap().set_modified(start - Duration::from_secs(86_400)).unwrap();
        set_times_in(&root, &notes).unwrap();
        assert!(time(&root, "a") >= start);
    }
}
