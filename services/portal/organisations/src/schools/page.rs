//! The list of schools.

use askama::Template;
use auth::Action;
use portal_frame::{
    Frame,
    list::{Paging, PlainQuery},
    mark::Icon,
    samples::Page,
    school::School,
};
use runtime::SchoolId;

use super::words::SchoolWords;
use crate::{access, enrolment::Subject, history, people};

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

    /// What of a school the visitor may look into: its devices, its incidents, in the queue or as the school itself sees them, its
    /// people, who sees what, how far it is proven, and its history.
    fn inside(&self, school: &School) -> Vec<(String, &'static str)> {
        let (Some(visitor), Ok(id)) = (&self.frame.visitor, school.id.parse::<SchoolId>()) else { return Vec::new() };
        let (words, mut links) = (self.words(), Vec::new());
        if visitor.may(Action::DeviceRead, id) {
            links.push((format!("/scholen/{}/toestellen", school.id), words.view_devices()));
        }
        if visitor.works_the_queue() {
            links.push((format!("/wachtrij?fase=alle&school={}", school.id), words.view_cases()));
        } else if visitor.may(Action::CaseRead, id) {
            links.push((format!("/scholen/{}/incidenten", school.id), words.view_cases()));
        }
        if visitor.may(Action::FunctionRead, id) {
            links.push((people::place(id), words.view_people()));
        }
        if visitor.may(Action::AccessRead, id) {
            links.push((access::place(id), words.view_access()));
        }
        if visitor.may(Action::EnrolmentRead, id) {
            links.push((Subject::School(id).place(), words.view_checks()));
        }
        if visitor.may(Action::HistoryRead, id) {
            links.push((history::place(id), words.view_history()));
        }
        links
    }

    fn may_look_inside(&self) -> bool {
        self.schools.iter().any(|school| !self.inside(school).is_empty())
    }
}
