//! The area of organisations: the schools a visitor may see, whom to call there, who works there with which function, who
//! reaches which data and why, who read, exported and changed what, and how far it is proven who schools and vendors are.
//!
//! A page is a folder with its address, view, words, page and template. To add one: its folder, and in this file its module, its
//! addresses and its place in the list of pages (`docs/adding.md`).

mod access;
mod contacts;
mod enrolment;
mod enrolments;
mod history;
mod invitation;
mod invite;
mod messages;
mod own_access;
mod people;
mod schools;
mod vendor;

use auth::{Action, Function};
use portal_frame::{Area, Form, MenuEntry, MenuPlace, Onlooker, Routes, mark::Icon, visitor::Visitor};
use runtime::VendorId;

portal_frame::pages!(
    schools::SchoolsPage,
    contacts::ContactsPage,
    contacts::ContactPage,
    people::PeoplePage,
    people::StopPage,
    invite::InvitePage,
    invitation::AcceptPage,
    invitation::AcceptedPage,
    invitation::BadLinkPage,
    history::HistoryPage,
    access::AccessPage,
    enrolments::EnrolmentsPage,
    enrolment::EnrolmentPage,
    vendor::VendorPage,
    own_access::OwnAccessPage,
);

/// What the portal knows of this area.
pub const AREA: Area = Area { routes, menu, figures: None, search: |_| None, messages: messages::ALL };

fn routes() -> Routes {
    const GIVES_BACK: &[&str] = &["naam", "telefoon"];
    const ADD: Form = Form { page: "/scholen/{school}/contacten/nieuw", gives_back: GIVES_BACK };
    const EDIT: Form = Form { page: "/scholen/{school}/contacten/{contact}", gives_back: GIVES_BACK };
    const PEOPLE: Form = Form { page: "/scholen/{school}/mensen", gives_back: &[] };
    const STOP: Form = Form { page: "/scholen/{school}/mensen/{appointment}/stoppen", gives_back: &["reden"] };
    const INVITE: Form = Form { page: "/scholen/{school}/mensen/uitnodigen", gives_back: &["mail"] };
    const ACCEPT: Form = Form { page: "/uitnodiging/{token}", gives_back: &[] };
    const SCHOOL: Form = Form { page: "/scholen/{school}/controles", gives_back: &["reden"] };
    const VENDOR: Form = Form { page: "/leveranciers/{vendor}", gives_back: &["reden", "kbo-reden"] };
    const GIVES_BACK_VENDOR: &[&str] = &["nummer", "naam", "domein", "mail"];
    const NEW_VENDOR: Form = Form { page: "/leveranciers/nieuw", gives_back: GIVES_BACK_VENDOR };
    const EDIT_VENDOR: Form = Form { page: "/leveranciers/{vendor}/gegevens", gives_back: GIVES_BACK_VENDOR };
    let enrolment = Routes::default()
        .page(enrolments::PLACE, enrolments::list)
        .answer("/aanmeldingen/export.csv", enrolments::export_csv)
        .answer("/aanmeldingen/export.json", enrolments::export_json)
        .page("/scholen/{school}/controles", enrolment::of_school)
        .form("/scholen/{school}/controles/bevestigen", SCHOOL, enrolment::confirm)
        .form("/scholen/{school}/controles/uitzonderingen", SCHOOL, enrolment::propose_of_school)
        .form("/scholen/{school}/controles/uitzonderingen/{override}/goedkeuren", SCHOOL, enrolment::agree_of_school)
        .form("/scholen/{school}/controles/uitzonderingen/{override}/stoppen", SCHOOL, enrolment::end_of_school)
        .page("/leveranciers/{vendor}", enrolment::of_vendor)
        .page("/leveranciers/nieuw", vendor::new_form)
        .form("/leveranciers/nieuw", NEW_VENDOR, vendor::add)
        .page("/leveranciers/{vendor}/gegevens", vendor::edit_form)
        .form("/leveranciers/{vendor}/gegevens", EDIT_VENDOR, vendor::edit)
        .form("/leveranciers/{vendor}/record", VENDOR, enrolment::issue)
        .form("/leveranciers/{vendor}/kijken", VENDOR, enrolment::look)
        .form("/leveranciers/{vendor}/kbo", VENDOR, enrolment::check_company)
        .form("/leveranciers/{vendor}/uitzonderingen", VENDOR, enrolment::propose_of_vendor)
        .form("/leveranciers/{vendor}/uitzonderingen/{override}/goedkeuren", VENDOR, enrolment::agree_of_vendor)
        .form("/leveranciers/{vendor}/uitzonderingen/{override}/stoppen", VENDOR, enrolment::end_of_vendor);
    Routes::default()
        .and(enrolment)
        .page("/scholen", schools::list)
        .page("/scholen/{school}/contacten", contacts::list)
        .page("/scholen/{school}/contacten/nieuw", contacts::add_form)
        .form("/scholen/{school}/contacten/nieuw", ADD, contacts::add)
        .page("/scholen/{school}/contacten/{contact}", contacts::edit_form)
        .form("/scholen/{school}/contacten/{contact}", EDIT, contacts::edit)
        .form("/scholen/{school}/contacten/{contact}/verwijderen", EDIT, contacts::remove)
        .page("/scholen/{school}/mensen", people::list)
        .form("/scholen/{school}/mensen/{appointment}/blijft", PEOPLE, people::confirm)
        .page("/scholen/{school}/mensen/{appointment}/stoppen", people::stop_form)
        .form("/scholen/{school}/mensen/{appointment}/stoppen", STOP, people::stop)
        .page("/scholen/{school}/mensen/uitnodigen", invite::form)
        .form("/scholen/{school}/mensen/uitnodigen", INVITE, invite::send)
        .form("/scholen/{school}/mensen/uitnodigingen/{invitation}/opnieuw", PEOPLE, people::resend)
        .form("/scholen/{school}/mensen/uitnodigingen/{invitation}/intrekken", PEOPLE, people::withdraw)
        .page("/scholen/{school}/historiek", history::list)
        .answer("/scholen/{school}/historiek/export.csv", history::export_csv)
        .answer("/scholen/{school}/historiek/export.json", history::export_json)
        .page("/scholen/{school}/wie-ziet-wat", access::show)
        .answer("/scholen/{school}/wie-ziet-wat/export.csv", access::export_csv)
        .answer("/scholen/{school}/wie-ziet-wat/export.json", access::export_json)
        .page("/mijn-toegang", own_access::show)
        .page("/uitnodiging/aanvaard", invitation::accepted)
        .page("/uitnodiging/{token}", invitation::show)
        .form("/uitnodiging/{token}", ACCEPT, invitation::accept)
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
    if let Some(school) = onlooker.own_school.filter(|school| visitor.may(Action::ContactRead, *school)) {
        let label = contacts::ContactWords(onlooker.language).title();
        entries.push(MenuEntry { place: MenuPlace::YourSchool(3), href: contacts::place(school), icon: Icon::Phone, label });
    }
    if let Some(school) = onlooker.own_school.filter(|school| visitor.may(Action::FunctionRead, *school)) {
        let label = people::PeopleWords(onlooker.language).title();
        entries.push(MenuEntry { place: MenuPlace::YourSchool(4), href: people::place(school), icon: Icon::Users, label });
    }
    if let Some(school) = onlooker.own_school.filter(|school| visitor.may(Action::HistoryRead, *school)) {
        let label = history::HistoryWords(onlooker.language).title();
        entries.push(MenuEntry { place: MenuPlace::YourSchool(5), href: history::place(school), icon: Icon::Clock, label });
    }
    if let Some(school) = onlooker.own_school.filter(|school| visitor.may(Action::AccessRead, *school)) {
        let label = access::AccessWords(onlooker.language).title();
        entries.push(MenuEntry { place: MenuPlace::YourSchool(6), href: access::place(school), icon: Icon::Link, label });
    }
    if visitor.may_everywhere(Action::EnrolmentRead) {
        let label = enrolments::EnrolmentsWords(onlooker.language).title();
        entries.push(MenuEntry { place: MenuPlace::Platform(3), href: enrolments::PLACE.to_owned(), icon: Icon::Building, label });
    }
    if let Some(school) = onlooker.own_school.filter(|school| visitor.may(Action::EnrolmentRead, *school)) {
        let label = enrolment::EnrolmentWords(onlooker.language).title();
        let href = enrolment::Subject::School(school).place();
        entries.push(MenuEntry { place: MenuPlace::YourSchool(7), href, icon: Icon::Check, label });
    }
    for vendor in own_vendors(visitor) {
        let label = enrolment::EnrolmentWords(onlooker.language).title();
        let href = enrolment::Subject::Vendor(vendor).place();
        entries.push(MenuEntry { place: MenuPlace::YourVendor(0), href, icon: Icon::Check, label });
    }
    entries
}

/// The vendors that somebody works for.
fn own_vendors(visitor: &Visitor) -> Vec<VendorId> {
    let vendor = |function: &Function| match function {
        Function::VendorContact(vendor) => Some(*vendor),
        _ => None,
    };
    visitor.principal().functions.iter().filter_map(vendor).collect()
}
