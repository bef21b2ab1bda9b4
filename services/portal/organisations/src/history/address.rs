//! The address of a school's history: `/scholen/<id>/historiek?weergave=gelezen&zoek=noor`.

use portal_frame::list::{AddressBuilder, Trail, search_text};
use proto::history::v1::{HistoryKind, ListHistoryRequest};
use runtime::SchoolId;

/// What a visitor wants to see of a school's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HistoryQuery {
    pub(crate) school: SchoolId,
    pub(crate) view: HistoryView,
    pub(crate) search: String,
    pub(crate) trail: Trail,
}

/// A filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HistoryView {
    #[default]
    All,
    Read,
    Exported,
    Changed,
}

impl HistoryView {
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Read, Self::Exported, Self::Changed];

    /// Empty for the default.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Read => "gelezen",
            Self::Exported => "geexporteerd",
            Self::Changed => "gewijzigd",
        }
    }

    const fn wire(self) -> HistoryKind {
        match self {
            Self::All => HistoryKind::Unspecified,
            Self::Read => HistoryKind::Read,
            Self::Exported => HistoryKind::Export,
            Self::Changed => HistoryKind::Change,
        }
    }
}

/// Where the menu finds this page.
pub(crate) fn place(school: SchoolId) -> String {
    format!("/scholen/{school}/historiek")
}

impl HistoryQuery {
    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(school: SchoolId, query: &str) -> Self {
        let mut read = Self { school, view: HistoryView::All, search: String::new(), trail: Trail::default() };
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "weergave" => read.view = HistoryView::ALL.into_iter().find(|view| view.code() == value).unwrap_or_default(),
                "zoek" => read.search = search_text(&value),
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        read
    }

    pub(crate) fn href(&self) -> String {
        self.address(self.path())
    }

    pub(crate) fn export_href(&self, format: &str) -> String {
        self.first_page().address(format!("{}/export.{format}", self.path()))
    }

    /// The address without its question.
    pub(crate) fn path(&self) -> String {
        place(self.school)
    }

    fn address(&self, path: String) -> String {
        let address = AddressBuilder::new(path).add("weergave", self.view.code()).add("zoek", &self.search);
        self.trail.write("na", address).build()
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

    /// The question to each service.
    pub(crate) fn request(&self, page_size: i32) -> ListHistoryRequest {
        ListHistoryRequest {
            school_id: self.school.to_string(),
            page_size,
            page_token: self.trail.token().to_owned(),
            kind: self.view.wire().into(),
            query: self.search.clone(),
            ..ListHistoryRequest::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_exactly_what_was_asked() {
        let school = portal_frame::samples::school_id();
        for view in HistoryView::ALL {
            let query = HistoryQuery { school, view, search: "é & co".to_owned(), trail: Trail::default().forward("x") };
            let address = query.href();
            assert_eq!(HistoryQuery::parse(school, address.split_once('?').unwrap().1), query);
        }
        assert_eq!(HistoryQuery::parse(school, "weergave=iets").href(), place(school));
    }
}
