//! From a school's invitation to a teacher who sees only their own, as the two of them do it.

use auth::{Function, HeldFunction};
use fantoccini::Locator;
use testkit::browser::{Browser, Scripts};

use crate::{
    browser_of, read, see,
    support::{
        Town, people,
        sample::{CASE_IN_HAND, HOEK, ZANDLOPER},
    },
};

async fn open(browser: &Browser, town: &Town, path: &str) {
    browser.goto(&format!("{}{path}", town.url())).await.unwrap();
}

async fn path(browser: &Browser) -> String {
    browser.current_url().await.unwrap().path().to_owned()
}

/// The head teacher invites somebody as a teacher of the school; the link in the mail.
async fn invite(browser: &Browser, town: &Town, address: &str) -> String {
    let before = town.world.links().await;
    browser.press(&format!(".side a[href='/scholen/{ZANDLOPER}/mensen']")).await;
    browser.press(&format!("a[href='/scholen/{ZANDLOPER}/mensen/uitnodigen']")).await;
    let find = async |css: &str| browser.find(Locator::Css(css)).await.unwrap();
    read(browser, "h1", "Nodig iemand uit").await;
    find("#mail").await.send_keys(address).await.unwrap();
    find("#functie").await.select_by_value(&teacher().to_string()).await.unwrap();
    browser.press("main form .button.main").await;
    see(browser, ".toast").await;
    let mut new = town.world.links().await;
    new.retain(|link| !before.contains(link));
    assert_eq!(new.len(), 1, "one mail goes out");
    format!("/uitnodiging/{}", new.remove(0))
}

fn teacher() -> Function {
    Function::Teacher(ZANDLOPER.id().parse().unwrap())
}

#[tokio::test]
async fn a_teacher_who_was_invited_by_mail_signs_in_and_sees_only_their_own() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "els", Scripts::Off).await else { return };
    let address = "sofie.claes@zandloper.example";
    let link = invite(&browser, &town, address).await;
    browser.press(".account summary").await;
    browser.press("form[action='/afmelden'] button").await;
    read(&browser, "h1", "U bent afgemeld").await;

    let sofie = people::newcomer(77);
    town.issuer.next_to_sign_in(&sofie);
    open(&browser, &town, &link).await;
    read(&browser, "main .kv", address).await;
    assert_eq!(path(&browser).await, link, "the sign-in leads back to the link");
    browser.press("main form .button.main").await;
    read(&browser, "main .button.main", "Begin").await;
    // As every process hears it from identity.
    town.hold(&sofie, HeldFunction { function: teacher(), from: town.world.clock.now(), until: None });

    browser.press("main .button.main").await;
    read(&browser, "h1", "Wat u mag zien").await;
    assert_eq!(path(&browser).await, "/mijn-toegang", "a teacher begins with what is theirs");
    read(&browser, "main", "leerkracht").await;
    let menu = browser.find_all(Locator::Css(".side a")).await.unwrap();
    assert_eq!(menu.len(), 1, "and is offered nothing else");

    let (denied, not_found) = ("U hebt hier geen toegang toe", "Deze pagina vinden we niet");
    let (school, other) = (format!("/scholen/{ZANDLOPER}"), format!("/scholen/{HOEK}"));
    let expected = [
        // A teacher knows the own school, and has no work in its pages; of others they learn nothing.
        (format!("{school}/mensen"), denied),
        (format!("{school}/toestellen"), denied),
        (format!("{other}/mensen"), not_found),
        (format!("{other}/toestellen"), not_found),
        // The same for a case that is there and one that is not.
        (format!("/zaken/{CASE_IN_HAND}"), denied),
        ("/zaken/0190c0de-0000-7000-8000-00000000dead".to_owned(), denied),
        (link, "Deze link werkt niet"),
    ];
    let mut shown = Vec::new();
    for (place, _) in &expected {
        open(&browser, &town, place).await;
        shown.push((place.clone(), browser.find(Locator::Css("h1")).await.unwrap().text().await.unwrap()));
    }
    assert_eq!(shown, expected.map(|(place, title)| (place, title.to_owned())));
}
