//! One version of a pack: the header of every pack, and its body.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::{Deserialize, de::DeserializeOwned};
use serde_saphyr::Spanned;

use crate::{
    flaw::{Flaw, Flaws},
    text::filled,
};

/// The body of a kind of pack. Each service defines its own.
pub trait Body: Sized {
    /// The folder under `content/`, and the `id` in each of its files.
    const ID: &'static str;

    /// The body as written in YAML. Wrap in [`Spanned`] the values that [`Body::read`] validates, and deny unknown fields.
    type Written: DeserializeOwned;

    /// Validates it and converts it for the service; adds every error to `flaws`.
    ///
    /// A pack with any error is refused, even if a body is returned.
    fn read(written: Self::Written, flaws: &mut Flaws) -> Option<Self>;
}

/// Where a pack's figures and rules come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The document, article or decision.
    #[serde(deserialize_with = "filled")]
    pub title: String,
    /// Where to read it.
    #[serde(default)]
    pub url: Option<String>,
}

/// One version of a pack.
#[derive(Debug, Clone)]
pub struct Pack<B> {
    /// Unique among the versions of the pack; records created under it store it.
    pub version: String,
    /// The first day it is valid, in Brussels.
    pub valid_from: NaiveDate,
    /// The last day it is valid, in Brussels; `None` while no end is known.
    pub valid_to: Option<NaiveDate>,
    /// At least one.
    pub sources: Vec<Source>,
    /// The file it was read from.
    pub file: String,
    pub body: B,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<W> {
    id: Spanned<String>,
    version: Spanned<String>,
    valid_from: Spanned<Day>,
    #[serde(default)]
    valid_to: Option<Spanned<Day>>,
    sources: Spanned<Vec<Source>>,
    body: W,
}

/// A day as written; its error shows the format.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Day(NaiveDate);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let day = written.parse().map_err(|_| format!("{written:?} is not a day; write the year, month and day, such as 2026-09-01"))?;
        Ok(Self(day))
    }
}

impl<B> Pack<B> {
    /// The days on which it is valid.
    pub(crate) fn days(&self) -> RangeInclusive<NaiveDate> {
        self.valid_from..=self.valid_to.unwrap_or(NaiveDate::MAX)
    }
}

/// A pack with the locations that the comparison with other versions reports.
pub(crate) struct Placed<B> {
    pub(crate) pack: Pack<B>,
    pub(crate) version: Spanned<()>,
    pub(crate) valid_from: Spanned<()>,
}

pub(crate) fn read<B: Body>(file: &str, text: &str) -> Result<Placed<B>, Vec<Flaw>> {
    let written: Written<B::Written> = serde_saphyr::from_str(text).map_err(|error| vec![Flaw::unreadable(file, &error)])?;

    let mut flaws = Flaws::of(file);
    if written.id.value != B::ID {
        flaws.add(&written.id, format!("the id is `{}`, but files in this folder are of pack `{}`", written.id.value, B::ID));
    }
    if written.version.value.trim().is_empty() {
        flaws.add(&written.version, "the version is empty; give one that no other file of this pack has, such as \"2026.1\"");
    }
    if let Some(valid_to) = written.valid_to.as_ref().filter(|valid_to| valid_to.value.0 < written.valid_from.value.0) {
        flaws.add(
            valid_to,
            format!("valid_to is before valid_from ({}); it is the last day on which the pack holds", written.valid_from.value.0),
        );
    }
    if written.sources.value.is_empty() {
        flaws.add(&written.sources, "no source is given; name at least one document, article or decision");
    }

    let body = B::read(written.body, &mut flaws);
    let found = flaws.into_found();
    let Some(body) = body.filter(|_| found.is_empty()) else {
        return Err(found);
    };
    Ok(Placed {
        version: place_of(&written.version),
        valid_from: place_of(&written.valid_from),
        pack: Pack {
            version: written.version.value,
            valid_from: written.valid_from.value.0,
            valid_to: written.valid_to.map(|valid_to| valid_to.value.0),
            sources: written.sources.value,
            file: file.to_owned(),
            body,
        },
    })
}

fn place_of<T>(value: &Spanned<T>) -> Spanned<()> {
    Spanned::new((), value.referenced, value.defined)
}
