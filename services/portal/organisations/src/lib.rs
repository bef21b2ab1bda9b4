//! The area of organisations: the schools a visitor may see.
//!
//! A page is a folder with its address, view, words, page and template. To add one: its folder, and in this file its module, its
//! addresses and its place in the list of pages (`docs/adding.md`).

mod schools;

use auth::Action;
use portal_frame::{Area, MenuEntry, MenuPlace, Onlooker, Routes, mark::Icon};

portal_frame::pages!(schools::SchoolsPage);

/// What the portal knows of this area.
pub const AREA: Area = Area { routes, menu, figures: None, search: |_| None, messages: &[] };

fn routes() -> Routes {
    Routes::default().page("/scholen", schools::list)
}

fn menu(onlooker: &Onlooker<'_>) -> Vec<MenuEntry> {
    let visitor = onlooker.visitor;
    let schools = |place| MenuEntry { place, href: "/scholen".to_owned(), icon: Icon::School, label: onlooker.words().schools() };
    let mut entries = Vec::new();
    if visitor.works_the_queue() {
        entries.push(schools(MenuPlace::Network(0)));
    } else if visitor.may_everywhere(Action::GatewayRead) {
        entries.push(schools(MenuPlace::Platform(1)));
    }
    if visitor.own_schools().len() > 1 {
        entries.push(schools(MenuPlace::YourSchools(0)));
    }
    entries
}
