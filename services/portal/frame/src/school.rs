//! The school a page is about.

use proto::identity::v1 as wire;
use runtime::SchoolId;

use crate::{
    answer::{Unreadable, given, required_text},
    failure::Failure,
    problem::Problem,
    upstream::Calls,
};

/// One school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct School {
    pub id: String,
    pub name: String,
    pub municipality: String,
    pub institution_number: Option<String>,
    pub board: Option<String>,
    pub sites: Vec<Site>,
}

/// One site of a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub id: String,
    pub name: String,
}

/// The id in an address; what is no id names no school.
pub fn school_id(text: &str) -> Result<SchoolId, Failure> {
    text.parse().map_err(|_| Failure::Problem(Problem::NotFound))
}

/// One school.
pub async fn school(calls: &Calls, id: SchoolId) -> Result<School, Failure> {
    let school = calls.schools().get_school(wire::GetSchoolRequest { school_id: id.to_string() }).await?;
    Ok(School::try_from(school.into_inner())?)
}

impl School {
    /// A made-up one.
    pub fn sample() -> Self {
        Self {
            id: "0190c0de-0000-7000-8000-000000000001".to_owned(),
            name: "Basisschool De Zandloper".to_owned(),
            municipality: "Aalter".to_owned(),
            institution_number: Some("012345".to_owned()),
            board: None,
            sites: vec![Site { id: "site".to_owned(), name: "Hoofdgebouw".to_owned() }],
        }
    }
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
