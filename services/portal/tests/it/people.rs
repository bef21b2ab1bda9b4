//! People and functions: who works for a school, who stays, who stops, and who is asked to come.

use auth::{Function, HeldFunction};
use chrono::TimeDelta;
use runtime::SchoolId;

use crate::support::{
    Town,
    browser::{Page, link_to},
    people,
    sample::{APPOINTMENT_OF_ELS, APPOINTMENT_OF_JONAS, APPOINTMENT_OF_KARIM, HOEK, MERELHOF, Named, ZANDLOPER},
};

const REQUEST: &str = "0190c0de-0000-7000-8000-00000000f002";

fn list() -> String {
    format!("/scholen/{ZANDLOPER}/mensen")
}

fn stopping(appointment: Named) -> String {
    format!("{}/{appointment}/stoppen", list())
}

fn teacher(school: Named) -> Function {
    Function::Teacher(school.id().parse().unwrap())
}

/// Nearly: somebody must say within 60 days who stays.
async fn a_year_after_they_were_appointed() -> Town {
    let town = Town::new().await;
    town.clock.advance(TimeDelta::days(50));
    town
}

/// The row of the list in which somebody is.
fn row_of(page: &Page, who: &str) -> String {
    let mut rows = page.text.split("<tr>").skip(1).filter_map(|row| row.split("</tr>").next());
    rows.find(|row| row.contains(&format!("<strong>{who}</strong>"))).unwrap_or_else(|| panic!("{who} is not on {}", page.text)).to_owned()
}

fn hidden_in(row: &str, name: &str) -> String {
    let (_, after) = row.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name} in {row}"));
    after.split('"').next().unwrap().to_owned()
}

fn has_tab(page: &Page, label: &str, count: i64) -> bool {
    page.text.split("<li>").any(|tab| tab.contains(&format!(">{label} <span class=\"count\"")) && tab.contains(&format!(">{count}</span>")))
}

#[tokio::test]
async fn a_head_teacher_says_who_stays() {
    let town = a_year_after_they_were_appointed().await;
    let mut els = town.browser_of(&people::els()).await;
    let start = els.follow("/").await.text;
    assert!(start.contains(&format!("href=\"{}\"", list())), "the menu leads there: {start}");
    let page = els.follow(&list()).await;
    assert!(has_tab(&page, "Na te kijken", 3) && has_tab(&page, "Alle", 3) && has_tab(&page, "Gestopt", 0), "{}", page.text);
    let karim = row_of(&page, "Karim Benali");
    for part in
        ["karim.benali@zandloper.example", "ICT-coördinator", "sinds ", "aangesteld door u", "Geen einddatum", "Te bevestigen tot en met"]
    {
        assert!(karim.contains(part), "{part}: {karim}");
    }
    let own = row_of(&page, "Els Vermeulen");
    assert!(!own.contains("/blijft") && own.contains("/stoppen"), "nobody confirms themselves: {own}");

    let confirm = format!("{}/{APPOINTMENT_OF_KARIM}/blijft", list());
    let done = els.submit(&list(), &confirm, &[("etag", &hidden_in(&karim, "etag"))]).await;
    assert_eq!((done.status, done.location().unwrap()), (303, list()), "{}", done.text);
    let page = els.follow(&list()).await;
    assert!(page.text.contains("De functie is bevestigd") && has_tab(&page, "Na te kijken", 2), "{}", page.text);
    assert!(!page.text.contains("<strong>Karim Benali</strong>"), "who stays is checked");
    let all = els.follow(&format!("{}?weergave=alle", list())).await;
    assert!(!row_of(&all, "Karim Benali").contains("/blijft") && has_tab(&all, "Alle", 3));
}

#[tokio::test]
async fn who_was_faster_is_said_beside_the_list_as_it_is_now() {
    let town = a_year_after_they_were_appointed().await;
    let mut els = town.browser_of(&people::els()).await;
    let confirm = format!("{}/{APPOINTMENT_OF_JONAS}/blijft", list());
    let stale = els.submit(&list(), &confirm, &[("etag", "older")]).await;
    assert_eq!(stale.status, 409);
    assert!(stale.text.contains("Iemand anders wijzigde dit intussen") && row_of(&stale, "Jonas De Smet").contains("/blijft"));

    let etag = hidden_in(&row_of(&els.follow(&list()).await, "Jonas De Smet"), "etag");
    els.submit(&list(), &confirm, &[("etag", &etag)]).await;
    let stop = els.follow(&stopping(APPOINTMENT_OF_JONAS)).await.hidden("etag").unwrap();
    els.submit(&list(), &stopping(APPOINTMENT_OF_JONAS), &[("etag", &stop)]).await;
    let etag = stop.rsplit_once('.').map(|(id, version)| format!("{id}.{}", version.parse::<u32>().unwrap() + 1)).unwrap();
    let ended = els.submit(&list(), &confirm, &[("etag", &etag)]).await;
    assert_eq!(ended.status, 409);
    assert!(ended.text.contains("Deze functie is al gestopt"), "{}", ended.text);
}

#[tokio::test]
async fn somebody_stops_after_a_day_or_at_once() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let form = stopping(APPOINTMENT_OF_JONAS);
    let asked = els.follow(&form).await;
    assert!(
        asked.text.contains("<h1>Jonas De Smet stopt als leerkracht</h1>") && asked.text.contains("Wat er dan gebeurt"),
        "{}",
        asked.text
    );
    let etag = asked.hidden("etag").unwrap();
    for day in ["morgen", "25/9/26", "2026-02-30"] {
        let page = els.submit(&form, &form, &[("etag", &etag), ("laatste-dag", day), ("reden", "met pensioen")]).await;
        assert_eq!(page.status, 422, "{day}");
        assert!(page.text.contains("href=\"#laatste-dag\">Geef een dag") && page.text.contains("value=\"met pensioen\""), "{}", page.text);
    }
    let too_long = els.submit(&form, &form, &[("etag", &etag), ("reden", &"x".repeat(201))]).await;
    assert!(too_long.status == 422 && too_long.text.contains("href=\"#reden\">Geef een reden"), "{}", too_long.text);

    let done = els.submit(&form, &form, &[("etag", &etag), ("laatste-dag", "2026-09-25"), ("reden", "met pensioen")]).await;
    assert_eq!(done.location().unwrap(), list(), "{}", done.text);
    let all = format!("{}?weergave=alle", list());
    assert!(row_of(&els.follow(&all).await, "Jonas De Smet").contains("Tot en met morgen"));
    town.clock.set("2026-09-25T21:59:59Z".parse().unwrap());
    let mut els = town.browser_of(&people::els()).await;
    assert!(has_tab(&els.follow(&all).await, "Alle", 3), "until midnight in Brussels");
    town.clock.advance(TimeDelta::seconds(1));
    assert!(has_tab(&els.follow(&all).await, "Alle", 2));

    let form = stopping(APPOINTMENT_OF_KARIM);
    let stale = els.submit(&form, &form, &[("etag", "older"), ("reden", "andere school")]).await;
    assert!(stale.status == 409 && stale.text.contains("Iemand anders wijzigde dit intussen"), "{}", stale.text);
    assert!(stale.text.contains("value=\"andere school\""));
    let etag = els.follow(&form).await.hidden("etag").unwrap();
    els.submit(&form, &form, &[("etag", &etag)]).await;
    let ended = els.follow(&format!("{}?weergave=gestopt", list())).await;
    assert!(ended.text.contains("Het einde van de functie is bewaard.") && has_tab(&ended, "Gestopt", 2), "{}", ended.text);
    assert!(row_of(&ended, "Karim Benali").contains("Gestopt vandaag"));
    let again = els.follow(&form).await;
    assert!(again.text.contains("Deze functie is al gestopt") && again.hidden("etag").is_none(), "{}", again.text);
}

#[tokio::test]
async fn the_last_head_teacher_does_not_leave_without_a_successor() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let form = stopping(APPOINTMENT_OF_ELS);
    let etag = els.follow(&form).await.hidden("etag").unwrap();
    let refused = els.submit(&form, &form, &[("etag", &etag), ("reden", "met pensioen")]).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("Niemand anders kan dan nog mensen aanstellen") && refused.text.contains("met pensioen"),
        "{}",
        refused.text
    );

    let director = Function::Director(ZANDLOPER.id().parse().unwrap());
    town.world.appoint(&people::pieter_operates(), &people::director_of_two(), "an@zandloper.example", director).await;
    let done = els.submit(&form, &form, &[("etag", &etag)]).await;
    assert_eq!(done.location().unwrap(), "/", "who ended their own function may not see the list any more");
}

#[tokio::test]
async fn only_who_may_is_offered_an_act() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    let page = karim.follow(&list()).await;
    assert!(!page.text.contains("/blijft") && !page.text.contains("/opnieuw") && !page.text.contains("/uitnodigen"), "{}", page.text);
    assert!(
        !row_of(&page, "Jonas De Smet").contains("/stoppen") && row_of(&page, "Karim Benali").contains("/stoppen"),
        "but the own function"
    );
    assert_eq!(karim.get(&stopping(APPOINTMENT_OF_JONAS)).await.status, 403);
    assert_eq!(karim.get(&format!("{}/uitnodigen", list())).await.status, 403);
    town.issuer.next_to_sign_in(&people::jonas());
    assert_eq!(town.browser().follow(&list()).await.status, 403, "a teacher");
    let mut an = town.browser_of(&people::director_of_two()).await;
    assert_eq!(an.get(&format!("/scholen/{HOEK}/mensen/{APPOINTMENT_OF_JONAS}/stoppen")).await.status, 404, "of another school");
    let mut jef = town.browser_of(&people::director_of_another_school()).await;
    assert_eq!(jef.get(&list()).await.status, 404);
}

#[tokio::test]
async fn an_invitation_is_sent_once_then_again_and_withdrawn() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let form = format!("{}/uitnodigen", list());
    let asked = els.follow(&form).await.text;
    assert!(
        asked.contains(">ICT-coördinator</option>") && asked.contains(">leerkracht</option>") && !asked.contains(">directeur</option>"),
        "{asked}"
    );
    let function = teacher(ZANDLOPER).to_string();
    let before = town.world.links().await;
    let fields = [("mail", "an.pauwels@zandloper.example"), ("functie", &function), ("tot", "30/6/2027"), ("verzoek", REQUEST)];
    for _time in 0..2 {
        let done = els.submit(&form, &form, &fields).await;
        assert_eq!((done.status, done.location().unwrap()), (303, list()), "{}", done.text);
    }
    assert_eq!(sent_since(&town, &before).await, 1, "sending twice invites once");
    let page = els.follow(&list()).await;
    let row = row_of(&page, "an.pauwels@zandloper.example");
    assert!(page.text.contains("De uitnodiging is verstuurd.") && row.contains("leerkracht") && row.contains("nog 7\u{a0}dagen"), "{row}");
    assert!(row.contains("Tot en met wo 30 jun 2027"), "{row}");
    assert!(row_of(&page, "nele.smeets@zandloper.example").contains("verlopen"));

    let act = |row: &str, act: &str| link_in(row, &format!("action=\"{}/uitnodigingen/", list()), act);
    let resend = act(&row, "/opnieuw");
    let stale = els.submit(&list(), &resend, &[("etag", "older")]).await;
    assert!(stale.status == 409 && stale.text.contains("Iemand anders wijzigde dit intussen"), "{}", stale.text);
    els.submit(&list(), &resend, &[("etag", &hidden_in(&row, "etag"))]).await;
    let page = els.follow(&list()).await;
    assert!(page.text.contains("Er is een nieuwe link verstuurd"), "{}", page.text);
    assert_eq!(sent_since(&town, &before).await, 2);
    let row = row_of(&page, "an.pauwels@zandloper.example");
    els.submit(&list(), &act(&row, "/intrekken"), &[("etag", &hidden_in(&row, "etag"))]).await;
    let page = els.follow(&list()).await.text;
    assert!(page.contains("De uitnodiging is ingetrokken.") && !page.contains("an.pauwels"), "{page}");
}

/// How many mails were queued since. Of those before, some may be given up meanwhile.
async fn sent_since(town: &Town, before: &[String]) -> usize {
    town.world.links().await.iter().filter(|link| !before.contains(link)).count()
}

/// The address of a form in a row that begins and ends so.
fn link_in(row: &str, begin: &str, end: &str) -> String {
    let found = row.split(begin).skip(1).filter_map(|after| after.split('"').next()).find(|address| address.ends_with(end));
    format!("{}{}", begin.trim_start_matches("action=\""), found.unwrap_or_else(|| panic!("no {end} in {row}")))
}

#[tokio::test]
async fn an_invitation_that_cannot_be_sent_says_why_at_the_field_and_loses_nothing() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let form = format!("{}/uitnodigen", list());
    let function = teacher(ZANDLOPER).to_string();
    let before = town.world.links().await;
    for (mail, function, day, field) in [
        ("an", function.as_str(), "", "#mail"),
        ("an@zandloper.example", "", "", "#functie"),
        ("an@zandloper.example", &function, "volgend jaar", "#tot"),
        ("an@zandloper.example", &function, "2026-09-23", "#tot"),
    ] {
        let page = els.submit(&form, &form, &[("mail", mail), ("functie", function), ("tot", day), ("verzoek", REQUEST)]).await;
        assert_eq!(page.status, 422, "{field}");
        assert_eq!(page.text.matches("href=\"#").count(), 2, "the way to the content, and {field}: {}", page.text);
        assert!(page.text.contains(&format!("href=\"{field}\"")) && page.text.contains(&format!("value=\"{mail}\"")), "{}", page.text);
    }
    assert_eq!(sent_since(&town, &before).await, 0, "no mail went out");
    town.faults.fail_only("CreateInvitation", tonic::Code::Unavailable);
    let failed = els.submit(&form, &form, &[("mail", "an@zandloper.example"), ("functie", &function), ("verzoek", REQUEST)]).await;
    assert!(failed.status == 503 && failed.text.contains("an@zandloper.example"), "{}", failed.text);
}

#[tokio::test]
async fn nobody_invites_for_longer_than_they_may_themselves() {
    let town = Town::new().await;
    let school: SchoolId = ZANDLOPER.id().parse().unwrap();
    let now = town.world.clock.now();
    let until = "2026-12-23T23:00:00Z".parse().unwrap();
    town.hold(&people::mia(), HeldFunction { function: Function::Director(school), from: now, until: Some(until) });
    let mut mia = town.browser_of(&people::mia()).await;
    let form = format!("{}/uitnodigen", list());
    assert!(mia.follow(&form).await.text.contains("hoogstens wo 23 dec: dan eindigt uw eigen functie"));
    let function = teacher(ZANDLOPER).to_string();
    for day in ["", "2026-12-24"] {
        let fields = [("mail", "an@zandloper.example"), ("functie", function.as_str()), ("tot", day), ("verzoek", REQUEST)];
        let page = mia.submit(&form, &form, &fields).await;
        assert_eq!(page.status, 422, "{day:?}");
        assert!(page.text.contains("href=\"#tot\">Uw eigen functie eindigt wo 23 dec"), "{}", page.text);
    }
    let fields = [("mail", "an@zandloper.example"), ("functie", function.as_str()), ("tot", "2026-12-23"), ("verzoek", REQUEST)];
    assert_eq!(mia.submit(&form, &form, &fields).await.location().unwrap(), list());
}

#[tokio::test]
async fn a_school_has_at_most_200_open_invitations() {
    let town = Town::new().await;
    for number in 0..198 {
        town.world.invite(&people::els(), &format!("leerkracht-{number}@zandloper.example"), teacher(ZANDLOPER)).await;
    }
    let mut els = town.browser_of(&people::els()).await;
    assert!(els.follow(&list()).await.text.contains("Alleen de nieuwste uitnodigingen staan hier."));
    let form = format!("{}/uitnodigen", list());
    let function = teacher(ZANDLOPER).to_string();
    let page = els.submit(&form, &form, &[("mail", "een.te.veel@zandloper.example"), ("functie", &function), ("verzoek", REQUEST)]).await;
    assert_eq!(page.status, 409);
    assert!(page.text.contains("Er wachten al 200 uitnodigingen") && page.text.contains("een.te.veel@"), "{}", page.text);
}

#[tokio::test]
async fn who_is_invited_signs_in_reads_what_is_asked_and_takes_the_function() {
    let town = Town::new().await;
    let token = town.world.links().await.pop().unwrap();
    let link = format!("/uitnodiging/{token}");
    let mut els = town.browser_of(&people::els()).await;
    assert!(els.follow(&link).await.text.contains("Basisschool De Zandloper</dd>"), "who may read the school sees its name");

    town.issuer.next_to_sign_in(&people::nobody_in_particular());
    let mut wim = town.browser();
    let asks = wim.follow(&link).await;
    assert_eq!((asks.status, asks.url.as_str()), (200, format!("{}{link}", town.url()).as_str()));
    for part in ["<strong>leerkracht</strong>", "bram.leys@zandloper.example", "De functie komt op naam van Wim Zonder."] {
        assert!(asks.text.contains(part), "{part}: {}", asks.text);
    }
    assert!(!asks.text.contains("De Zandloper"), "who has no function may not read the school");
    let done = wim.submit(&link, &link, &[]).await;
    assert_eq!((done.status, done.location().unwrap().as_str()), (303, "/uitnodiging/aanvaard"), "{}", done.text);
    assert!(wim.follow("/uitnodiging/aanvaard").await.text.contains("href=\"/\">Begin</a>"));
    let function = teacher(ZANDLOPER);
    town.hold(&people::nobody_in_particular(), HeldFunction { function, from: town.world.clock.now(), until: None });
    let own = wim.follow("/").await;
    assert_eq!((own.status, own.url.as_str()), (200, format!("{}/mijn-toegang", town.url()).as_str()));
    assert!(
        own.text.contains("leerkracht") && own.text.contains("href=\"/mijn-toegang\" aria-current=\"page\""),
        "a teacher sees what is theirs: {}",
        own.text
    );
    for (place, status) in [(list(), 403), (format!("/scholen/{ZANDLOPER}/toestellen"), 403), (format!("/scholen/{HOEK}/mensen"), 404)] {
        assert_eq!(wim.get(&place).await.status, status, "{place}");
    }

    let page = els.follow(&format!("{}?weergave=alle", list())).await;
    assert!(
        row_of(&page, "Wim Zonder").contains("bram.leys@zandloper.example") && !page.text.contains("<strong>bram.leys"),
        "{}",
        page.text
    );
    for used in [wim.get(&link).await, wim.submit("/uitnodiging/aanvaard", &link, &[]).await, wim.get("/uitnodiging/verzonnen").await] {
        assert_eq!(used.status, 404);
        assert!(used.text.contains("Deze link werkt niet") && used.text.contains("aan wie u uitnodigde"), "{}", used.text);
    }
}

#[tokio::test]
async fn a_link_whose_function_one_may_not_take_says_why() {
    let town = Town::new().await;
    let link = format!("/uitnodiging/{}", town.world.links().await.pop().unwrap());
    for (person, why) in [(people::els(), "U kunt uw eigen functie niet"), (people::jonas(), "Deze persoon heeft die functie al")] {
        town.issuer.next_to_sign_in(&person);
        let refused = town.browser().submit(&link, &link, &[]).await;
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains(why) && refused.text.contains("Aanvaard de uitnodiging"), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_list_of_people_has_pages_of_fifty() {
    let town = Town::new().await;
    let els = people::els();
    for number in 0..48 {
        let email = format!("nieuw-{number}@zandloper.example");
        town.world.appoint(&els, &people::newcomer(number), &email, teacher(ZANDLOPER)).await;
    }
    let mut browser = town.browser_of(&els).await;
    let all = format!("{}?weergave=alle", list());
    let first = browser.follow(&all).await.text;
    assert!(first.contains("1–50 van 51\u{a0}functies"), "{first}");
    let second = link_to(&first, &format!("{all}&#38;na="));
    assert!(browser.follow(&second).await.text.contains("51–51 van 51\u{a0}functies"));
    assert_eq!(browser.get(&format!("{all}&na=900")).await.location().unwrap(), all, "a page that is not known");
}

#[tokio::test]
async fn an_operator_finds_the_people_of_a_school_and_invites_its_first_head_teacher() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let list = format!("/scholen/{MERELHOF}/mensen");
    assert!(pieter.follow("/scholen").await.text.contains(&format!("href=\"{list}\"")));
    let empty = pieter.follow(&list).await.text;
    assert!(empty.contains("Nog niemand") && empty.contains("Geen uitnodigingen wachten"), "{empty}");
    let form = format!("{list}/uitnodigen");
    let asked = pieter.follow(&form).await.text;
    assert!(asked.contains(">directeur</option>") && !asked.contains(">leerkracht</option>"), "{asked}");
    let function = Function::Director(MERELHOF.id().parse().unwrap()).to_string();
    pieter.submit(&form, &form, &[("mail", "directie@merelhof.example"), ("functie", &function), ("verzoek", REQUEST)]).await;
    assert!(row_of(&pieter.follow(&list).await, "directie@merelhof.example").contains("directeur"));
}
