//! The list of schools, and the incidents of one school as the school sees them.

use askama::Template;

use super::{Frame, Paging};
use crate::{
    address::PlainQuery,
    mark::Icon,
    view::{Case, ListedCase, School},
    visitor::Visitor,
    words::SchoolWords,
};

/// The schools a visitor may see.
#[derive(Template)]
#[template(path = "schools.html")]
pub(crate) struct SchoolsPage {
    pub(crate) frame: Frame,
    pub(crate) query: PlainQuery,
    pub(crate) schools: Vec<School>,
    pub(crate) paging: Paging,
}

/// The incidents of one school.
#[derive(Template)]
#[template(path = "incidents.html")]
pub(crate) struct IncidentsPage {
    pub(crate) frame: Frame,
    pub(crate) school: School,
    pub(crate) open: Vec<ListedCase>,
    pub(crate) closed: Vec<ListedCase>,
}

impl SchoolsPage {
    const fn words(&self) -> SchoolWords {
        SchoolWords(self.frame.preferences.language)
    }

    /// Whether devices and cases of these schools may be seen.
    fn may_see_inside(&self) -> bool {
        let may_see = |visitor: &Visitor| visitor.works_the_queue() || !visitor.own_schools().is_empty();
        self.frame.visitor.as_ref().is_some_and(may_see)
    }

    /// The cases of a school: in the queue, or as the school itself sees them.
    fn cases_href(&self, school: &School) -> String {
        match &self.frame.visitor {
            Some(visitor) if visitor.works_the_queue() => format!("/wachtrij?fase=alle&school={}", school.id),
            _ => format!("/scholen/{}/incidenten", school.id),
        }
    }
}

impl IncidentsPage {
    const fn words(&self) -> SchoolWords {
        SchoolWords(self.frame.preferences.language)
    }

    fn open_count(&self) -> i64 {
        i64::try_from(self.open.len()).unwrap_or_default()
    }

    fn title_of<'a>(&self, case: &'a Case) -> &'a str {
        case.title.in_language(self.frame.language())
    }

    /// `Op SEC-PC-02 en nog 2.`
    fn about(&self, row: &ListedCase) -> Option<String> {
        match row.devices.first_and_more()? {
            (first, 0) => Some(self.words().on_device(first)),
            (first, more) => Some(self.words().on_devices(first, self.frame.language().number(more))),
        }
    }

    fn followed(&self, case: &Case) -> String {
        match &case.assignee {
            Some(assignee) => self.words().handled_by(&assignee.name),
            None => self.words().handled_by_nobody().to_owned(),
        }
    }

    fn ended(&self, case: &Case) -> String {
        let reason = case.closing.as_ref().map_or("", |closing| self.frame.terms().close_reason(closing.reason));
        self.words().closed(reason, self.frame.moment(&case.phase_since))
    }
}
