//! The area of incidents: the response team's queue, a case, and the incidents of a school.
//!
//! A page is a folder with its address, view, words, page and template. To add one: its folder, and in this file its module, its
//! addresses and its place in the list of pages (`docs/adding.md`).

mod case;
mod messages;
mod queue;
mod school;

use auth::Action;
use futures::FutureExt as _;
use portal_frame::{Area, Form, MenuEntry, MenuPlace, Onlooker, Routes, Search, mark::Icon};

portal_frame::pages!(queue::QueuePage, queue::CloseChosenPage, case::CasePage, case::ConflictPage, school::IncidentsPage);

/// What the portal knows of this area.
pub const AREA: Area = Area {
    routes,
    menu,
    figures: Some(|visitor, calls| async move { queue::menu_figures(&visitor, &calls).await }.boxed()),
    search,
    messages: messages::ALL,
};

fn routes() -> Routes {
    const ON_QUEUE: Form = Form { page: "/wachtrij", gives_back: &[] };
    const ON_CASE: Form = Form { page: "/zaken/{case}", gives_back: &[] };
    const WRITTEN_ON_CASE: Form = Form { page: "/zaken/{case}", gives_back: &["tekst"] };
    Routes::default()
        .page("/wachtrij", queue::show)
        .stream("/wachtrij/stroom", queue::live::stream)
        .answer("/wachtrij/export.csv", queue::export_csv)
        .answer("/wachtrij/export.json", queue::export_json)
        .form("/wachtrij/neem", ON_QUEUE, queue::chosen::take)
        .page("/wachtrij/sluiten", queue::chosen::close_form)
        .form("/wachtrij/sluiten", Form { page: "/wachtrij", gives_back: &["tekst"] }, queue::chosen::close)
        .page("/zaken/{case}", case::show)
        .answer("/zaken/{case}/bewijs/{alert}", case::raw_evidence)
        .form("/zaken/{case}/toewijzen", ON_CASE, case::forms::assign)
        .form("/zaken/{case}/fase", ON_CASE, case::forms::change_phase)
        .form("/zaken/{case}/notitie", WRITTEN_ON_CASE, case::forms::add_note)
        .form("/zaken/{case}/sluiten", WRITTEN_ON_CASE, case::forms::close)
        .form("/zaken/{case}/heropenen", WRITTEN_ON_CASE, case::forms::reopen)
        .page("/scholen/{school}/incidenten", school::show)
}

fn menu(onlooker: &Onlooker<'_>) -> Vec<MenuEntry> {
    let words = onlooker.words();
    let mut entries = Vec::new();
    if onlooker.visitor.works_the_queue() {
        entries.push(MenuEntry { place: MenuPlace::Work(0), href: "/wachtrij".to_owned(), icon: Icon::Queue, label: words.queue() });
        entries.push(MenuEntry { place: MenuPlace::Work(1), href: queue::mine(), icon: Icon::Inbox, label: words.my_cases() });
    }
    if let Some(school) = onlooker.own_school.filter(|school| onlooker.visitor.may(Action::CaseRead, *school)) {
        let href = format!("/scholen/{school}/incidenten");
        entries.push(MenuEntry { place: MenuPlace::YourSchool(1), href, icon: Icon::Alert, label: words.incidents() });
    }
    entries
}

fn search(onlooker: &Onlooker<'_>) -> Option<Search> {
    let label = onlooker.words().search_cases();
    onlooker.visitor.works_the_queue().then(|| Search { action: "/wachtrij".to_owned(), label, hidden: Some(("fase", "alle")) })
}
