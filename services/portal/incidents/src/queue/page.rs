//! The response team's queue.

use askama::Template;

use portal_frame::{
    Frame,
    answer::WireEnum as _,
    list::{Chip, Paging, Tab},
    mark::{ClockMark, Icon},
    samples::Page,
};
use proto::incident_intake::v1::{CasePhase, CaseSeverity, QueueSummary};

use super::{
    address::{PhaseFilter, QueueOrder, QueueQuery, QueueView},
    listed::ListedCase,
    words::QueueWords,
};
use crate::case::Case;

/// The queue: figures, tabs, filters, rows.
#[derive(Template)]
#[template(path = "queue/page.html")]
pub(crate) struct QueuePage {
    pub(crate) frame: Frame,
    pub(crate) query: QueueQuery,
    pub(crate) summary: QueueSummary,
    pub(crate) cases: Vec<ListedCase>,
    pub(crate) paging: Paging,
    /// How many rows the list has, as far as that is known.
    pub(crate) total: i64,
    /// The name of the school the list is filtered by.
    pub(crate) school_name: Option<String>,
    /// The moment of the answer, from which new cases are counted.
    pub(crate) read_at: chrono::DateTime<chrono::Utc>,
    /// Whether this visitor may take cases.
    pub(crate) may_assign: bool,
    /// Whether this visitor may close cases.
    pub(crate) may_close: bool,
}

/// A figure at the head: label, figure, a quieter line and its tone.
struct Figure {
    label: &'static str,
    figure: String,
    detail: String,
    tone: Option<&'static str>,
}

/// A column's head: its name, the address that sorts by it, and how it is sorted now.
struct Column {
    class: &'static str,
    label: &'static str,
    href: String,
    sort: Option<&'static str>,
    arrow: Option<Icon>,
}

/// What an empty list says, and where it leads.
struct Empty {
    title: &'static str,
    text: &'static str,
    link: Option<(String, &'static str)>,
}

impl Page for QueuePage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |question: &str, cases: Vec<ListedCase>| {
            let query = QueueQuery::parse(question);
            let paging = Paging::new(frame.language(), &query.trail, "1–3 van 3".to_owned(), "next", |trail| query.at(trail));
            Self {
                frame: frame.clone(),
                query,
                summary: QueueSummary { open: 3, unassigned: 1, unassigned_late: 1, late: 1, ..QueueSummary::default() },
                cases,
                paging,
                total: 20_000,
                school_name: Some("Basisschool De Zandloper".to_owned()),
                read_at: frame.now,
                may_assign: true,
                may_close: true,
            }
        };
        let filtered = format!("weergave=mij&zoek=x&ernst=high&fase=open&school={}&na=1&na=2", portal_frame::samples::school_id());
        let empty = ["", "weergave=mij", "weergave=niemand", "weergave=laat", &filtered];
        let empty = empty.map(|question| sample(question, Vec::new()));
        [sample("", ListedCase::samples()), sample(&filtered, ListedCase::samples())].into_iter().chain(empty).collect()
    }
}

impl QueuePage {
    const fn words(&self) -> QueueWords {
        QueueWords(self.frame.preferences.language)
    }

    fn figures(&self) -> Vec<Figure> {
        let (words, summary) = (self.words(), &self.summary);
        let number = |number: i64| self.frame.language().number(number);
        let some_tone = |count: i64, tone| (count > 0).then_some(tone);
        let median = |seconds: i64| match chrono::TimeDelta::try_seconds(seconds).filter(|_| seconds > 0) {
            Some(duration) => (self.frame.language().duration(duration), words.median()),
            None => ("–".to_owned(), words.none_this_week()),
        };
        let (reaction, reaction_detail) = median(summary.median_reaction_seconds);
        let (resolution, resolution_detail) = median(summary.median_resolution_seconds);
        let unassigned_detail = if summary.unassigned_late > 0 {
            words.nobody_late(number(summary.unassigned_late))
        } else {
            words.nobody_in_time().to_owned()
        };
        let late_detail = if summary.late > 0 { words.late_some() } else { words.late_none() };
        let figure = |label, figure, detail: String, tone| Figure { label, figure, detail, tone };
        vec![
            figure(words.open_cases(), number(summary.open), words.opened_today(number(summary.opened_today)), None),
            figure(words.nobody_yet(), number(summary.unassigned), unassigned_detail, some_tone(summary.unassigned_late, "bad")),
            figure(words.late(), number(summary.late), late_detail.to_owned(), some_tone(summary.late, "bad")),
            figure(words.mine(), number(summary.mine), words.mine_hint().to_owned(), None),
            figure(words.first_reaction(), reaction, reaction_detail.to_owned(), None),
            figure(words.solved_in(), resolution, resolution_detail.to_owned(), None),
        ]
    }

    fn tabs(&self) -> Vec<Tab> {
        let (words, summary) = (self.words(), &self.summary);
        let tab = |view: QueueView| {
            let (label, count, tone) = match view {
                QueueView::Open => (words.view_open(), summary.open, None),
                QueueView::Mine => (words.view_mine(), summary.mine, None),
                QueueView::Nobody => (words.view_nobody(), summary.unassigned, (summary.unassigned_late > 0).then_some("bad")),
                QueueView::Late => (words.view_late(), summary.late, (summary.late > 0).then_some("bad")),
            };
            let is_current = self.query.view == view;
            Tab { href: self.query.in_view(view).href(), label, count: self.frame.language().number(count), tone, is_current }
        };
        QueueView::ALL.into_iter().map(tab).collect()
    }

    fn list_title(&self) -> &'static str {
        let words = self.words();
        match self.query.view {
            QueueView::Open => words.list_open(),
            QueueView::Mine => words.list_mine(),
            QueueView::Nobody => words.list_nobody(),
            QueueView::Late => words.list_late(),
        }
    }

    /// Value, label, whether chosen.
    fn severity_options(&self) -> Vec<(String, String, bool)> {
        let terms = self.frame.terms();
        let at_least = |severity: CaseSeverity| {
            let name = terms.severity(severity);
            let label = if severity == CaseSeverity::VeryHigh { name.to_owned() } else { self.words().at_least(name) };
            (severity.code(), label, self.query.min_severity == Some(severity))
        };
        let all = (String::new(), self.frame.words().all().to_owned(), self.query.min_severity.is_none());
        std::iter::once(all).chain([CaseSeverity::Medium, CaseSeverity::High, CaseSeverity::VeryHigh].map(at_least)).collect()
    }

    fn phase_options(&self) -> Vec<(String, &'static str, bool)> {
        let filters = [PhaseFilter::NotClosed, PhaseFilter::Any].into_iter().chain(CasePhase::all().map(PhaseFilter::Only));
        filters.map(|filter| (filter.code(), self.phase_filter_name(filter), self.query.phase == filter)).collect()
    }

    const fn phase_filter_name(&self, filter: PhaseFilter) -> &'static str {
        match filter {
            PhaseFilter::NotClosed => self.words().phase_not_closed(),
            PhaseFilter::Any => self.frame.words().all(),
            PhaseFilter::Only(phase) => self.frame.terms().phase(phase),
        }
    }

    fn order_options(&self) -> Vec<(&'static str, &'static str, bool)> {
        let words = self.words();
        let option = |order| {
            let name = match order {
                QueueOrder::Target => words.order_target(),
                QueueOrder::Severity => words.order_severity(),
                QueueOrder::Opened => words.order_opened(),
                QueueOrder::Updated => words.order_updated(),
                QueueOrder::School => words.order_school(),
                QueueOrder::Reference => words.order_reference(),
                QueueOrder::Phase => words.order_phase(),
                QueueOrder::Assignee => words.order_assignee(),
            };
            (order.code(), name, self.query.order == order)
        };
        QueueOrder::ALL.into_iter().map(option).collect()
    }

    /// The late view is always in the order of its targets.
    fn can_be_sorted(&self) -> bool {
        self.query.view != QueueView::Late
    }

    fn columns(&self) -> Vec<Column> {
        let words = self.words();
        [
            ("level", words.severity(), QueueOrder::Severity),
            ("ref", words.number(), QueueOrder::Reference),
            ("title", words.case(), QueueOrder::Opened),
            ("school", words.school(), QueueOrder::School),
            ("phase", words.phase(), QueueOrder::Phase),
            ("owner", words.who(), QueueOrder::Assignee),
            ("clocks", words.clocks(), QueueOrder::Target),
        ]
        .map(|(class, label, order)| {
            let sort = self.query.aria_sort(order);
            let arrow = sort.map(|direction| if direction == "ascending" { Icon::Down } else { Icon::Up });
            Column { class, label, href: self.query.ordered_by(order).href(), sort, arrow }
        })
        .into()
    }

    fn chips(&self) -> Vec<Chip> {
        let (words, query) = (self.words(), &self.query);
        let mut chips = Vec::new();
        if !query.search.is_empty() {
            chips.push(Chip { text: words.filter_search(&query.search), href: query.without_search().href() });
        }
        if let Some((_, label, _)) = self.severity_options().into_iter().find(|(code, _, chosen)| *chosen && !code.is_empty()) {
            chips.push(Chip { text: format!("{}: {label}", words.severity()), href: query.without_severity().href() });
        }
        if query.phase != PhaseFilter::default() {
            let text = format!("{}: {}", words.phase(), self.phase_filter_name(query.phase));
            chips.push(Chip { text, href: query.without_phase().href() });
        }
        if query.school.is_some() {
            let name = self.school_name.as_deref().unwrap_or("…");
            chips.push(Chip { text: words.filter_school(name), href: query.without_school().href() });
        }
        chips
    }

    fn empty(&self) -> Empty {
        let (words, query) = (self.words(), &self.query);
        if query.is_filtered() {
            let link = Some((query.without_filters().href(), words.empty_filter_link()));
            return Empty { title: words.empty_filter_title(), text: words.empty_filter_text(), link };
        }
        match query.view {
            QueueView::Open => Empty { title: words.empty_open_title(), text: words.empty_open_text(), link: None },
            QueueView::Mine => {
                let link = Some((query.in_view(QueueView::Nobody).href(), words.empty_mine_link()));
                Empty { title: words.empty_mine_title(), text: words.empty_mine_text(), link }
            }
            QueueView::Nobody => Empty { title: words.empty_nobody_title(), text: words.empty_nobody_text(), link: None },
            QueueView::Late => Empty { title: words.empty_late_title(), text: words.empty_late_text(), link: None },
        }
    }

    /// `SEC-PC-02 en nog 2`: the devices the case is about.
    fn about(&self, row: &ListedCase) -> Option<String> {
        self.words().about(&row.devices)
    }

    /// The clocks that count: the reaction until somebody reacts, the solution until it is closed.
    fn clocks(&self, case: &Case) -> Vec<ClockMark> {
        let (terms, now, language) = (self.frame.terms(), self.frame.now, self.frame.language());
        let reaction = case.reaction().filter(|target| target.done.is_none());
        let reaction = reaction.map(|target| ClockMark::new(target, terms.reaction(), now, language));
        let resolution = case.resolution().map(|target| ClockMark::new(target, terms.resolution(), now, language));
        reaction.into_iter().chain(resolution).collect()
    }

    fn assignee_name<'a>(&self, case: &'a Case) -> &'a str {
        case.wire.assignee.as_ref().map_or(self.frame.terms().nobody(), |person| self.frame.terms().named(&person.name))
    }
}
