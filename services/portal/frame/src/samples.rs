//! Every page with sample data, so that a test renders all of them.

use std::{error::Error, sync::Arc};

use askama::Template;
use auth::{Function, Policies, Principal, Role, Subject};
use chrono::{DateTime, Utc};
use runtime::{BoardId, PersonId, SchoolId};

use crate::{
    area::Area,
    config::EmergencyLine,
    language::Language,
    layout::{Frame, Preferences},
    visitor::Visitor,
};

/// A page.
pub trait Page: Template + Sized {
    /// Fillings that together show every part of the page.
    fn samples(frame: &Frame) -> Vec<Self>;
}

/// A page in a list of `pages!`: no other can be sent.
pub trait Listed {}

/// Lists the pages of a crate, and tests that each renders in both languages for every kind of visitor.
#[macro_export]
macro_rules! pages {
    ($($page:ty),+ $(,)?) => {
        $(impl $crate::samples::Listed for $page {})+

        #[cfg(test)]
        #[test]
        fn every_page_renders() {
            $($crate::samples::check::<$page>().unwrap();)+
        }
    };
}

/// Renders all samples of a page.
///
/// # Errors
/// When one does not render, or is not the page it should be.
pub fn check<P: Page>() -> Result<(), Box<dyn Error>> {
    for language in [Language::Dutch, Language::English] {
        for visitor in visitors()? {
            let samples = P::samples(&frame(language, visitor));
            let name = std::any::type_name::<P>();
            if samples.is_empty() {
                return Err(format!("{name} has no sample").into());
            }
            for page in samples {
                let html = page.render()?;
                let is_whole = ["<h1", "<main", "</html>"].iter().all(|part| html.matches(part).count() == 1);
                if !is_whole || html.contains("style=\"") {
                    return Err(format!("{name} lacks a part, has one twice, or has a style of its own: {html}").into());
                }
            }
        }
    }
    Ok(())
}

/// A made-up moment, now in samples.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_236_200, 0).unwrap_or_default()
}

/// The school of the samples.
pub fn school_id() -> SchoolId {
    SchoolId::from(uuid::Uuid::from_u128(0x0190_c0de_0000_7000_8000_0000_0000_0001))
}

/// Its board.
pub fn board_id() -> BoardId {
    BoardId::from(uuid::Uuid::from_u128(0x0190_c0de_0000_7000_8000_0000_0000_00b1))
}

/// The frame of a sample page.
pub fn frame(language: Language, visitor: Option<Visitor>) -> Frame {
    const NO_AREAS: &[Area] = &[];
    Frame {
        preferences: Preferences { language, theme: Default::default(), shortcuts: true },
        now: now(),
        here: "/".to_owned(),
        school: visitor.as_ref().and_then(Visitor::only_school),
        organisation: None,
        organisations: Vec::new(),
        visitor,
        csrf: "secret".to_owned(),
        flash: None,
        place: String::new(),
        context: String::new(),
        areas: NO_AREAS,
        figures: Vec::new(),
        emergency_line: Some(Arc::new(EmergencyLine::example())),
    }
}

/// Nobody, and somebody of every function: at the samples' school and its board.
fn visitors() -> Result<Vec<Option<Visitor>>, Box<dyn Error>> {
    let mut visitors = vec![None];
    for role in Role::ALL {
        let role: &str = role.into();
        let claims = [role.to_owned(), format!("{role}@{}", school_id()), format!("{role}@{}", board_id())];
        for function in claims.iter().filter_map(|claim| claim.parse().ok()) {
            visitors.push(Some(visitor(vec![function])?));
        }
    }
    Ok(visitors)
}

/// Somebody with these functions.
///
/// # Errors
/// When the policies do not load.
pub fn visitor(functions: Vec<Function>) -> Result<Visitor, Box<dyn Error>> {
    let subject = Subject::Person(PersonId::from(uuid::Uuid::nil()));
    let policies = Policies::load()?;
    policies.hierarchy().place(school_id(), board_id());
    Ok(Visitor::new(Principal { subject, name: "Noor Claes".to_owned(), functions }, Vec::new(), Arc::new(policies)))
}
