//! The area of the network: a school's devices, and the gateways that send what its sensors see.
//!
//! A page is a folder with its address, view, words, page and template. To add one: its folder, and in this file its module, its
//! addresses and its place in the list of pages (`docs/adding.md`).

mod device;
mod devices;
mod gateways;
mod messages;

use auth::Action;
use portal_frame::{Area, Form, MenuEntry, MenuPlace, Onlooker, Routes, Search, mark::Icon};

portal_frame::pages!(
    devices::DevicesPage,
    device::DevicePage,
    gateways::GatewaysPage,
    gateways::EnrolSearchPage,
    gateways::EnrolPage,
    gateways::CodePage,
    gateways::RotatePage,
    gateways::RevokePage,
);

/// What the portal knows of this area.
pub const AREA: Area = Area { routes, menu, figures: None, search, messages: messages::ALL };

fn routes() -> Routes {
    const ENROL: Form = Form { page: "/gateways/nieuw", gives_back: &["naam"] };
    const ROTATE: Form = Form { page: "/gateways/{gateway}/geheim", gives_back: &[] };
    const REVOKE: Form = Form { page: "/gateways/{gateway}/intrekken", gives_back: &["reden"] };
    Routes::default()
        .page("/scholen/{school}/toestellen", devices::list)
        .answer("/scholen/{school}/toestellen/export.csv", devices::export_csv)
        .answer("/scholen/{school}/toestellen/export.json", devices::export_json)
        .page("/scholen/{school}/toestellen/{device}", device::show)
        .page("/gateways", gateways::list)
        .page("/gateways/nieuw", gateways::enrol_form)
        .form("/gateways/nieuw", ENROL, gateways::enrol)
        .page("/gateways/{gateway}/geheim", gateways::rotate_form)
        .form("/gateways/{gateway}/geheim", ROTATE, gateways::rotate)
        .page("/gateways/{gateway}/intrekken", gateways::revoke_form)
        .form("/gateways/{gateway}/intrekken", REVOKE, gateways::revoke)
}

fn menu(onlooker: &Onlooker<'_>) -> Vec<MenuEntry> {
    let (visitor, words) = (onlooker.visitor, onlooker.words());
    let gateways = |place| MenuEntry { place, href: "/gateways".to_owned(), icon: Icon::Router, label: words.gateways() };
    let mut entries = Vec::new();
    if visitor.works_the_queue() {
        entries.push(gateways(MenuPlace::Network(1)));
    } else if visitor.may_everywhere(Action::GatewayRead) {
        entries.push(gateways(MenuPlace::Platform(0)));
    }
    if let Some(school) = onlooker.own_school {
        if visitor.may(Action::DeviceRead, school) {
            let href = format!("/scholen/{school}/toestellen");
            entries.push(MenuEntry { place: MenuPlace::YourSchool(0), href, icon: Icon::Laptop, label: words.devices() });
        }
        let installs_gateways = visitor.may(Action::GatewayEnrol, school) && !visitor.may_everywhere(Action::GatewayEnrol);
        if installs_gateways {
            entries.push(gateways(MenuPlace::YourSchool(2)));
        }
    }
    entries
}

fn search(onlooker: &Onlooker<'_>) -> Option<Search> {
    let school = onlooker.own_school.filter(|school| onlooker.visitor.may(Action::DeviceRead, *school))?;
    Some(Search { action: format!("/scholen/{school}/toestellen"), label: onlooker.words().search_devices(), hidden: None })
}
