//! Mails to people: in Dutch, then in English, since nobody has chosen a language yet.

use std::collections::{BTreeMap, BTreeSet};

use auth::{Function, Resource, Role};
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Brussels;
use runtime::without_hidden;
use url::Url;

use super::{Answer, Appointment, Invitation, Place, Secret, Vendor};

/// So many people are named in a letter; of the others it says how many they are.
const NAMED_AT_MOST: usize = 20;
/// Characters of a place in a subject, which has room for 200 in all, and in a line of a list.
const PLACE_SHORTENED: usize = 100;

/// A mail to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
}

/// Asks somebody to take a function: `place` is what its place is called, `None` for the platform.
pub fn invitation(invitation: &Invitation, place: Option<&str>, portal: &Url, token: &Secret) -> Letter {
    let (dutch, english) = names(invitation.function);
    let (at, of) = with_place("van", "of", place);
    let expires = match &invitation.answer {
        Answer::Awaited { expires, .. } => day(*expires),
        Answer::Accepted { .. } | Answer::Withdrawn => String::new(),
    };
    let link = format!("{portal}uitnodiging/{}", token.reveal());
    let subject = format!("Schildwacht: uitnodiging als {dutch}");
    let text = format!(
        "Goedendag,\n\n\
         U bent uitgenodigd om op Schildwacht te werken als {dutch}{at}.\n\n\
         Aanvaard de uitnodiging voor {expires}:\n{link}\n\n\
         Meld u daar aan zoals altijd. De link werkt een keer, en is alleen voor u: stuur hem niet door.\n\
         Verwacht u deze mail niet? Dan hoeft u niets te doen.\n\n\
         --\n\n\
         You are invited to work on Schildwacht as {english}{of}.\n\
         Accept with the link above before {expires}. It works once and is for you alone: do not forward it.\n\
         If you do not expect this mail, you need not do anything.\n"
    );
    Letter { subject, text }
}

/// Asks somebody to confirm what others hold at a place.
pub fn to_confirm((place, name): (Place, Option<&str>), appointments: &[&Appointment], portal: &Url) -> Letter {
    let (at, of) = with_place("bij", "at", name);
    let list = list(appointments, |_| None);
    let link = people_page(place, portal);
    let subject = format!("Schildwacht: bevestig wie een functie houdt{}", shortened(&at));
    let text = format!(
        "Goedendag,\n\n\
         Wie hieronder staat, verliest een functie{at} op de dag die erbij staat. Dat gebeurt niet als u de functie bevestigt.\n\n{list}\n\
         Bevestig wie blijft:\n{link}\n\n\
         Stopt iemand? Dan hoeft u voor die persoon niets te doen.\n\n\
         --\n\n\
         Those in the list above lose a function{of} on the day beside it, unless you confirm it.\n\
         Confirm those who stay with the link above.\n\
         If somebody stops, you need not do anything for them.\n"
    );
    Letter { subject, text }
}

/// Asks an operator about what nobody nearer may confirm, at all places together. `places` are their names; some have none.
pub fn passed_on(appointments: &[&Appointment], places: &BTreeMap<Resource, String>, portal: &Url) -> Letter {
    let place_of = |appointment: &Appointment| Place::of(appointment.function).map(|Place(place)| place);
    let list = list(appointments, |appointment| places.get(&place_of(appointment)?).map(String::as_str));
    let functions = appointments.len();
    let places = appointments.iter().filter_map(|appointment| place_of(appointment)).collect::<BTreeSet<_>>().len();
    let subject = "Schildwacht: deze functies kan niemand anders bevestigen".to_owned();
    let text = format!(
        "Goedendag,\n\n\
         Wie hieronder staat, verliest een functie op de dag die erbij staat. Niemand anders kan die functies nu bevestigen.\n\n{list}\n\
         Aantal functies: {functions}. Aantal plaatsen: {places}.\n\n\
         Bevestig wie blijft. Kunt u dat niet? Stel dan iemand aan die het mag:\n{portal}\n\n\
         Stopt iemand? Dan hoeft u voor die persoon niets te doen.\n\n\
         --\n\n\
         Those in the list above lose a function on the day beside it. Nobody else can confirm these functions now.\n\
         Functions: {functions}. Places: {places}.\n\
         Confirm those who stay with the link above. If you cannot, appoint somebody who may.\n\
         If somebody stops, you need not do anything for them.\n"
    );
    Letter { subject, text }
}

/// Tells a vendor that its domain has no token any more.
pub fn domain_lapsed(vendor: &Vendor, portal: &Url) -> Letter {
    let domain = &vendor.details.domain;
    let link = format!("{portal}leveranciers/{}", vendor.id);
    let subject = "Schildwacht: het bewijs van uw domein is vervallen".to_owned();
    let text = format!(
        "Goedendag,\n\n\
         We keken twee weken na elkaar naar uw domein {domain}. We vonden het bewijs niet meer.\n\
         Daarom geldt het domein niet meer als het uwe.\n\n\
         Is het domein nog van u? Vraag dan een nieuw bewijs, en laat ons daarna opnieuw kijken:\n{link}\n\n\
         Is het domein niet meer van u? Geef dan op dezelfde pagina uw nieuwe domein op.\n\n\
         --\n\n\
         We looked at your domain {domain} two weeks in a row, and did not find the proof any more.\n\
         So the domain no longer counts as yours.\n\
         If the domain is still yours, ask for a new proof with the link above, and have us look again.\n\
         If the domain is no longer yours, give your new domain on the same page.\n"
    );
    Letter { subject, text }
}

/// A line for each, the first to end first; of many, the first ones and how many more there are.
fn list<'a>(appointments: &[&Appointment], place: impl Fn(&Appointment) -> Option<&'a str>) -> String {
    let mut appointments = appointments.to_vec();
    appointments.sort_by_cached_key(|appointment| (appointment.confirm_by, appointment.person.name().to_lowercase(), appointment.id));
    let named = appointments.iter().take(NAMED_AT_MOST).map(|appointment| {
        let (dutch, english) = names(appointment.function);
        let place = place(appointment).map(|place| format!(", {}", shortened(&one_line(place)))).unwrap_or_default();
        let name = one_line(appointment.person.name());
        format!("- {name}: {dutch} / {english}{place}, {}\n", day(appointment.confirm_by))
    });
    let mut list: String = named.collect();
    let others = appointments.len().saturating_sub(NAMED_AT_MOST);
    if others > 0 {
        list.push_str(&format!("- en nog {others} / and {others} more\n"));
    }
    list
}

/// Tells somebody that what they hold at a place ends soon: each with the function of who may confirm it.
pub fn to_be_confirmed((place, name): (Place, Option<&str>), held: &[(&Appointment, Function)], portal: &Url) -> Letter {
    let (at, of) = with_place("bij", "at", name);
    let list = held.iter().map(|(appointment, by)| {
        let ((dutch, english), (by_dutch, by_english)) = (names(appointment.function), names(*by));
        let ends = day(appointment.confirm_by);
        format!("- {dutch} / {english}, {ends}. Vraag het aan / ask: {by_dutch} / {by_english}\n")
    });
    let list: String = list.collect();
    let link = people_page(place, portal);
    let subject = format!("Schildwacht: uw functie eindigt binnenkort{}", shortened(&at));
    let text = format!(
        "Goedendag,\n\n\
         U verliest een functie{at} op de dag die erbij staat. Dat gebeurt niet als iemand de functie bevestigt.\n\n{list}\n\
         Blijft u? Vraag dan om uw functie te bevestigen. Zelf kunt u dat niet.\n\
         Wie bevestigt, doet dat hier:\n{link}\n\n\
         Stopt u? Dan hoeft u niets te doen.\n\n\
         --\n\n\
         You lose a function{of} on the day beside it in the list above, unless somebody confirms it.\n\
         If you stay, ask to be confirmed, with the link above. You cannot do it yourself.\n\
         If you stop, you need not do anything.\n"
    );
    Letter { subject, text }
}

/// What a place is called, after a word in Dutch and in English; nothing where it has no name.
fn with_place(dutch: &str, english: &str, place: Option<&str>) -> (String, String) {
    place.map(one_line).map_or_else(Default::default, |place| (format!(" {dutch} {place}"), format!(" {english} {place}")))
}

/// A name without what cannot be seen, and without line breaks, by which it could add lines of its own.
fn one_line(name: &str) -> String {
    without_hidden(name).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(place: &str) -> String {
    let beginning: String = place.chars().take(PLACE_SHORTENED).collect();
    if beginning.len() < place.len() { format!("{beginning}…") } else { beginning }
}

fn day(moment: DateTime<Utc>) -> String {
    moment.with_timezone(&Brussels).format("%d/%m/%Y").to_string()
}

/// Where the people of a place are; the first page for places whose people have no page yet.
fn people_page(place: Place, portal: &Url) -> String {
    match place {
        Place(Resource::School(school)) => format!("{portal}scholen/{school}/mensen"),
        Place(_) => portal.to_string(),
    }
}

/// A function in Dutch and in English, in a sentence.
fn names(function: Function) -> (&'static str, &'static str) {
    match Role::from(function) {
        Role::Responder => ("lid van het responsteam", "member of the response team"),
        Role::ResponseLead => ("leiding van het responsteam", "lead of the response team"),
        Role::Operator => ("lid van het platformteam", "member of the platform team"),
        Role::Reviewer => ("beoordelaar", "reviewer"),
        Role::Editor => ("redacteur", "editor"),
        Role::BoardMember => ("bestuurslid", "board member"),
        Role::Dpo => ("functionaris voor gegevensbescherming (DPO)", "data protection officer (DPO)"),
        Role::Director => ("directeur", "head teacher"),
        Role::IctCoordinator => ("ICT-coördinator", "ICT coordinator"),
        Role::Teacher => ("leerkracht", "teacher"),
        Role::VendorContact => ("contactpersoon", "contact"),
        Role::Pupil => ("leerling", "pupil"),
        Role::Parent => ("ouder", "parent"),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Person, SecretHash, Term, VendorDetails};

    #[test]
    fn an_invitation_says_to_what_where_and_until_when() {
        let function = Function::IctCoordinator(Uuid::from_u128(1).into());
        let asked = ("bram@zandloper.example".try_into().unwrap(), function, None);
        let now = "2026-11-29T23:30:00Z".parse().unwrap();
        let (invited, _) = Invitation::invite(Uuid::from_u128(2).into(), asked, "person:1".to_owned(), SecretHash::of("token"), now);
        let token = Secret::generate().unwrap();
        let portal = "https://schildwacht.example/".parse().unwrap();
        let letter = invitation(&invited, Some("Basisschool De Zandloper"), &portal, &token);
        assert_eq!(letter.subject, "Schildwacht: uitnodiging als ICT-coördinator");
        assert!(letter.text.contains(&format!("https://schildwacht.example/uitnodiging/{}\n", token.reveal())), "{}", letter.text);
        assert_eq!(letter.text.matches("07/12/2026").count(), 2, "half past midnight in Brussels: {}", letter.text);
        assert!(letter.text.contains("ICT coordinator of Basisschool De Zandloper"), "{}", letter.text);
    }

    #[test]
    fn a_vendor_whose_domain_has_lapsed_reads_what_to_do() {
        let details = VendorDetails {
            name: "Leermaat BV".try_into().unwrap(),
            domain: "leermaat.example".try_into().unwrap(),
            security_contact: "security@leermaat.example".try_into().unwrap(),
        };
        let (vendor, _) = Vendor::create(Uuid::from_u128(1).into(), "1000.000.021".parse().unwrap(), details);
        insta::assert_snapshot!(domain_lapsed(&vendor, &"https://schildwacht.example/".parse().unwrap()).text);
    }

    const ZANDLOPER: &str = "Basisschool De Zandloper";

    fn teacher(number: u128, name: &str, from: &str) -> Appointment {
        let email = "iemand@zandloper.example".try_into().unwrap();
        let person = Person::known(Uuid::from_u128(number).into(), name.try_into().unwrap(), email);
        let term = Term::new(from.parse().unwrap(), None).unwrap();
        let function = Function::Teacher(Uuid::from_u128(1).into());
        Appointment::appoint(Uuid::from_u128(number).into(), person, function, term, "person:1".to_owned()).0
    }

    fn asked(appointments: &[Appointment], name: Option<&str>) -> Letter {
        let place = Place(Resource::School(Uuid::from_u128(1).into()));
        let portal = "https://schildwacht.example/".parse().unwrap();
        to_confirm((place, name), &appointments.iter().collect::<Vec<_>>(), &portal)
    }

    #[test]
    fn who_may_confirm_reads_who_ends_when_the_first_to_end_first() {
        let late = teacher(1, "An Peeters", "2026-11-25T09:00:00Z");
        let soon = [teacher(2, "zoë Maes", "2026-11-23T23:30:00Z"), teacher(3, "Karim Aziz", "2026-11-23T23:30:00Z")];
        let [zoe, karim] = soon;
        insta::assert_snapshot!(asked(&[late, zoe, karim], Some(ZANDLOPER)).text);
    }

    #[test]
    fn of_more_than_twenty_people_the_others_are_counted() {
        let teachers: Vec<_> = (1..=22).map(|number| teacher(number, &format!("Leraar {number:02}"), "2026-11-24T09:00:00Z")).collect();
        let lines = |appointments| asked(appointments, None).text.lines().filter(|line| line.starts_with("- ")).count();
        assert_eq!((lines(&teachers[..20]), lines(&teachers[..21])), (20, 21));
        assert!(!asked(&teachers[..20], None).text.contains("en nog"));
        let text = asked(&teachers, None).text;
        assert!(text.contains("- Leraar 20: leerkracht / teacher, 24/11/2027\n- en nog 2 / and 2 more\n\n"), "{text}");
    }

    fn told(appointments: &[Appointment], name: Option<&str>) -> Letter {
        let places = name.map(|name| (Resource::School(Uuid::from_u128(1).into()), name.to_owned()));
        let portal = "https://schildwacht.example/".parse().unwrap();
        passed_on(&appointments.iter().collect::<Vec<_>>(), &places.into_iter().collect(), &portal)
    }

    #[test]
    fn an_operator_reads_who_ends_where_and_what_to_do() {
        let karim = teacher(1, "Karim Aziz", "2026-11-24T09:00:00Z");
        let mut an = teacher(2, "An Peeters", "2026-11-23T09:00:00Z");
        an.function = Function::VendorContact(Uuid::from_u128(9).into());
        insta::assert_snapshot!(told(&[karim, an], Some(ZANDLOPER)).text);
    }

    #[test]
    fn an_operator_reads_twenty_lines_and_how_many_more() {
        let teachers: Vec<_> = (1..=22).map(|number| teacher(number, &format!("Leraar {number:02}"), "2026-11-24T09:00:00Z")).collect();
        let text = told(&teachers, Some(ZANDLOPER)).text;
        let end = "- Leraar 20: leerkracht / teacher, Basisschool De Zandloper, 24/11/2027\n- en nog 2 / and 2 more\n\n";
        assert!(text.contains(end) && text.contains("Aantal functies: 22. Aantal plaatsen: 1.\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("- ")).count(), 21);
    }

    #[test]
    fn a_name_in_an_operators_list_adds_no_line_and_is_cut() {
        let karim = [teacher(1, "Karim  <b>Aziz</b>", "2026-11-24T09:00:00Z")];
        let hostile = format!("De\u{202e} Zandloper\r\n- Els: directeur\n\n{}", "é".repeat(200));
        let text = told(&karim, Some(&hostile)).text;
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with("- ")).collect();
        let name = format!("De Zandloper - Els: directeur {}…", "é".repeat(PLACE_SHORTENED - 30));
        assert_eq!(lines, [format!("- Karim <b>Aziz</b>: leerkracht / teacher, {name}, 24/11/2027")]);
    }

    #[test]
    fn who_must_be_confirmed_reads_what_ends_and_whom_to_ask() {
        let karim = teacher(1, "Karim Aziz", "2026-11-24T09:00:00Z");
        let school = Uuid::from_u128(1).into();
        let held = [(&karim, Function::Director(school))];
        let portal = "https://schildwacht.example/".parse().unwrap();
        let letter = to_be_confirmed((Place(Resource::School(school)), Some(ZANDLOPER)), &held, &portal);
        assert_eq!(letter.subject, "Schildwacht: uw functie eindigt binnenkort bij Basisschool De Zandloper");
        insta::assert_snapshot!(letter.text);
    }

    #[test]
    fn names_add_no_lines_and_hide_nothing() {
        let karim = [teacher(1, "Karim  <b>Aziz</b>", "2026-11-24T09:00:00Z")];
        let letter = asked(&karim, Some("De\u{202e} Zandloper\r\n\nSchildwacht: meld u aan op\thttps://kwaad.example\n"));
        let name = " bij De Zandloper Schildwacht: meld u aan op https://kwaad.example op de dag";
        assert!(letter.text.contains(name), "{}", letter.text);
        assert!(letter.text.contains("- Karim <b>Aziz</b>: leerkracht"), "{}", letter.text);
        assert!(!letter.subject.contains(['\n', '\r', '\t', '\u{202e}']));
    }

    #[test]
    fn a_long_name_is_cut_in_the_subject_alone() {
        let (fits, long) = ("é".repeat(PLACE_SHORTENED - " bij ".len()), "é".repeat(200));
        assert!(asked(&[], Some(&fits)).subject.ends_with(&format!("houdt bij {fits}")));
        let letter = asked(&[], Some(&long));
        assert!(letter.subject.ends_with(&format!("houdt bij {fits}…")) && letter.subject.chars().count() <= 200, "{}", letter.subject);
        assert!(letter.text.contains(&long));
    }

    #[test]
    fn the_link_leads_to_the_people_of_the_school_and_elsewhere_to_the_first_page() {
        let portal = "https://schildwacht.example/".parse().unwrap();
        let school = Uuid::from_u128(1);
        let link = |place| people_page(Place(place), &portal);
        assert_eq!(link(Resource::School(school.into())), format!("https://schildwacht.example/scholen/{school}/mensen"));
        for place in [Resource::Platform, Resource::Board(school.into()), Resource::Vendor(school.into())] {
            assert_eq!(link(place), "https://schildwacht.example/");
        }
    }
}
