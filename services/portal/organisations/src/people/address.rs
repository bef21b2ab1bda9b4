//! The address of a school's people: `/scholen/<id>/mensen?weergave=alle`.

use chrono::{DateTime, Days, Utc};
use portal_frame::{
    language::{day_in_brussels, end_of},
    list::{AddressBuilder, Trail},
};
use proto::{identity::v1 as wire, time::timestamp};
use runtime::SchoolId;

/// Who must be confirmed within this time is on the list of the director.
const DUE_WITHIN: Days = Days::new(60);
pub(crate) const PAGE_SIZE: i32 = 50;

/// What a visitor wants to see of a school's people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PeopleQuery {
    pub(crate) school: SchoolId,
    /// `None`: those who must be confirmed soon, or all where there are none.
    pub(crate) view: Option<PeopleView>,
    pub(crate) trail: Trail,
}

/// A tab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PeopleView {
    Due,
    All,
    Ended,
}

impl PeopleView {
    pub(crate) const ALL: [Self; 3] = [Self::Due, Self::All, Self::Ended];

    const fn code(self) -> &'static str {
        match self {
            Self::Due => "nakijken",
            Self::All => "alle",
            Self::Ended => "gestopt",
        }
    }
}

/// Who must be confirmed before this moment is due. The same all day, since page tokens are of one question.
pub(crate) fn due_before(now: DateTime<Utc>) -> DateTime<Utc> {
    let last_day = day_in_brussels(now).checked_add_days(DUE_WITHIN);
    last_day.and_then(end_of).unwrap_or(now)
}

/// Where the menu finds these pages.
pub(crate) fn place(school: SchoolId) -> String {
    format!("/scholen/{school}/mensen")
}

/// A school, as a place of functions.
pub(crate) fn place_of(school: SchoolId) -> wire::Place {
    wire::Place { place: Some(wire::place::Place::SchoolId(school.to_string())) }
}

impl PeopleQuery {
    pub(crate) fn of(school: SchoolId) -> Self {
        Self { school, view: None, trail: Trail::default() }
    }

    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(school: SchoolId, query: &str) -> Self {
        let mut read = Self::of(school);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "weergave" => read.view = PeopleView::ALL.into_iter().find(|view| view.code() == value),
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        // A page is of one list.
        if read.view.is_none() { read.first_page() } else { read }
    }

    pub(crate) fn href(&self) -> String {
        let address = AddressBuilder::new(place(self.school)).add("weergave", self.view.map_or("", PeopleView::code));
        self.trail.write("na", address).build()
    }

    pub(crate) fn in_view(&self, view: PeopleView) -> Self {
        Self { view: Some(view), ..self.first_page() }
    }

    pub(crate) fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    /// The address of another page.
    pub(crate) fn at(&self, trail: Trail) -> String {
        Self { trail, ..self.clone() }.href()
    }

    /// The question to the service: a page of the view that may be shown, and of the others how many there are.
    pub(crate) fn request(&self, view: PeopleView, now: DateTime<Utc>) -> wire::ListAppointmentsRequest {
        let may_be_shown = self.view.is_none_or(|chosen| chosen == view);
        let state = match view {
            PeopleView::Due | PeopleView::All => wire::AppointmentState::Open,
            PeopleView::Ended => wire::AppointmentState::Ended,
        };
        wire::ListAppointmentsRequest {
            place: Some(place_of(self.school)),
            state: state.into(),
            confirm_before_time: (view == PeopleView::Due).then(|| timestamp(due_before(now))),
            page_size: if may_be_shown { PAGE_SIZE } else { 1 },
            page_token: if may_be_shown { self.trail.token().to_owned() } else { String::new() },
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn school() -> SchoolId {
        portal_frame::samples::school_id()
    }

    #[test]
    fn an_address_says_exactly_what_was_asked() {
        for view in PeopleView::ALL {
            let query = PeopleQuery { view: Some(view), trail: Trail::default().forward("x"), school: school() };
            let address = query.href();
            assert_eq!(PeopleQuery::parse(school(), address.split_once('?').unwrap().1), query);
        }
        assert_eq!(PeopleQuery::of(school()).href(), format!("/scholen/{}/mensen", school()));
        assert_eq!(PeopleQuery::parse(school(), "weergave=iedereen&na=x"), PeopleQuery::of(school()));
    }

    #[test]
    fn a_later_page_is_asked_of_the_chosen_list_with_the_question_of_the_first() {
        let query = PeopleQuery { view: Some(PeopleView::Due), trail: Trail::default().forward("x"), school: school() };
        let now = portal_frame::samples::now();
        let due = query.request(PeopleView::Due, now);
        assert_eq!((due.page_token.as_str(), due.page_size), ("x", PAGE_SIZE));
        assert_eq!(query.request(PeopleView::Due, now + TimeDelta::hours(1)), due, "an hour later");
        let all = query.request(PeopleView::All, now);
        assert_eq!((all.page_token.as_str(), all.page_size), ("", 1));
    }
}
