//! The queue's address: `/wachtrij?weergave=mij&ernst=high&sorteer=school`.

use portal_frame::{
    answer::WireEnum as _,
    list::{AddressBuilder, Trail, search_text},
};
use proto::incident_intake::v1::{self as wire, CasePhase, CaseSeverity};
use runtime::SchoolId;

pub(crate) const PATH: &str = "/wachtrij";

/// What a visitor wants to see of the queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueQuery {
    pub(crate) view: QueueView,
    pub(crate) search: String,
    pub(crate) min_severity: Option<CaseSeverity>,
    pub(crate) phase: PhaseFilter,
    pub(crate) school: Option<SchoolId>,
    pub(crate) order: QueueOrder,
    pub(crate) reverse: bool,
    pub(crate) trail: Trail,
}

/// A tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum QueueView {
    #[default]
    Open,
    Mine,
    Nobody,
    /// Past a target. Always in the order of the targets, since that is how the late ones are found.
    Late,
}

/// Which phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PhaseFilter {
    #[default]
    NotClosed,
    Any,
    Only(CasePhase),
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum QueueOrder {
    #[default]
    Target,
    Severity,
    Opened,
    Updated,
    School,
    Reference,
    Phase,
    Assignee,
}

impl QueueView {
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Mine, Self::Nobody, Self::Late];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mine => "mij",
            Self::Nobody => "niemand",
            Self::Late => "laat",
        }
    }
}

impl PhaseFilter {
    pub(crate) fn code(self) -> String {
        match self {
            Self::NotClosed => String::new(),
            Self::Any => "alle".to_owned(),
            Self::Only(phase) => phase.code(),
        }
    }

    fn from_code(code: &str) -> Self {
        if code == Self::Any.code() { Self::Any } else { CasePhase::from_code(code).map(Self::Only).unwrap_or_default() }
    }

    fn phases(self) -> Vec<CasePhase> {
        match self {
            Self::NotClosed => Vec::new(),
            Self::Any => CasePhase::all().collect(),
            Self::Only(phase) => vec![phase],
        }
    }
}

impl QueueOrder {
    pub(crate) const ALL: [Self; 8] =
        [Self::Target, Self::Severity, Self::Opened, Self::Updated, Self::School, Self::Reference, Self::Phase, Self::Assignee];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Target => "klok",
            Self::Severity => "ernst",
            Self::Opened => "geopend",
            Self::Updated => "gewijzigd",
            Self::School => "school",
            Self::Reference => "nummer",
            Self::Phase => "fase",
            Self::Assignee => "wie",
        }
    }

    /// Whether the service's own direction runs downwards: worst, newest.
    const fn runs_down(self) -> bool {
        matches!(self, Self::Severity | Self::Opened | Self::Updated)
    }

    const fn wire(self) -> wire::CaseOrder {
        match self {
            Self::Target => wire::CaseOrder::Target,
            Self::Severity => wire::CaseOrder::SeverityDesc,
            Self::Opened => wire::CaseOrder::OpenTimeDesc,
            Self::Updated => wire::CaseOrder::UpdateTimeDesc,
            Self::School => wire::CaseOrder::School,
            Self::Reference => wire::CaseOrder::Reference,
            Self::Phase => wire::CaseOrder::Phase,
            Self::Assignee => wire::CaseOrder::Assignee,
        }
    }
}

impl QueueQuery {
    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(query: &str) -> Self {
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "weergave" => read.view = QueueView::ALL.into_iter().find(|view| view.code() == value).unwrap_or_default(),
                "zoek" => read.search = search_text(&value),
                "ernst" => read.min_severity = CaseSeverity::from_code(&value),
                "fase" => read.phase = PhaseFilter::from_code(&value),
                "school" => read.school = value.parse().ok(),
                "sorteer" => read.order = QueueOrder::ALL.into_iter().find(|order| order.code() == value).unwrap_or_default(),
                "omgekeerd" => read.reverse = value == "ja",
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        if read.view == QueueView::Late {
            (read.order, read.reverse) = (QueueOrder::Target, false);
        }
        read
    }

    /// The address of this list.
    pub(crate) fn href(&self) -> String {
        self.address(PATH)
    }

    /// The address of the same rows as a file: `csv` or `json`.
    pub(crate) fn export_href(&self, format: &str) -> String {
        self.first_page().address(&format!("{PATH}/export.{format}"))
    }

    /// The address of the stream that counts what is new in this list since a moment, in microseconds since 1970.
    pub(crate) fn stream_href(&self, since: chrono::DateTime<chrono::Utc>) -> String {
        let address = self.first_page().address(&format!("{PATH}/stroom"));
        let separator = if address.contains('?') { '&' } else { '?' };
        format!("{address}{separator}sinds={}", since.timestamp_micros())
    }

    fn address(&self, path: &str) -> String {
        let not_default = |text: &'static str, is_default: bool| if is_default { "" } else { text };
        let address = AddressBuilder::new(path)
            .add("weergave", not_default(self.view.code(), self.view == QueueView::default()))
            .add("zoek", &self.search)
            .add("ernst", &self.min_severity.map(CaseSeverity::code).unwrap_or_default())
            .add("fase", &self.phase.code())
            .add("school", &self.school.map(|school| school.to_string()).unwrap_or_default())
            .add("sorteer", not_default(self.order.code(), self.order == QueueOrder::default()))
            .add("omgekeerd", if self.reverse { "ja" } else { "" });
        self.trail.write("na", address).build()
    }

    /// The same list under another tab.
    pub(crate) fn in_view(&self, view: QueueView) -> Self {
        Self { view, ..self.first_page() }
    }

    /// The same list in another order; asked twice for the same order, reversed.
    pub(crate) fn ordered_by(&self, order: QueueOrder) -> Self {
        let reverse = self.order == order && !self.reverse;
        Self { order, reverse, ..self.first_page() }
    }

    pub(crate) fn without_search(&self) -> Self {
        Self { search: String::new(), ..self.first_page() }
    }

    pub(crate) fn without_severity(&self) -> Self {
        Self { min_severity: None, ..self.first_page() }
    }

    pub(crate) fn without_phase(&self) -> Self {
        Self { phase: PhaseFilter::default(), ..self.first_page() }
    }

    pub(crate) fn without_school(&self) -> Self {
        Self { school: None, ..self.first_page() }
    }

    /// The same tab and order, everything in it.
    pub(crate) fn without_filters(&self) -> Self {
        Self { view: self.view, order: self.order, reverse: self.reverse, ..Self::default() }
    }

    pub(crate) fn is_filtered(&self) -> bool {
        *self != Self { trail: self.trail.clone(), ..self.without_filters() }
    }

    pub(crate) fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    /// The address of another page.
    pub(crate) fn at(&self, trail: Trail) -> String {
        Self { trail, ..self.clone() }.href()
    }

    /// `ascending` or `descending` for the column this list is sorted by.
    pub(crate) fn aria_sort(&self, order: QueueOrder) -> Option<&'static str> {
        if self.order != order {
            return None;
        }
        Some(if order.runs_down() == self.reverse { "ascending" } else { "descending" })
    }

    /// The question to the service.
    pub(crate) fn request(&self, page_size: i32) -> wire::ListCasesRequest {
        let assignee = match self.view {
            QueueView::Mine => "me",
            QueueView::Nobody => "nobody",
            QueueView::Open | QueueView::Late => "",
        };
        wire::ListCasesRequest {
            page_size,
            page_token: self.trail.token().to_owned(),
            query: self.search.clone(),
            min_severity: self.min_severity.unwrap_or_default().into(),
            phases: self.phase.phases().into_iter().map(|phase| phase.into()).collect(),
            assignee: assignee.to_owned(),
            school_id: self.school.map(|school| school.to_string()).unwrap_or_default(),
            order_by: self.order.wire().into(),
            reverse: self.reverse,
            opened_after: None,
            case_ids: Vec::new(),
            for_export: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_query() -> impl Strategy<Value = QueueQuery> {
        let phase = prop_oneof![
            Just(PhaseFilter::NotClosed),
            Just(PhaseFilter::Any),
            prop::sample::select(CasePhase::all().collect::<Vec<_>>()).prop_map(PhaseFilter::Only)
        ];
        let school = prop::option::of(any::<u128>().prop_map(|number| SchoolId::from(uuid::Uuid::from_u128(number))));
        let trail = prop::collection::vec("[A-Za-z0-9_~=&-]{1,12}", 0..30);
        let severity = prop::option::of(prop::sample::select(CaseSeverity::all().collect::<Vec<_>>()));
        let view = prop::sample::select(QueueView::ALL.to_vec());
        let order = prop::sample::select(QueueOrder::ALL.to_vec());
        ((view, ".{0,20}", severity, phase), (school, order, any::<bool>(), trail)).prop_map(
            |((view, search, min_severity, phase), (school, order, reverse, tokens))| {
                let trail = tokens.iter().fold(Trail::default(), |trail, token| trail.forward(token));
                let (order, reverse) = if view == QueueView::Late { (QueueOrder::Target, false) } else { (order, reverse) };
                QueueQuery { view, search: search_text(&search), min_severity, phase, school, order, reverse, trail }
            },
        )
    }

    proptest! {
        #[test]
        fn an_address_says_exactly_what_was_asked(query in any_query()) {
            let address = query.href();
            let after_question_mark = address.split_once('?').map_or("", |(_, query)| query);
            prop_assert_eq!(QueueQuery::parse(after_question_mark), query);
        }

        #[test]
        fn any_address_can_be_read(text in ".*") {
            let read = QueueQuery::parse(&text);
            prop_assert!(read.search.chars().count() <= 200);
        }
    }

    #[test]
    fn the_plain_queue_has_a_plain_address() {
        assert_eq!(QueueQuery::default().href(), "/wachtrij");
        assert_eq!(QueueQuery::parse("weergave=onbekend&sorteer=onbekend"), QueueQuery::default());
    }

    #[test]
    fn sorting_twice_by_one_column_turns_it_round() {
        let by_school = QueueQuery::default().ordered_by(QueueOrder::School);
        assert_eq!((by_school.reverse, by_school.aria_sort(QueueOrder::School)), (false, Some("ascending")));
        let turned = by_school.ordered_by(QueueOrder::School);
        assert_eq!((turned.reverse, turned.aria_sort(QueueOrder::School)), (true, Some("descending")));
        assert_eq!(turned.aria_sort(QueueOrder::Severity), None);
    }

    #[test]
    fn another_tab_starts_at_its_first_page_and_keeps_the_filters() {
        let query = QueueQuery::parse("ernst=high&na=abc");
        assert_eq!(query.in_view(QueueView::Mine).href(), "/wachtrij?weergave=mij&ernst=high");
    }
}
