//! The incidents of one school, as the school sees them.

use askama::Template;
use portal_frame::{Frame, mark::Icon, samples::Page, school::School};
use proto::incident_intake::v1::CasePhase;

use super::words::IncidentWords;
use crate::{case::Case, queue::ListedCase};

/// The incidents of one school.
#[derive(Template)]
#[template(path = "school/page.html")]
pub(crate) struct IncidentsPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) open: Vec<ListedCase>,
    pub(crate) closed: Vec<ListedCase>,
    /// Of this school.
    pub(crate) may_see_devices: bool,
}

impl Page for IncidentsPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let (closed, open): (Vec<_>, Vec<_>) = ListedCase::samples().into_iter().partition(|row| row.case.is_closed());
        let sample = |open, closed, may_see_devices| Self { frame: frame.clone(), school: School::sample(), open, closed, may_see_devices };
        vec![sample(open, closed, true), sample(Vec::new(), Vec::new(), true), sample(Vec::new(), Vec::new(), false)]
    }
}

impl IncidentsPage {
    const fn words(&self) -> IncidentWords {
        IncidentWords(self.frame.preferences.language)
    }

    fn open_count(&self) -> i64 {
        i64::try_from(self.open.len()).unwrap_or_default()
    }

    fn title_of<'a>(&self, case: &'a Case) -> &'a str {
        self.frame.text(&case.title)
    }

    /// `Op SEC-PC-02 en nog 2.`
    fn about(&self, row: &ListedCase) -> Option<String> {
        match row.devices.first_and_more()? {
            (first, 0) => Some(self.words().on_device(first)),
            (first, more) => Some(self.words().on_devices(first, self.frame.language().number(more))),
        }
    }

    fn followed(&self, case: &Case) -> String {
        match (&case.wire.assignee, self.frame.call()) {
            (Some(assignee), _) => self.words().handled_by(self.frame.terms().named(&assignee.name)),
            (None, Some(call)) => self.words().urgent(call.phone),
            (None, None) => self.words().handled_by_nobody().to_owned(),
        }
    }

    /// What the phase means, where it says more than who handles the incident.
    fn phase_means(&self, case: &Case) -> &'static str {
        if case.phase == CasePhase::Open { "" } else { self.frame.terms().phase_means(case.phase) }
    }

    fn ended(&self, case: &Case) -> String {
        let reason = case.closing.as_ref().map_or("", |closing| self.frame.terms().close_reason(closing.reason));
        self.words().closed(reason, self.frame.moment(&case.phase_since))
    }
}
