//! A school, as it is named on pages.

use proto::identity::v1 as wire;

use super::{Unreadable, given, required_text};

/// One school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct School {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) municipality: String,
    pub(crate) institution_number: Option<String>,
    pub(crate) board: Option<String>,
    pub(crate) sites: Vec<Site>,
}

/// One site of a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl TryFrom<wire::School> for School {
    type Error = Unreadable;

    fn try_from(school: wire::School) -> Result<Self, Unreadable> {
        let site = |site: wire::Site| Site { name: given(site.name).unwrap_or(site.street), id: site.site_id };
        Ok(Self {
            id: required_text(school.school_id, "school.school_id")?,
            name: required_text(school.name, "school.name")?,
            municipality: school.municipality,
            institution_number: given(school.institution_number),
            board: school.board.map(|board| board.name).and_then(given),
            sites: school.sites.into_iter().map(site).collect(),
        })
    }
}
