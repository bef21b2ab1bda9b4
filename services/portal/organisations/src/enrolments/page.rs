//! How far schools and vendors are proven.

use askama::Template;
use chrono::{DateTime, TimeDelta, Utc};
use portal_frame::{
    Frame,
    answer::WireEnum as _,
    list::{Paging, Tab},
    mark::Icon,
    samples::Page,
};
use proto::identity::v1::{EnrolmentLevel, OrganisationKind};
use runtime::VendorId;

use super::{
    address::{EnrolmentsQuery, EnrolmentsView, PLACE},
    view::EnrolmentRow,
    words::EnrolmentsWords,
};
use crate::enrolment::{Subject, level_icon, level_tone, level_words};

/// How far schools and vendors are proven.
#[derive(Template)]
#[template(path = "enrolments/page.html")]
pub(crate) struct EnrolmentsPage {
    pub(crate) frame: Frame,
    pub(crate) query: EnrolmentsQuery,
    /// How many there are in each of [`EnrolmentsView::ALL`].
    pub(crate) counts: [i64; 4],
    pub(crate) rows: Vec<EnrolmentRow>,
    pub(crate) paging: Paging,
    pub(crate) total: i64,
    pub(crate) may_export: bool,
    pub(crate) may_add: bool,
}

impl EnrolmentsPage {
    const fn words(&self) -> EnrolmentsWords {
        EnrolmentsWords(self.frame.preferences.language)
    }

    fn view_label(&self, view: EnrolmentsView) -> &'static str {
        let words = self.words();
        match view {
            EnrolmentsView::All => words.view_all(),
            EnrolmentsView::Incomplete => words.view_incomplete(),
            EnrolmentsView::EndsSoon => words.view_ends_soon(),
            EnrolmentsView::Ended => words.view_ended(),
        }
    }

    fn tabs(&self) -> Vec<Tab> {
        let tab = |(view, count): (EnrolmentsView, i64)| Tab {
            href: self.query.in_view(view).href(),
            label: self.view_label(view),
            count: self.frame.number(&count),
            tone: (matches!(view, EnrolmentsView::EndsSoon | EnrolmentsView::Ended) && count > 0).then_some("warn"),
            is_current: view == self.query.view,
        };
        EnrolmentsView::ALL.into_iter().zip(self.counts).map(tab).collect()
    }

    /// Code, label, whether it is chosen.
    fn kinds(&self) -> Vec<(String, &'static str, bool)> {
        let words = self.words();
        let all = (String::new(), words.kind_all(), self.query.kind == OrganisationKind::Unspecified);
        let kinds = [(OrganisationKind::School, words.kind_schools()), (OrganisationKind::Vendor, words.kind_vendors())];
        let kinds = kinds.map(|(kind, label)| (kind.code(), label, kind == self.query.kind));
        [all].into_iter().chain(kinds).collect()
    }

    fn is_filtered(&self) -> bool {
        let EnrolmentsQuery { view, kind, search, .. } = &self.query;
        *view != EnrolmentsView::All || *kind != OrganisationKind::Unspecified || !search.is_empty()
    }

    fn kind_of(&self, row: &EnrolmentRow) -> &'static str {
        match row.subject {
            Subject::School(_) => self.words().school(),
            Subject::Vendor(_) => self.words().vendor(),
        }
    }

    /// A word or two, its tone and its icon.
    fn level(&self, row: &EnrolmentRow) -> (&'static str, Option<&'static str>, Icon) {
        (level_words(self.frame.preferences.language, row.level), level_tone(row.level), level_icon(row.level))
    }

    fn last_day(&self, end: &DateTime<Utc>) -> String {
        self.frame.language().last_day(*end, self.frame.now)
    }
}

impl Page for EnrolmentsPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let vendor: VendorId = portal_frame::samples::school_id().as_uuid().into();
        let row = |number: i64, level| EnrolmentRow {
            subject: if number % 2 == 0 { Subject::School(portal_frame::samples::school_id()) } else { Subject::Vendor(vendor) },
            name: "Basisschool De Zandloper".to_owned(),
            number: "0428.759.497".to_owned(),
            level,
            ends: (number % 2 == 0).then(|| frame.now + TimeDelta::days(20)),
        };
        let rows: Vec<EnrolmentRow> = (0..).zip(EnrolmentLevel::all()).map(|(number, level)| row(number, level)).collect();
        let sample = |question: &str, rows: Vec<EnrolmentRow>| {
            let query = EnrolmentsQuery::parse(question);
            let paging = Paging::new(frame.language(), &query.trail, "1–7 van 7".to_owned(), "next", |trail| query.at(trail));
            Self { frame: frame.clone(), query, counts: [7, 3, 1, 2], rows, paging, total: 20_000, may_export: true, may_add: true }
        };
        vec![
            sample("", rows.clone()),
            sample("weergave=vervallen&soort=vendor&zoek=x&na=1", rows),
            sample("", Vec::new()),
            sample("zoek=x", Vec::new()),
        ]
    }
}
