//! The pages in a real browser: accessible, within the window, right in both themes, alive with a script and whole without.

#![cfg(test)]

#[path = "../it/support/mod.rs"]
mod support;
mod walk;

use chrono::TimeDelta;
use fantoccini::{Locator, key::Key};
use support::{
    Town,
    addresses::{self, Address},
    people,
    sample::{CASE_OF_NOBODY, HOEK, ZANDLOPER},
};
use testkit::{
    browser::{Browser, Scripts},
    eventually,
};

/// Of the name of a page, so that the names of its screenshots fit.
const MOST_OF_A_FILE_NAME: usize = 120;

/// A browser in which this persona has signed in, in Dutch.
async fn browser_of(town: &Town, persona: &str, scripts: Scripts) -> Option<Browser> {
    let browser = Browser::open(scripts).await?;
    browser.goto(&format!("{}/hulp?lang=nl", town.url())).await.unwrap();
    sign_in(&browser, town, persona).await;
    Some(browser)
}

async fn sign_in(browser: &Browser, town: &Town, persona: &str) {
    browser.goto(&format!("{}/aanmelden", town.url())).await.unwrap();
    browser.press(&format!("button[value={persona}]")).await;
    see(browser, ".account").await;
}

/// Waits until this is on the page with these words; between two pages, what is found may be gone before it is read.
async fn read(browser: &Browser, what: &str, words: &str) {
    eventually(&format!("{what} with {words:?}"), async || {
        let text = browser.find(Locator::Css(what)).await.ok()?.text().await.ok()?;
        text.contains(words).then_some(())
    })
    .await;
}

/// Waits until this is on the page.
async fn see(browser: &Browser, what: &str) {
    read(browser, what, "").await;
}

async fn ask(browser: &Browser, script: &str) -> serde_json::Value {
    browser.execute(script, Vec::new()).await.unwrap()
}

#[tokio::test]
async fn every_page_is_accessible_and_does_not_stick_out_from_320_to_1920_pixels() {
    let town = Town::new().await;
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    browser.goto(&format!("{}/hulp?lang=nl", town.url())).await.unwrap();
    let mut addresses = addresses::of_every_page(&town).await;
    addresses.push(Address { person: people::noor(), path: "/bestaat/niet".to_owned() });
    let mut signed_in = None;
    for Address { person, path } in addresses {
        if signed_in.as_ref() != Some(&person) {
            browser.delete_all_cookies().await.unwrap();
            town.issuer.next_to_sign_in(&person);
            browser.goto(&format!("{}/aanmelden", town.url())).await.unwrap();
            see(&browser, ".account").await;
        }
        browser.goto(&format!("{}{path}", town.url())).await.unwrap();
        let name = format!("{}{path}", person.name).replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let findings = browser.findings(name.get(..MOST_OF_A_FILE_NAME).unwrap_or(&name)).await;
        assert!(findings.is_empty(), "{findings:#?}");
        for width in [480, 600, 700, 768, 900, 1023, 1024, 1280, 1920] {
            browser.resize(width, 900).await;
            assert_eq!(browser.sticks_out().await, None, "{path} of {} at {width} px", person.name);
        }
        signed_in = Some(person);
    }
}

#[tokio::test]
async fn the_people_to_check_are_accessible_and_do_not_stick_out() {
    let town = Town::new().await;
    town.clock.advance(TimeDelta::days(50));
    let Some(browser) = browser_of(&town, "els", Scripts::On).await else { return };
    browser.goto(&format!("{}/scholen/{ZANDLOPER}/mensen", town.url())).await.unwrap();
    read(&browser, "#klopt", "Klopt deze lijst nog?").await;
    assert_eq!(browser.findings("people-to-check").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_switcher_is_opened_by_keys_is_accessible_and_leads_to_the_school_that_is_chosen() {
    let town = Town::new().await;
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    browser.goto(&format!("{}/hulp?lang=nl", town.url())).await.unwrap();
    town.issuer.next_to_sign_in(&people::director_of_two());
    browser.goto(&format!("{}/aanmelden", town.url())).await.unwrap();
    read(&browser, ".switch summary", "Al uw organisaties").await;
    ask(&browser, "document.querySelector('.switch summary').focus()").await;
    browser.active_element().await.unwrap().send_keys(&Key::Enter.to_string()).await.unwrap();
    see(&browser, ".switch[open]").await;
    assert_eq!(browser.findings("switcher-open").await, Vec::<String>::new());
    browser.press(&format!(".switch button[value='school:{HOEK}']")).await;
    read(&browser, ".switch summary", "Technisch Instituut De Hoek").await;
    assert_eq!(browser.current_url().await.unwrap().path(), format!("/scholen/{HOEK}/toestellen"));
    assert_eq!(browser.findings("switcher-chosen").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_code_of_a_new_gateway_is_accessible_and_does_not_stick_out() {
    let town = Town::new().await;
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    browser.goto(&format!("{}/hulp?lang=nl", town.url())).await.unwrap();
    town.issuer.next_to_sign_in(&people::karim());
    browser.goto(&format!("{}/aanmelden", town.url())).await.unwrap();
    see(&browser, ".account").await;
    browser.goto(&format!("{}/gateways/nieuw", town.url())).await.unwrap();
    browser.find(Locator::Css("#naam")).await.unwrap().send_keys("Refter").await.unwrap();
    browser.press("main form .button.main").await;
    read(&browser, "h1", "Stel de gateway in met deze code").await;
    assert_eq!(browser.findings("gateway-code").await, Vec::<String>::new());
    browser.goto(&format!("{}/gateways", town.url())).await.unwrap();
    read(&browser, "main table", "Wacht op het toestel").await;
    assert_eq!(browser.findings("gateways-waiting").await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_wrong_with_a_page_is_found() {
    let town = Town::new().await;
    let Some(browser) = Browser::open(Scripts::On).await else { return };
    if std::env::var_os(testkit::servers::AXE).is_none() {
        testkit::skip(&format!("{} is not set; `cargo xtask test` fetches axe-core and sets it", testkit::servers::AXE));
        return;
    }
    browser.goto(&format!("{}/hulp", town.url())).await.unwrap();
    assert_eq!(browser.findings("help").await, Vec::<String>::new());
    let spoil = "const main = document.querySelector('main');
        main.append(document.createElement('img'));
        main.insertAdjacentHTML('beforeend', '<p class=spoilt>unreadable in the dark</p><div class=spoilt>1</div>');
        document.adoptedStyleSheets = [new CSSStyleSheet()];
        document.adoptedStyleSheets[0].replaceSync(
            '@media (prefers-color-scheme: dark) { p.spoilt { color: #222; background: #111 } } div.spoilt { width: 1000px }')";
    ask(&browser, spoil).await;
    let findings = browser.findings("help").await;
    let found = |start: &str| findings.iter().filter(|finding| finding.starts_with(start)).count();
    assert_eq!((found("help-1440-light: image-alt"), found("help-375-light: image-alt")), (1, 1), "{findings:#?}");
    assert_eq!((found("help-1440-light: color-contrast"), found("help-1440-dark: color-contrast")), (0, 1), "{findings:#?}");
    let out = findings.iter().filter(|finding| finding.contains("stick out sideways: <div class=\"spoilt\"")).count();
    assert_eq!(out, 3, "on the phone, in light and dark, and in the narrowest window: {findings:#?}");
}

#[tokio::test]
async fn colours_follow_the_device_until_one_chooses() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "noor", Scripts::On).await else { return };
    let ground = async || ask(&browser, "return getComputedStyle(document.body).backgroundColor").await;
    let (light, dark) = ("rgb(246, 245, 241)", "rgb(15, 21, 33)");
    browser.prefer("dark").await;
    assert_eq!(ground().await, dark);
    browser.prefer("light").await;
    assert_eq!(ground().await, light);

    browser.press(".account summary").await;
    browser.press("button[value=donker]").await;
    see(&browser, "html[data-theme=dark]").await;
    assert_eq!(ground().await, dark, "chosen, whatever the device says");
}

#[tokio::test]
async fn new_cases_wait_in_the_pill_and_no_row_moves() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "noor", Scripts::On).await else { return };
    let rows = async || ask(&browser, "return document.querySelector('.cases').innerText").await;
    let before = rows().await;
    town.open_a_case().await;
    read(&browser, ".fresh:not([hidden])", "1 nieuw incident").await;
    assert_eq!(rows().await, before);
    town.clock.advance(TimeDelta::seconds(5));
    browser.press(".fresh").await;
    see(&browser, ".fresh[hidden]").await;
    assert!(rows().await.as_str().unwrap().contains("SW-2026-0008"));
}

#[tokio::test]
async fn a_case_is_reached_by_keys_alone_unless_they_are_switched_off() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "noor", Scripts::On).await else { return };
    let press = async |key: &str| {
        let focused = browser.active_element().await.unwrap();
        focused.send_keys(key).await.unwrap();
    };
    let focus = async || ask(&browser, "return document.activeElement.innerText").await;
    press("j").await;
    press("j").await;
    press("k").await;
    let first = ask(&browser, "return document.querySelector('.cases th[scope=row] a').innerText").await;
    assert_eq!(focus().await, first);
    press("?").await;
    read(&browser, "dialog[open]", "Naar het volgende incident").await;
    press(&Key::Escape.to_string()).await;
    press("/").await;
    assert_eq!(ask(&browser, "return document.activeElement.id").await, "zoek");

    browser.refresh().await.unwrap();
    press("j").await;
    press(&Key::Enter.to_string()).await;
    see(&browser, ".steps").await;
    assert!(browser.current_url().await.unwrap().path().ends_with(CASE_OF_NOBODY.id()));

    browser.goto(&format!("{}/wachtrij", town.url())).await.unwrap();
    // Touch screens hide the line of keys, and headless browsers count as such; the form works all the same.
    ask(&browser, "document.querySelector('.keys button[value=uit]').click()").await;
    see(&browser, "body:not([data-shortcuts])").await;
    press("j").await;
    assert_eq!(ask(&browser, "return document.activeElement === document.body").await, true);
}

#[tokio::test]
async fn without_a_script_a_case_is_taken_noted_moved_and_closed() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "noor", Scripts::Off).await else { return };
    browser.press(".cases th[scope=row] a").await;
    see(&browser, ".steps").await;
    browser.press(".head .button.main").await;
    read(&browser, ".toast", "Dit incident is aan u toegewezen.").await;

    browser.press("#notitie summary").await;
    browser.find(Locator::Css("#notitie-tekst")).await.unwrap().send_keys("De school is gebeld.").await.unwrap();
    browser.press("#notitie form .button").await;
    read(&browser, ".timeline .note", "De school is gebeld.").await;

    browser.press(".head .button.main").await;
    read(&browser, ".toast", "De fase is gewijzigd.").await;

    browser.find(Locator::Css("#sluiten-reden")).await.unwrap().select_by_value("resolved").await.unwrap();
    browser.find(Locator::Css("#sluiten-tekst")).await.unwrap().send_keys("De server is hersteld.").await.unwrap();
    browser.press("form[action$=sluiten] .button").await;
    read(&browser, ".toast", "Dit incident is afgesloten.").await;
    see(&browser, ".steps li:last-child[aria-current=step]").await;
}

#[tokio::test]
async fn without_a_script_several_cases_are_taken_and_closed_at_once_and_the_menu_opens_on_a_phone() {
    let town = Town::new().await;
    let Some(browser) = browser_of(&town, "noor", Scripts::Off).await else { return };
    browser.press(".cases tbody tr:nth-child(1) .pick input").await;
    browser.press(".cases tbody tr:nth-child(2) .pick input").await;
    browser.press(".bulk .button").await;
    read(&browser, ".toast", "De gekozen incidenten zijn aan u toegewezen.").await;

    browser.press(".cases tbody tr:nth-child(1) .pick input").await;
    browser.press(".cases tbody tr:nth-child(2) .pick input").await;
    browser.press(".bulk .button[formaction]").await;
    read(&browser, "h1", "2 incidenten afsluiten").await;
    browser.find(Locator::Css("#sluiten-reden")).await.unwrap().select_by_value("no_action_needed").await.unwrap();
    browser.find(Locator::Css("#sluiten-tekst")).await.unwrap().send_keys("Een oefening.").await.unwrap();
    browser.press("form.card .button.main").await;
    read(&browser, ".toast", "De gekozen incidenten zijn afgesloten.").await;

    browser.resize(375, 800).await;
    browser.press(".menu summary").await;
    browser.press(".side a[href='/scholen']").await;
    read(&browser, "h1", "Scholen").await;
    browser.press(".account summary").await;
    browser.press("form[action='/afmelden'] button").await;
    read(&browser, "h1", "U bent afgemeld").await;
}
