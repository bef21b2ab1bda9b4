//! The organisation that a page is about, and what its level is called.

use auth::Resource;
use portal_frame::{Failure, Language, Problem, mark::Icon};
use proto::identity::v1::{EnrolmentLevel, get_enrolment_request, propose_override_request};
use runtime::{SchoolId, VendorId};

use super::words::EnrolmentWords;

/// A school or a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    School(SchoolId),
    Vendor(VendorId),
}

impl Subject {
    /// The id in the address of a page of a vendor; what is no id names no vendor.
    pub(crate) fn vendor(id: &str) -> Result<VendorId, Failure> {
        id.parse().map_err(|_| Failure::Problem(Problem::NotFound))
    }

    /// The address of its page.
    pub(crate) fn place(self) -> String {
        match self {
            Self::School(id) => format!("/scholen/{id}/controles"),
            Self::Vendor(id) => format!("/leveranciers/{id}"),
        }
    }

    pub(crate) const fn resource(self) -> Resource {
        match self {
            Self::School(id) => Resource::School(id),
            Self::Vendor(id) => Resource::Vendor(id),
        }
    }

    pub(crate) fn to_get(self) -> Option<get_enrolment_request::Organisation> {
        use get_enrolment_request::Organisation;
        Some(match self {
            Self::School(id) => Organisation::SchoolId(id.to_string()),
            Self::Vendor(id) => Organisation::VendorId(id.to_string()),
        })
    }

    pub(crate) fn to_override(self) -> Option<propose_override_request::Organisation> {
        use propose_override_request::Organisation;
        Some(match self {
            Self::School(id) => Organisation::SchoolId(id.to_string()),
            Self::Vendor(id) => Organisation::VendorId(id.to_string()),
        })
    }
}

/// A level, in a word or two.
pub(crate) const fn level_words(language: Language, level: EnrolmentLevel) -> &'static str {
    let words = EnrolmentWords(language);
    match level {
        EnrolmentLevel::Unspecified => "",
        EnrolmentLevel::Unproven => words.level_unproven(),
        EnrolmentLevel::Provisional => words.level_provisional(),
        EnrolmentLevel::Confirmed => words.level_confirmed(),
        EnrolmentLevel::Draft => words.level_draft(),
        EnrolmentLevel::MaySubmit => words.level_may_submit(),
        EnrolmentLevel::Lapsed => words.level_lapsed(),
        EnrolmentLevel::Suspended => words.level_suspended(),
    }
}

pub(crate) const fn level_tone(level: EnrolmentLevel) -> Option<&'static str> {
    match level {
        EnrolmentLevel::Confirmed | EnrolmentLevel::MaySubmit => Some("ok"),
        EnrolmentLevel::Lapsed => Some("warn"),
        EnrolmentLevel::Suspended => Some("bad"),
        EnrolmentLevel::Unspecified | EnrolmentLevel::Unproven | EnrolmentLevel::Provisional | EnrolmentLevel::Draft => None,
    }
}

pub(crate) const fn level_icon(level: EnrolmentLevel) -> Icon {
    match level {
        EnrolmentLevel::Confirmed | EnrolmentLevel::MaySubmit => Icon::Check,
        EnrolmentLevel::Provisional => Icon::Partly,
        EnrolmentLevel::Lapsed => Icon::Alert,
        EnrolmentLevel::Suspended => Icon::Stop,
        EnrolmentLevel::Unspecified | EnrolmentLevel::Unproven | EnrolmentLevel::Draft => Icon::Question,
    }
}
