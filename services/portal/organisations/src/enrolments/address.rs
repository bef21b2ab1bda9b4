//! The address of the list of enrolments: `/aanmeldingen?weergave=onvolledig&soort=vendor&zoek=leermaat`.

use chrono::{DateTime, Days, Utc};
use portal_frame::{
    answer::WireEnum as _,
    language::{day_in_brussels, end_of},
    list::{AddressBuilder, Trail, search_text},
};
use proto::{
    identity::v1::{EnrolmentLevel, ListEnrolmentsRequest, OrganisationKind},
    time::timestamp,
};

/// Where the menu finds this page.
pub(crate) const PLACE: &str = "/aanmeldingen";
/// What falls within this time ends soon.
const SOON: Days = Days::new(30);

/// What a visitor wants to see of the enrolments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EnrolmentsQuery {
    pub(crate) view: EnrolmentsView,
    pub(crate) kind: OrganisationKind,
    pub(crate) search: String,
    pub(crate) trail: Trail,
}

/// A tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EnrolmentsView {
    #[default]
    All,
    Incomplete,
    EndsSoon,
    Ended,
}

impl EnrolmentsView {
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Incomplete, Self::EndsSoon, Self::Ended];

    /// Empty for the default.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Incomplete => "onvolledig",
            Self::EndsSoon => "binnenkort",
            Self::Ended => "vervallen",
        }
    }

    const fn levels(self) -> &'static [EnrolmentLevel] {
        match self {
            Self::All | Self::EndsSoon => &[],
            Self::Incomplete => &[EnrolmentLevel::Unproven, EnrolmentLevel::Provisional, EnrolmentLevel::Draft],
            Self::Ended => &[EnrolmentLevel::Lapsed, EnrolmentLevel::Suspended],
        }
    }
}

impl EnrolmentsQuery {
    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "weergave" => read.view = EnrolmentsView::ALL.into_iter().find(|view| view.code() == value).unwrap_or_default(),
                "soort" => read.kind = OrganisationKind::from_code(&value).unwrap_or_default(),
                "zoek" => read.search = search_text(&value),
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        read
    }

    pub(crate) fn href(&self) -> String {
        self.address(PLACE.to_owned())
    }

    pub(crate) fn export_href(&self, format: &str) -> String {
        self.first_page().address(format!("{PLACE}/export.{format}"))
    }

    fn address(&self, path: String) -> String {
        let kind = if self.kind == OrganisationKind::Unspecified { String::new() } else { self.kind.code() };
        let address = AddressBuilder::new(path).add("weergave", self.view.code()).add("soort", &kind).add("zoek", &self.search);
        self.trail.write("na", address).build()
    }

    pub(crate) fn in_view(&self, view: EnrolmentsView) -> Self {
        Self { view, ..self.first_page() }
    }

    pub(crate) fn without_search(&self) -> Self {
        Self { search: String::new(), ..self.first_page() }
    }

    pub(crate) fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    /// The address of another page.
    pub(crate) fn at(&self, trail: Trail) -> String {
        Self { trail, ..self.clone() }.href()
    }

    /// The question to the service: a page of the view that is shown, and of the others how many there are.
    pub(crate) fn request(&self, view: EnrolmentsView, page_size: i32, now: DateTime<Utc>) -> ListEnrolmentsRequest {
        let is_shown = view == self.view;
        // The same all day, since page tokens are of one question.
        let soon = day_in_brussels(now).checked_add_days(SOON).and_then(end_of);
        ListEnrolmentsRequest {
            kind: self.kind.into(),
            levels: view.levels().iter().map(|level| (*level).into()).collect(),
            ends_before_time: soon.filter(|_| view == EnrolmentsView::EndsSoon).map(timestamp),
            query: self.search.clone(),
            page_size: if is_shown { page_size } else { 1 },
            page_token: if is_shown { self.trail.token().to_owned() } else { String::new() },
            for_export: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn an_address_says_exactly_what_was_asked() {
        for view in EnrolmentsView::ALL {
            let query = EnrolmentsQuery {
                view,
                kind: OrganisationKind::Vendor,
                search: "leer & maat".to_owned(),
                trail: Trail::default().forward("x"),
            };
            let address = query.href();
            assert_eq!(EnrolmentsQuery::parse(address.split_once('?').unwrap().1), query);
        }
        assert_eq!(EnrolmentsQuery::default().href(), PLACE);
        assert_eq!(EnrolmentsQuery::parse("weergave=anders&soort=anders"), EnrolmentsQuery::default());
    }

    #[test]
    fn a_later_page_is_asked_of_the_shown_list_with_the_question_of_the_first() {
        let query = EnrolmentsQuery { view: EnrolmentsView::EndsSoon, trail: Trail::default().forward("x"), ..EnrolmentsQuery::default() };
        let now = portal_frame::samples::now();
        let soon = query.request(EnrolmentsView::EndsSoon, 50, now);
        assert_eq!((soon.page_token.as_str(), soon.page_size, soon.ends_before_time.is_some()), ("x", 50, true));
        assert_eq!(query.request(EnrolmentsView::EndsSoon, 50, now + TimeDelta::hours(1)), soon, "an hour later");
        let incomplete = query.request(EnrolmentsView::Incomplete, 50, now);
        assert_eq!((incomplete.page_token.as_str(), incomplete.page_size, incomplete.levels.len()), ("", 1, 3));
    }
}
