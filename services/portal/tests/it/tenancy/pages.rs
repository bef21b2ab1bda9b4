//! The same over the portal's addresses: pages, files and forms as the router lists them.

use std::collections::BTreeMap;

use super::{
    people_of,
    tenant::{Kind, Tenant},
};
use crate::support::{
    Town,
    browser::{Browser, Page},
    people::board,
    sample::{HOEK, ZANDLOPER},
};

/// What the parameters of addresses stand for.
const PARAMETERS: [(&str, Kind); 11] = [
    ("{school}", Kind::School),
    ("{case}", Kind::Case),
    ("{alert}", Kind::Alert),
    ("{device}", Kind::Device),
    ("{gateway}", Kind::Gateway),
    ("{contact}", Kind::Contact),
    ("{appointment}", Kind::Appointment),
    ("{invitation}", Kind::Invitation),
    ("{vendor}", Kind::Vendor),
    ("{override}", Kind::Override),
    ("{erasure}", Kind::Erasure),
];

/// What fields of forms and questions stand for; an address takes those that it knows.
const FIELDS: [(&str, Kind); 5] =
    [("school", Kind::School), ("vestiging", Kind::Site), ("aan", Kind::Person), ("verzoek", Kind::Request), ("zoek", Kind::Name)];

/// Fields that are no tenant's.
const PLAIN: [(&str, &str); 8] = [
    ("naam", "Nieuw"),
    ("telefoon", "09 374 12 34"),
    ("e-mail", "iemand@school.example"),
    ("functie", "teacher"),
    ("tekst", "Een woord."),
    ("tlp", "TLP:AMBER"),
    ("fase", "in_progress"),
    ("terug", "/"),
];

/// An address with a place in it for something of a tenant.
#[derive(Clone, Copy)]
struct Tried<'a> {
    pattern: &'static str,
    /// The parameter that is of the other tenant; none: every field is.
    parameter: Option<&'static str>,
    own: &'a Tenant,
    other: &'a Tenant,
}

impl Tried<'_> {
    fn tenant_at(&self, parameter: &str) -> &Tenant {
        if self.parameter == Some(parameter) { self.other } else { self.own }
    }

    fn path(&self) -> String {
        let filled = PARAMETERS
            .iter()
            .fold(self.pattern.to_owned(), |path, (parameter, kind)| path.replace(parameter, self.tenant_at(parameter).id(*kind).unwrap()));
        assert!(!filled.contains('{'), "{} has a parameter without a line in PARAMETERS (tenancy/pages.rs)", self.pattern);
        filled
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let tenant = if self.parameter.is_none() { self.other } else { self.own };
        let named = FIELDS.iter().map(|(field, kind)| (*field, tenant.id(*kind).unwrap().to_owned()));
        // What the address is about is what its last parameter names.
        let about = PARAMETERS
            .iter()
            .filter_map(|(parameter, kind)| Some((self.pattern.rfind(parameter)?, self.tenant_at(parameter).etags.get(kind)?)));
        let etag = about.max_by_key(|(at, _)| *at).map(|(_, etag)| etag.clone()).unwrap_or_default();
        let case = format!("{} {}", tenant.id(Kind::Case).unwrap(), tenant.etags[&Kind::Case]);
        named
            .chain([("etag", etag), ("zaak", case), ("reden", "resolved".to_owned())])
            .chain(PLAIN.map(|(name, value)| (name, value.to_owned())))
            .collect()
    }

    async fn get(&self, browser: &mut Browser) -> Page {
        let question = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(self.fields()).finish();
        browser.get(&format!("{}?{question}", self.path())).await
    }

    async fn post(&self, browser: &mut Browser, csrf: &str) -> Page {
        let fields = self.fields();
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).chain([("csrf", csrf)]).collect();
        browser.post(&self.path(), &fields).await
    }

    /// The page for a comparison, with another word where it repeats what was searched for.
    fn without_name(&self, page: &Page) -> String {
        let name = self.other.id(Kind::Name).unwrap();
        let in_address: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        page.steady().replace(name, "NAME").replace(&in_address, "NAME")
    }

    /// What the page says of the other tenant beyond what was asked.
    fn told(&self, page: &Page) -> Vec<&String> {
        let asked = [self.path(), format!("{:?}", self.fields())].concat();
        self.other.secrets.iter().filter(|secret| !asked.contains(*secret) && page.text.contains(*secret)).collect()
    }
}

/// Where an address names something: at each parameter, and in its fields. A link in a mail is for anyone who has it.
fn places(pattern: &'static str) -> Vec<Option<&'static str>> {
    if pattern.contains("{token}") {
        return Vec::new();
    }
    PARAMETERS.iter().map(|(parameter, _)| *parameter).filter(|parameter| pattern.contains(parameter)).map(Some).chain([None]).collect()
}

#[tokio::test]
async fn no_page_or_form_shows_or_changes_anything_of_another_school() {
    let town = Town::new().await;
    let (own, other) = (Tenant::of(&town, HOEK, 800).await, Tenant::of(&town, ZANDLOPER, 900).await);
    // The portals of all tests share what they know of boards; the services learn the same.
    let own = own.with(Kind::Board, board(2).to_string());
    town.place(ZANDLOPER, board(1));
    town.place(HOEK, board(2));
    town.world.settle().await;
    let absent = Tenant::absent(&other, &town);
    let routes = schildwacht_portal::routes();
    let before = town.world.rows_about(&other.secrets).await;
    let mut answers: BTreeMap<u16, usize> = BTreeMap::new();
    for person in people_of(&own) {
        // Some may see no page at all, and are signed in like the others.
        town.issuer.next_to_sign_in(&person);
        let mut browser = town.browser();
        let csrf = browser.follow("/").await.hidden("csrf").unwrap();
        for pattern in routes.pages().iter().copied().chain(routes.answers()).filter(|pattern| !pattern.starts_with("/aanmelden")) {
            for parameter in places(pattern) {
                let tried = Tried { pattern, parameter, own: &own, other: &other };
                let about = format!("{pattern} with {} of another, for {:?}", parameter.unwrap_or("fields"), person.functions);
                let page = tried.get(&mut browser).await;
                assert_eq!(tried.told(&page), Vec::<&String>::new(), "{about} tells");
                let twin = Tried { other: &absent, ..tried };
                let of_absent = twin.get(&mut browser).await;
                assert_eq!((page.status, tried.without_name(&page)), (of_absent.status, twin.without_name(&of_absent)), "{about}");
                *answers.entry(page.status).or_default() += 1;
            }
        }
        let here = browser.get("/hulp").await;
        assert!(here.text.contains("/afmelden"), "{:?} is signed in still", person.functions);
        for pattern in routes.forms().filter(|pattern| !["/afmelden", "/voorkeuren"].contains(pattern)) {
            for parameter in places(pattern) {
                let tried = Tried { pattern, parameter, own: &own, other: &other };
                let about = format!("the form at {pattern} with {} of another, of {:?}", parameter.unwrap_or("fields"), person.functions);
                let page = tried.post(&mut browser, &csrf).await;
                assert_eq!(tried.told(&page), Vec::<&String>::new(), "{about} tells");
                // Where only fields are another's, the form may have done something to what is their own: a second one meets that.
                if parameter.is_some() {
                    let of_absent = Tried { other: &absent, ..tried }.post(&mut browser, &csrf).await;
                    assert_eq!(page.status, of_absent.status, "{about}: {}", page.text);
                }
                *answers.entry(page.status).or_default() += 1;
            }
        }
    }
    town.world.settle().await;
    let after = town.world.rows_about(&other.secrets).await;
    let changes: Vec<&String> = before.symmetric_difference(&after).collect();
    assert!(changes.is_empty(), "something of another school has changed: {changes:#?}");
    // Those who may are shown it, so that this would have been noticed.
    let mut director = town.browser_of(&other.director).await;
    let mut telling = 0;
    for &pattern in routes.pages() {
        if !places(pattern).is_empty() {
            let page = Tried { pattern, parameter: None, own: &other, other: &other }.get(&mut director).await;
            telling += usize::from(other.secrets.iter().any(|secret| page.status == 200 && page.text.contains(secret)));
        }
    }
    assert!(telling >= 8, "{telling} pages show the other school's director something of it");
    assert!(answers.get(&200).is_some_and(|pages| *pages > 50) && answers.get(&303).is_some_and(|acts| *acts > 10), "{answers:?}");
    println!("{} addresses that name something of another school, by status: {answers:?}", answers.values().sum::<usize>());
}
