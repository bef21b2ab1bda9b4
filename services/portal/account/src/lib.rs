//! The area of accounts: who somebody is to Schildwacht, where they are signed in, and the end of sessions: of their own, and for the
//! platform team of anybody's; and the erasure of a person.
//!
//! A page is a folder with its view, words, page and template. To add one: its folder, and in this file its module, its addresses and its
//! place in the list of pages (`docs/adding.md`).

mod end_sessions;
mod erasures;
mod messages;
mod own;

use auth::Action;
use portal_frame::{Area, Form, MenuEntry, MenuPlace, Onlooker, Routes, mark::Icon};

portal_frame::pages!(own::AccountPage, end_sessions::EndSessionsPage, erasures::ErasuresPage);

/// What the portal knows of this area.
pub const AREA: Area = Area { routes, menu, figures: None, search: |_| None, messages: messages::ALL };

fn routes() -> Routes {
    const OWN: Form = Form { page: own::PLACE, gives_back: &[] };
    const ERASURES: Form = Form { page: erasures::PLACE, gives_back: &[] };
    const ERASURE: Form = Form { page: erasures::PLACE, gives_back: &["persoon", "reden"] };
    const OF_ANYBODY: Form = Form { page: end_sessions::PLACE, gives_back: &["persoon", "reden"] };
    Routes::default()
        .page(own::PLACE, own::show)
        .form("/account/sessie", OWN, own::end_one)
        .form("/account/andere-sessies", OWN, own::end_others)
        .page(end_sessions::PLACE, end_sessions::form)
        .form(end_sessions::PLACE, OF_ANYBODY, end_sessions::end)
        .page(erasures::PLACE, erasures::show)
        .form(erasures::PLACE, ERASURE, erasures::propose)
        .form("/wissen/{erasure}/goedkeuren", ERASURES, erasures::agree)
        .form("/wissen/{erasure}/intrekken", ERASURES, erasures::withdraw)
}

/// The own account is in the menu at the visitor's name, on every page.
fn menu(onlooker: &Onlooker<'_>) -> Vec<MenuEntry> {
    let may = |action| onlooker.visitor.may_everywhere(action);
    let mut entries = Vec::new();
    if may(Action::SessionEnd) {
        let label = end_sessions::EndSessionsWords(onlooker.language).menu();
        entries.push(MenuEntry { place: MenuPlace::Platform(2), href: end_sessions::PLACE.to_owned(), icon: Icon::Lock, label });
    }
    if may(Action::ErasureDecide) {
        let label = erasures::ErasuresWords(onlooker.language).menu();
        entries.push(MenuEntry { place: MenuPlace::Platform(4), href: erasures::PLACE.to_owned(), icon: Icon::User, label });
    }
    entries
}
