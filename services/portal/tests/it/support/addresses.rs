//! Every page of the portal, each with somebody who may see it: what `every_page.rs` reads and the real browser looks at. A new page is found
//! by itself; here are the states of a page that are worth a look, and what its parameters stand for.

use std::collections::BTreeSet;

use auth::Principal;

use super::{
    Town,
    browser::link_to,
    people::{self, board},
    sample::{
        APPOINTMENT_OF_ELS, APPOINTMENT_OF_JONAS, CASE_CLOSED, CASE_IN_HAND, CASE_OF_NOBODY, DEVICE_WARNED, GATEWAY, HOEK, ZANDLOPER,
    },
};

/// One page, in one of its states.
#[derive(Clone)]
pub struct Address {
    pub person: Principal,
    pub path: String,
}

/// All of them: the states below, and every page that is not among them as the first of the sample's people who may see it.
///
/// # Panics
/// When a page is seen by nobody, or has a parameter that [`filled`] does not know.
pub async fn of_every_page(town: &Town) -> Vec<Address> {
    town.place(ZANDLOPER, board(1));
    let contact = town.world.add_contact(ZANDLOPER.id(), "Els Vermeulen", "09 374 12 34").await.contact_id;
    let token = town.world.links().await.pop().unwrap();
    let vendor = town.world.create_vendor().await.vendor_id;
    let mut addresses = states(town).await;
    let routes = schildwacht_portal::routes();
    let seen: BTreeSet<&str> = addresses.iter().filter_map(|address| pattern_of(&address.path, routes.pages())).collect();
    for pattern in routes.pages().iter().filter(|pattern| !seen.contains(*pattern)) {
        let path = filled(pattern, [("{contact}", &contact), ("{token}", &token), ("{vendor}", &vendor)]);
        addresses.push(first_who_sees(town, &path).await.unwrap_or_else(|| panic!("nobody of the sample sees {path} ({pattern})")));
    }
    addresses
}

/// The page that answers at an address. `/contacten/nieuw` also has the shape of `/contacten/{contact}`.
fn pattern_of<'a>(path: &str, pages: &[&'a str]) -> Option<&'a str> {
    let path = path.split('?').next().unwrap();
    let same = |(part, of_pattern): (&str, &str)| part == of_pattern || of_pattern.starts_with('{');
    let is_of = |pattern: &&str| path.split('/').count() == pattern.split('/').count() && path.split('/').zip(pattern.split('/')).all(same);
    pages.iter().copied().filter(is_of).min_by_key(|pattern| pattern.matches('{').count())
}

fn filled(pattern: &str, made: [(&str, &String); 3]) -> String {
    let path = [
        ("{school}", ZANDLOPER.id()),
        ("{case}", CASE_IN_HAND.id()),
        ("{device}", DEVICE_WARNED.id()),
        ("{gateway}", GATEWAY.id()),
        ("{appointment}", APPOINTMENT_OF_JONAS.id()),
    ]
    .into_iter()
    .chain(made.map(|(parameter, value)| (parameter, value.as_str())))
    .fold(pattern.to_owned(), |path, (parameter, value)| path.replace(parameter, value));
    assert!(!path.contains('{'), "{pattern} has a parameter that is not filled in here: {path}; add what it stands for");
    path
}

async fn first_who_sees(town: &Town, path: &str) -> Option<Address> {
    for person in [people::karim(), people::pieter_operates(), people::noor(), people::director_of_two()] {
        let page = town.browser_of(&person).await.get(path).await;
        if page.status == 200 {
            return Some(Address { person, path: path.to_owned() });
        }
    }
    None
}

/// A page in its states, and for people who see it differently.
async fn states(town: &Town) -> Vec<Address> {
    let case = format!("/zaken/{CASE_IN_HAND}");
    let first_page = town.browser_of(&people::noor()).await.follow(&case).await.text;
    let more_evidence = link_to(&first_page, &format!("{case}?bewijs=")).replace("#bewijs", "");
    let chosen = town.chosen(CASE_OF_NOBODY).await;
    let close_chosen = url::form_urlencoded::Serializer::new("/wachtrij/sluiten?".to_owned()).append_pair("zaak", &chosen).finish();
    let contacts = format!("/scholen/{ZANDLOPER}/contacten");

    let of_noor = vec![
        "/wachtrij".to_owned(),
        "/wachtrij?weergave=laat".to_owned(),
        "/wachtrij?ernst=high&zoek=computer".to_owned(),
        "/wachtrij?zoek=niets-dat-er-is".to_owned(),
        close_chosen,
        case.clone(),
        more_evidence,
        format!("/zaken/{CASE_OF_NOBODY}"),
        format!("/zaken/{CASE_CLOSED}"),
        format!("/scholen/{HOEK}/toestellen"),
        contacts.clone(),
        "/aanmelden/wie?request=een".to_owned(),
    ];
    let of_lotte = vec![format!("/zaken/{CASE_CLOSED}")];
    let of_karim = vec![
        format!("/scholen/{ZANDLOPER}/toestellen"),
        format!("/scholen/{ZANDLOPER}/toestellen?weergave=waarschuwing"),
        format!("/scholen/{ZANDLOPER}/incidenten"),
        case.clone(),
        contacts.clone(),
        "/gateways/nieuw".to_owned(),
        format!("/scholen/{ZANDLOPER}/mensen?weergave=alle"),
    ];
    let of_pieter = vec![
        "/gateways?ook=voorbij".to_owned(),
        "/gateways/nieuw".to_owned(),
        "/gateways/nieuw?zoek=de".to_owned(),
        format!("/gateways/nieuw?school={ZANDLOPER}"),
        "/aanmeldingen?weergave=onvolledig".to_owned(),
        "/aanmeldingen?zoek=niets-dat-er-is".to_owned(),
        format!("/scholen/{ZANDLOPER}/controles"),
    ];
    let school_people = format!("/scholen/{ZANDLOPER}/mensen");
    let of_els = vec![
        school_people.clone(),
        format!("{school_people}?weergave=alle"),
        format!("{school_people}?weergave=gestopt"),
        format!("{school_people}/{APPOINTMENT_OF_ELS}/stoppen"),
        format!("/scholen/{ZANDLOPER}/historiek?zoek=noor"),
        format!("/scholen/{ZANDLOPER}/wie-ziet-wat"),
        format!("/scholen/{ZANDLOPER}/controles"),
        format!("/scholen/{ZANDLOPER}/historiek?weergave=geexporteerd&zoek=niets-dat-er-is"),
    ];
    let of_a_director_of_two = vec!["/".to_owned()];
    let of_a_dpo = vec![format!("/scholen/{ZANDLOPER}/incidenten"), case, contacts];
    [
        (people::noor(), of_noor),
        (people::lotte_leads(), of_lotte),
        (people::karim(), of_karim),
        (people::pieter_operates(), of_pieter),
        (people::els(), of_els),
        (people::director_of_two(), of_a_director_of_two),
        (people::dpo_of(board(1)), of_a_dpo),
    ]
    .into_iter()
    .flat_map(|(person, paths)| paths.into_iter().map(move |path| Address { person: person.clone(), path }))
    .collect()
}
