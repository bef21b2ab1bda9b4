//! All versions of one pack, and the one that is valid at a moment.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Brussels;
use serde::Deserialize;

use crate::{
    embedded,
    flaw::{Flaws, LoadError},
    pack::{self, Body, Pack, Placed},
};

/// Where content comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// A folder laid out like `content/`, whose packs replace those in the binary. Unset: the binary's.
    pub folder: Option<PathBuf>,
}

/// All versions of one pack, oldest first. No two of them are valid on the same day.
#[derive(Debug)]
pub struct Library<B> {
    packs: Vec<Pack<B>>,
}

/// No version of the pack is valid on that day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no version of content pack {id} holds on {day}; add a file whose valid_from and valid_to include that day")]
pub struct NotInForce {
    /// The pack.
    pub id: &'static str,
    /// The day in Brussels.
    pub day: NaiveDate,
}

impl<B: Body> Library<B> {
    /// Reads all versions, from the configured folder where that has any, else from the binary.
    pub fn load(settings: &Settings) -> Result<Self, LoadError> {
        let mut files = match &settings.folder {
            Some(folder) => files_in(folder, B::ID)?,
            None => Vec::new(),
        };
        if files.is_empty() {
            files = embedded::FILES
                .iter()
                .filter(|file| file.folder == B::ID)
                .map(|file| (file.name.to_owned(), file.text.to_owned()))
                .collect();
        }
        Self::read(&files)
    }

    /// Reads all versions from texts, each with the name of its file.
    pub fn read(files: &[(String, String)]) -> Result<Self, LoadError> {
        if files.is_empty() {
            return Err(LoadError::Missing { id: B::ID });
        }
        let mut flaws = Vec::new();
        let mut placed: Vec<Placed<B>> = Vec::new();
        for (file, text) in files {
            match pack::read(file, text) {
                Ok(pack) => placed.push(pack),
                Err(found) => flaws.extend(found),
            }
        }
        placed.sort_by_key(|placed| placed.pack.valid_from);
        for (index, later) in placed.iter().enumerate() {
            let mut found = Flaws::of(&later.pack.file);
            compare(&placed[..index], later, &mut found);
            flaws.extend(found.into_found());
        }
        if !flaws.is_empty() {
            return Err(LoadError::Flawed { id: B::ID, flaws });
        }
        Ok(Self { packs: placed.into_iter().map(|placed| placed.pack).collect() })
    }

    /// The version that is valid at a moment. Days begin at midnight in Brussels.
    pub fn at(&self, moment: DateTime<Utc>) -> Result<&Pack<B>, NotInForce> {
        let day = moment.with_timezone(&Brussels).date_naive();
        self.packs.iter().find(|pack| pack.days().contains(&day)).ok_or(NotInForce { id: B::ID, day })
    }

    /// The version of this name, valid or expired; `None` when its file is gone.
    pub fn version(&self, version: &str) -> Option<&Pack<B>> {
        self.packs.iter().find(|pack| pack.version == version)
    }

    /// All versions, oldest first.
    pub fn packs(&self) -> &[Pack<B>] {
        &self.packs
    }
}

fn compare<B>(earlier: &[Placed<B>], later: &Placed<B>, flaws: &mut Flaws) {
    for other in earlier {
        if other.pack.version == later.pack.version {
            flaws.add(&later.version, format!("version {} is also that of {}", other.pack.version, other.pack.file));
        }
        let both_hold_on_a_day = other.pack.days().contains(&later.pack.valid_from);
        if both_hold_on_a_day {
            let advice = "set its valid_to to the day before";
            flaws.add(&later.valid_from, format!("{} still holds on {}; {advice}", other.pack.file, later.pack.valid_from));
        }
    }
}

fn files_in(folder: &Path, id: &str) -> Result<Vec<(String, String)>, LoadError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| LoadError::Unreadable { path, source }
    };
    // A missing folder is a configuration error; a folder without this pack is not.
    fs::read_dir(folder).map_err(unreadable(folder))?;
    let pack_folder = folder.join(id);
    if !pack_folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(&pack_folder).map_err(unreadable(&pack_folder))? {
        let path = entry.map_err(unreadable(&pack_folder))?.path();
        let is_pack = path.extension().is_some_and(|extension| extension == "yaml");
        if is_pack {
            let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Ok(files)
}
