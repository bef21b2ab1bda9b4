//! The form of a vendor.

use askama::Template;
use portal_frame::{Frame, mark::Icon, samples::Page};
use proto::identity::v1 as wire;

use super::words::VendorWords;
use crate::enrolment::Subject;

/// Adding a vendor, or changing its details.
#[derive(Template)]
#[template(path = "vendor/form.html")]
pub(crate) struct VendorPage {
    pub(crate) frame: Frame,
    /// The one to change; `None`: a new one.
    pub(crate) vendor: Option<Subject>,
    /// Whether the visitor enrols the vendor that they work for.
    pub(crate) registers: bool,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
    /// Makes sending twice add once.
    pub(crate) request_id: String,
}

/// What a person writes of a vendor.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) domain: String,
    pub(crate) contact: String,
    pub(crate) etag: String,
}

/// What to correct, or why it cannot be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) number: bool,
    pub(crate) name: bool,
    pub(crate) domain: bool,
    pub(crate) contact: bool,
    /// Another vendor has the number.
    pub(crate) is_taken: bool,
    /// The visitor registered too many today.
    pub(crate) too_many: bool,
    /// The address was written to too often today.
    pub(crate) too_many_letters: bool,
    /// Somebody else was faster.
    pub(crate) has_changed: bool,
}

impl From<wire::Vendor> for Written {
    fn from(vendor: wire::Vendor) -> Self {
        let wire::Vendor { enterprise_number, name, domain, security_contact, etag, .. } = vendor;
        Self { number: enterprise_number, name, domain, contact: security_contact, etag }
    }
}

impl Problems {
    /// Whether it is refused whatever the fields hold.
    pub(super) const fn refuses_all(&self) -> bool {
        self.is_taken || self.too_many || self.too_many_letters || self.has_changed
    }
}

impl VendorPage {
    const fn words(&self) -> VendorWords {
        VendorWords(self.frame.preferences.language)
    }

    const fn title(&self) -> &'static str {
        match (self.vendor, self.registers) {
            (Some(_), _) => self.words().edit_title(),
            (None, true) => self.words().register_title(),
            (None, false) => self.words().add_title(),
        }
    }

    const fn lead(&self) -> &'static str {
        match (self.vendor, self.registers) {
            (Some(_), _) => self.words().edit_lead(),
            (None, true) => self.words().register_lead(),
            (None, false) => self.words().add_lead(),
        }
    }

    const fn contact_hint(&self) -> &'static str {
        if self.registers { self.words().contact_hint_register() } else { self.words().contact_hint() }
    }

    fn action(&self) -> String {
        self.vendor.map_or_else(|| "/leveranciers/nieuw".to_owned(), |vendor| format!("{}/gegevens", vendor.place()))
    }

    /// Where one goes who changes nothing.
    fn back(&self) -> String {
        match self.vendor {
            Some(vendor) => vendor.place(),
            None if self.registers => "/".to_owned(),
            None => crate::enrolments::PLACE.to_owned(),
        }
    }

    const fn refusal_text(&self) -> Option<&'static str> {
        let words = self.words();
        match self.problems {
            Problems { is_taken: true, .. } => Some(words.is_taken()),
            Problems { too_many: true, .. } => Some(words.too_many()),
            Problems { too_many_letters: true, .. } => Some(words.too_many_letters()),
            Problems { has_changed: true, .. } => Some(words.has_changed()),
            _ => None,
        }
    }

    /// Each field to correct, with what to write.
    fn to_correct(&self) -> Vec<(&'static str, &'static str)> {
        let (words, problems) = (self.words(), self.problems);
        let fields = [
            (problems.number, "nummer", words.number_wrong()),
            (problems.name, "naam", words.name_wrong()),
            (problems.domain, "domein", words.domain_wrong()),
            (problems.contact, "mail", words.contact_wrong()),
        ];
        fields.into_iter().filter(|(is_wrong, ..)| *is_wrong).map(|(_, field, text)| (field, text)).collect()
    }
}

impl Page for VendorPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let vendor = Subject::Vendor(portal_frame::samples::school_id().as_uuid().into());
        let sample = |vendor, registers, problems| Self {
            frame: frame.clone(),
            vendor,
            registers,
            written: Written { number: "0428.759.497".to_owned(), ..Written::default() },
            problems,
            request_id: "verzoek".to_owned(),
        };
        let all = Problems { number: true, name: true, domain: true, contact: true, ..Problems::default() };
        vec![
            sample(None, true, all),
            sample(None, false, Problems { is_taken: true, ..Problems::default() }),
            sample(None, true, Problems { too_many: true, ..Problems::default() }),
            sample(None, true, Problems { too_many_letters: true, ..Problems::default() }),
            sample(Some(vendor), false, Problems { has_changed: true, ..Problems::default() }),
        ]
    }
}
