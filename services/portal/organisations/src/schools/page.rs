//! The list of schools.

use askama::Template;

use portal_frame::{
    Frame,
    list::{Paging, PlainQuery},
    mark::Icon,
    samples::Page,
    school::School,
    visitor::Visitor,
};

use super::words::SchoolWords;

/// The schools a visitor may see.
#[derive(Template)]
#[template(path = "schools/page.html")]
pub(crate) struct SchoolsPage {
    pub(crate) frame: Frame,
    pub(crate) query: PlainQuery,
    pub(crate) schools: Vec<School>,
    pub(crate) paging: Paging,
}

impl Page for SchoolsPage {
    fn samples(frame: &Frame) -> Vec<Self> {
        let sample = |schools: Vec<School>, question: &str| {
            let query = PlainQuery::parse("/scholen", question);
            let paging = query.paging(frame.language(), "1–1 van 1 school".to_owned(), "next");
            Self { frame: frame.clone(), query, schools, paging }
        };
        vec![sample(vec![School::sample()], "zoek=zand&na=1&na=2"), sample(Vec::new(), "zoek=x"), sample(Vec::new(), "")]
    }
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
