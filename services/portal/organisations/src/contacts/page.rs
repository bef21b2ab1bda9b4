//! The contacts of a school, and the form of one.

use askama::Template;
use portal_frame::{
    Frame,
    answer::{Unreadable, required_text},
    mark::Icon,
    samples::Page,
    school::School,
};
use proto::identity::v1 as wire;

use super::words::ContactWords;

/// As many as identity keeps of a school.
const MOST_OF_A_SCHOOL: usize = 20;

/// A contact as identity keeps it.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) written: Written,
    pub(crate) etag: String,
}

/// What a person writes of a contact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) out_of_hours: bool,
}

/// What to correct in a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Problems {
    pub(crate) name: bool,
    pub(crate) phone: bool,
    /// Whether somebody else changed it since it was last seen.
    pub(crate) has_changed: bool,
}

/// The contacts of a school.
#[derive(Template)]
#[template(path = "contacts/page.html")]
pub(crate) struct ContactsPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) may_edit: bool,
}

/// Adding a contact; changing or removing one.
#[derive(Template)]
#[template(path = "contacts/form.html")]
pub(crate) struct ContactPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    /// `None` for a new one.
    pub(crate) contact: Option<Contact>,
    pub(crate) written: Written,
    pub(crate) problems: Problems,
    /// Makes sending twice add once.
    pub(crate) request_id: String,
}

impl ContactsPage {
    const fn words(&self) -> ContactWords {
        ContactWords(self.frame.preferences.language)
    }

    fn may_add(&self) -> bool {
        self.may_edit && self.contacts.len() < MOST_OF_A_SCHOOL
    }
}

impl ContactPage {
    const fn words(&self) -> ContactWords {
        ContactWords(self.frame.preferences.language)
    }

    fn title(&self) -> &'static str {
        if self.contact.is_some() { self.words().edit() } else { self.words().add() }
    }

    fn action(&self) -> String {
        let last = self.contact.as_ref().map_or("nieuw", |contact| &contact.id);
        format!("/scholen/{}/contacten/{last}", self.school.id)
    }
}

impl Contact {
    fn sample() -> Self {
        let written = Written { name: "Onthaal".to_owned(), phone: "09 374 12 34".to_owned(), out_of_hours: false };
        Self { id: "contact".to_owned(), written, etag: "etag".to_owned() }
    }
}

impl TryFrom<wire::Contact> for Contact {
    type Error = Unreadable;

    fn try_from(contact: wire::Contact) -> Result<Self, Unreadable> {
        let written = Written {
            name: required_text(contact.name, "contact.name")?,
            phone: required_text(contact.phone, "contact.phone")?,
            out_of_hours: contact.out_of_hours,
        };
        Ok(Self { id: required_text(contact.contact_id, "contact.contact_id")?, written, etag: contact.etag })
    }
}

impl Page for ContactsPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let at_night = Contact { written: Written { out_of_hours: true, ..Contact::sample().written }, ..Contact::sample() };
        let sample = |contacts, may_edit| Self { frame: frame.clone(), school: School::sample(), contacts, may_edit };
        vec![
            sample(vec![Contact::sample(), at_night], true),
            sample(vec![Contact::sample(); MOST_OF_A_SCHOOL], true),
            sample(Vec::new(), true),
            sample(Vec::new(), false),
        ]
    }
}

impl Page for ContactPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |contact: Option<Contact>, problems| Self {
            frame: frame.clone(),
            school: School::sample(),
            written: contact.clone().map(|contact| contact.written).unwrap_or_default(),
            contact,
            problems,
            request_id: "verzoek".to_owned(),
        };
        vec![
            sample(None, Problems { name: true, phone: true, has_changed: false }),
            sample(Some(Contact::sample()), Problems { has_changed: true, ..Problems::default() }),
        ]
    }
}
