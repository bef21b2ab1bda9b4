//! Working a case: taking it, moving it, writing, closing, and meeting somebody who was faster.

use crate::support::{
    Town,
    browser::{link_to, main_of},
    people,
    sample::{CASE_CLOSED, CASE_IN_HAND, CASE_JUST_OPENED, CASE_OF_NOBODY, CASE_OF_SAM, Named, ZANDLOPER},
};

fn path(case: Named, act: &str) -> String {
    format!("/zaken/{case}/{act}")
}

#[tokio::test]
async fn taking_a_case_puts_it_in_ones_name_and_says_so_once() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_OF_NOBODY}");
    let etag = town.etag(CASE_OF_NOBODY).await;
    let taken = noor.submit(&page, &path(CASE_OF_NOBODY, "toewijzen"), &[("etag", &etag), ("aan", "mij")]).await;
    assert_eq!((taken.status, taken.location().unwrap()), (303, page.clone()));
    let after = noor.follow(&page).await;
    assert!(after.text.contains("Dit incident is aan u toegewezen.") && after.text.contains("behandeld door Noor Claes"));
    assert!(!noor.follow(&page).await.text.contains("Dit incident is aan u toegewezen."), "once is enough");
}

#[tokio::test]
async fn the_team_calls_the_contact_of_the_school() {
    let town = Town::new().await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    let mut noor = town.browser_of(&people::noor()).await;
    assert!(!noor.follow(&page).await.text.contains("Bel de school:"), "no contact given yet");
    town.world.add_contact(ZANDLOPER.id(), "Onthaal", "09 374 12 34").await;
    let seen = noor.follow(&page).await.text;
    assert!(seen.contains("Bel de school: Onthaal, <a href=\"tel:093741234\">09 374 12 34</a>"), "{seen}");
    let mut els = town.browser_of(&people::els()).await;
    assert!(!els.follow(&page).await.text.contains("Bel de school:"), "a school does not call itself");
}

#[tokio::test]
async fn the_main_button_is_the_next_thing_to_do() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let main_button = |text: String| {
        let (_, after) = text.split_once("class=\"button main\"").unwrap();
        let button = after.split("</button>").next().unwrap().split("</a>").next().unwrap();
        button.rsplit('>').next().unwrap().to_owned()
    };
    assert_eq!(main_button(noor.follow(&format!("/zaken/{CASE_OF_NOBODY}")).await.text), "Behandel dit incident");
    assert_eq!(main_button(noor.follow(&format!("/zaken/{CASE_IN_HAND}")).await.text), "Volgende fase: opruimen");
    let mut lotte = town.browser_of(&people::lotte_leads()).await;
    assert_eq!(main_button(lotte.follow(&format!("/zaken/{CASE_CLOSED}")).await.text), "Heropen het incident");
    let closed = noor.follow(&format!("/zaken/{CASE_CLOSED}")).await.text;
    assert!(!closed.contains("heropenen"), "only the lead may reopen");
}

#[tokio::test]
async fn a_phase_is_changed_and_stands_in_the_timeline() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    let etag = town.etag(CASE_IN_HAND).await;
    noor.submit(&page, &path(CASE_IN_HAND, "fase"), &[("etag", &etag), ("fase", "eradication")]).await;
    let after = noor.follow(&page).await;
    assert!(after.text.contains("zette de fase van Indammen naar Opruimen"));
}

#[tokio::test]
async fn when_somebody_was_faster_both_sides_are_shown_and_one_chooses() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    let conflict = noor
        .submit(&page, &path(CASE_IN_HAND, "sluiten"), &[("etag", "older"), ("reden", "resolved"), ("tekst", "Alles is hersteld.")])
        .await;
    assert_eq!(conflict.status, 409);
    insta::assert_snapshot!(main_of(&conflict.steady()));

    let csrf = conflict.hidden("csrf").unwrap();
    // The first form of the page signs out; the one with the etag insists.
    let etag = conflict.hidden("etag").unwrap();
    let insisted = [("csrf", csrf.as_str()), ("etag", etag.as_str()), ("reden", "resolved"), ("tekst", "Alles is hersteld.")];
    assert_eq!(noor.post(&path(CASE_IN_HAND, "sluiten"), &insisted).await.status, 303);
    assert!(noor.follow(&page).await.text.contains("Afgesloten: opgelost"));
}

#[tokio::test]
async fn a_second_click_is_no_conflict_with_oneself() {
    let town = Town::new().await;
    let mut lotte = town.browser_of(&people::lotte_leads()).await;
    let closed = [("reden", "resolved"), ("tekst", "Alles is hersteld.")];
    for (case, act, fields) in [
        (CASE_OF_NOBODY, "toewijzen", [("aan", "mij")].as_slice()),
        (CASE_OF_NOBODY, "toewijzen", &[("aan", "")]),
        (CASE_IN_HAND, "fase", &[("fase", "eradication")]),
        (CASE_IN_HAND, "sluiten", &closed),
        (CASE_CLOSED, "heropenen", &[("tekst", "Het begon opnieuw.")]),
    ] {
        let etag = town.etag(case).await;
        let fields = [&[("etag", etag.as_str())], fields].concat();
        for click in ["first", "second"] {
            let answer = lotte.submit(&format!("/zaken/{case}"), &path(case, act), &fields).await;
            assert_eq!((answer.status, answer.location()), (303, Some(format!("/zaken/{case}"))), "{act}, {click} click");
        }
    }
    let case = town.chosen(CASE_JUST_OPENED).await;
    let chosen = [("terug", "/wachtrij"), ("zaak", case.as_str())];
    for _click in 0..2 {
        lotte.submit("/wachtrij", "/wachtrij/neem", &chosen).await;
        assert!(lotte.follow("/wachtrij").await.text.contains("De gekozen incidenten zijn aan u toegewezen."));
    }
}

#[tokio::test]
async fn a_conflict_that_insisting_cannot_solve_offers_only_the_way_back() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let conflict = noor.submit("/wachtrij", &path(CASE_CLOSED, "fase"), &[("etag", "older"), ("fase", "recovery")]).await;
    assert_eq!(conflict.status, 409);
    assert!(!conflict.text.contains("Doe het toch") && conflict.text.contains("Laat het zo"));
}

#[tokio::test]
async fn a_note_is_kept_with_its_lines_and_its_audience() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    let fields =
        [("tekst", "Eerste regel\r\n<b>tweede</b>"), ("tlp", "TLP:AMBER+STRICT"), ("verzoek", "0190c0de-0000-7000-8000-00000000ffff")];
    let noted = noor.submit(&page, &path(CASE_IN_HAND, "notitie"), &fields).await;
    assert_eq!(noted.location().unwrap(), format!("{page}#tijdlijn"));
    let after = noor.follow(&page).await.text;
    assert!(after.contains("Eerste regel\n&#60;b&#62;tweede&#60;/b&#62;") && after.contains("TLP:AMBER+STRICT"), "{after}");
}

#[tokio::test]
async fn a_note_stays_with_the_team_unless_its_writer_shares_it() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    assert!(noor.follow(&page).await.text.contains("value=\"TLP:AMBER+STRICT\" selected"));
    let fields = [("tekst", "Zonder publiek"), ("verzoek", "0190c0de-0000-7000-8000-00000000fffe")];
    noor.submit(&page, &path(CASE_IN_HAND, "notitie"), &fields).await;
    let after = noor.follow(&page).await.text;
    let note = after.split("<li").find(|entry| entry.contains("Zonder publiek")).unwrap();
    assert!(note.contains("TLP:AMBER+STRICT"), "{note}");
}

#[tokio::test]
async fn what_must_be_mended_is_said_above_and_at_the_field_and_nothing_is_lost() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = format!("/zaken/{CASE_IN_HAND}");
    let etag = town.etag(CASE_IN_HAND).await;
    let empty = noor.submit(&page, &path(CASE_IN_HAND, "notitie"), &[("tekst", "  ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text.contains("href=\"#notitie-tekst\">Schrijf eerst een notitie") && empty.text.contains("aria-invalid=\"true\""));

    let long = "é".repeat(10_001);
    let too_long = noor.submit(&page, &path(CASE_IN_HAND, "notitie"), &[("tekst", &long), ("tlp", "TLP:RED")]).await;
    assert_eq!(too_long.status, 422);
    assert!(too_long.text.contains(&long) && too_long.text.contains("value=\"TLP:RED\" selected"), "what was written is still there");

    let no_reason = noor.submit(&page, &path(CASE_IN_HAND, "sluiten"), &[("etag", &etag), ("tekst", "Klaar.")]).await;
    assert!(no_reason.text.contains("href=\"#sluiten-reden\">Kies een reden") && no_reason.text.contains(">Klaar.</textarea>"));
    assert_eq!(town.etag(CASE_IN_HAND).await, etag, "nothing was written");
}

#[tokio::test]
async fn several_cases_are_taken_at_once_and_who_was_faster_keeps_theirs() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let (free, changed) = (town.chosen(CASE_OF_NOBODY).await, format!("{CASE_OF_SAM} older"));
    let fields = [("terug", "/wachtrij?weergave=niemand"), ("zaak", free.as_str()), ("zaak", changed.as_str())];
    let taken = noor.submit("/wachtrij", "/wachtrij/neem", &fields).await;
    assert_eq!(taken.location().unwrap(), "/wachtrij?weergave=niemand");
    assert!(noor.follow("/wachtrij").await.text.contains("Niet alle incidenten zijn aan u toegewezen."));
    assert!(noor.follow(&format!("/zaken/{CASE_OF_NOBODY}")).await.text.contains("behandeld door Noor Claes"));
}

#[tokio::test]
async fn several_cases_are_closed_for_one_reason_after_a_look_at_them() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let (free, hers) = (town.chosen(CASE_OF_NOBODY).await, town.chosen(CASE_IN_HAND).await);
    let chosen = [("terug", "/wachtrij?ernst=low"), ("zaak", free.as_str()), ("zaak", hers.as_str())];
    let asked = noor.submit("/wachtrij", "/wachtrij/sluiten", &chosen).await;
    let form = asked.location().unwrap();
    assert!(form.starts_with("/wachtrij/sluiten?zaak=") && !form.contains("csrf"), "one can come back to it: {form}");
    let asked = noor.get(&form).await;
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("<h1>2\u{a0}incidenten afsluiten</h1>"), "{}", asked.text);
    for shown in ["SW-2026-0006", "SW-2026-0004 · SEC-PC-02 en nog 2", "Noor Claes", &format!("value=\"{free}\"")] {
        assert!(asked.text.contains(shown), "{shown} is not in: {}", asked.text);
    }

    let unsaid = [&chosen[..], &[("reden", ""), ("tekst", "Zelfde oefening")]].concat();
    let unsaid = noor.submit("/wachtrij", "/wachtrij/sluiten", &unsaid).await;
    assert_eq!(unsaid.status, 422);
    assert!(unsaid.text.contains("href=\"#sluiten-reden\">Kies een reden") && unsaid.text.contains(">Zelfde oefening</textarea>"));
    assert_eq!(
        (town.chosen(CASE_OF_NOBODY).await, town.chosen(CASE_IN_HAND).await),
        (free.clone(), hers.clone()),
        "nothing is closed without a reason"
    );

    let said = [&chosen[..], &[("reden", "no_action_needed"), ("tekst", "Zelfde oefening")]].concat();
    for click in ["first", "second"] {
        let closed = noor.submit("/wachtrij", "/wachtrij/sluiten", &said).await;
        assert_eq!(closed.location().as_deref(), Some("/wachtrij?ernst=low"), "{click} click");
        assert!(noor.follow("/wachtrij").await.text.contains("De gekozen incidenten zijn afgesloten."), "{click} click");
    }
    assert!(noor.follow(&format!("/zaken/{CASE_IN_HAND}")).await.text.contains("Zelfde oefening"));
    assert_eq!(noor.get(&form).await.location().as_deref(), Some("/wachtrij?ernst=low"), "nothing is left to be closed there");
    let mut els = town.browser_of(&people::els()).await;
    assert_eq!(els.get(&form).await.location().as_deref(), Some("/wachtrij?ernst=low"), "a director closes nothing");
}

#[tokio::test]
async fn what_somebody_else_changed_meanwhile_is_not_closed_with_the_others() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let (free, changed) = (town.chosen(CASE_OF_NOBODY).await, format!("{CASE_OF_SAM} older"));
    let said = [("terug", "/wachtrij"), ("zaak", free.as_str()), ("zaak", changed.as_str()), ("reden", "resolved"), ("tekst", "Opgelost")];
    noor.submit("/wachtrij", "/wachtrij/sluiten", &said).await;
    let queue = noor.follow("/wachtrij").await.text;
    assert!(
        queue.contains("Niet alle incidenten zijn afgesloten.") && queue.contains(CASE_OF_SAM.id()) && !queue.contains(CASE_OF_NOBODY.id()),
        "{queue}"
    );

    let nothing_left = [("terug", "/wachtrij"), ("zaak", free.as_str())];
    let asked = noor.submit("/wachtrij", "/wachtrij/sluiten", &nothing_left).await;
    let form = asked.location().unwrap();
    assert_eq!(noor.get(&form).await.location().as_deref(), Some("/wachtrij"), "what is closed is not asked about");
    let none = noor.submit("/wachtrij", "/wachtrij/sluiten", &[("terug", "/wachtrij")]).await;
    assert_eq!(none.location().as_deref(), Some("/wachtrij"));
}

#[tokio::test]
async fn who_is_stopped_half_way_hears_that_something_was_done() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let (free, gone) = (town.chosen(CASE_OF_NOBODY).await, "0190c0de-0000-7000-8000-00000000dead etag-1");
    let said = [("terug", "/wachtrij"), ("zaak", free.as_str()), ("zaak", gone), ("reden", "resolved"), ("tekst", "Opgelost")];
    let closed = noor.submit("/wachtrij", "/wachtrij/sluiten", &said).await;
    assert_eq!(closed.location().as_deref(), Some("/wachtrij"));
    assert!(noor.follow("/wachtrij").await.text.contains("Niet alle incidenten zijn afgesloten."));
    let nothing_done = [("terug", "/wachtrij"), ("zaak", gone), ("reden", "resolved"), ("tekst", "Opgelost")];
    assert_eq!(noor.submit("/wachtrij", "/wachtrij/sluiten", &nothing_done).await.status, 404);
}

#[tokio::test]
async fn the_late_view_ends_with_the_last_late_case() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let late = noor.follow("/wachtrij?weergave=laat&sorteer=school").await.text;
    assert!(late.contains("SW-2026-0006") && !late.contains("SW-2026-0004"), "{late}");
    assert!(late.contains("1–1 van 1\u{a0}incident"));
}

#[tokio::test]
async fn evidence_and_timeline_are_paged_apart() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let first = noor.follow(&format!("/zaken/{CASE_IN_HAND}")).await.text;
    assert!(first.contains("Waarschuwing 1 van 5") && first.contains("Waarschuwing 3 van 5") && !first.contains("Waarschuwing 4 van 5"));
    let more = noor.follow(&link_to(&first, &format!("/zaken/{CASE_IN_HAND}?bewijs="))).await.text;
    assert!(more.contains("Waarschuwing 4 van 5") && more.contains("Terug naar de eerste waarschuwing"));
}

#[tokio::test]
async fn the_raw_message_is_handed_over_byte_for_byte() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    let evidence = town.world.evidence(CASE_IN_HAND.id()).await.pop().unwrap();
    let file = noor.get(&format!("/zaken/{CASE_IN_HAND}/bewijs/{}", evidence.alert_id)).await;
    assert_eq!(file.text, evidence.raw_event);
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert_eq!(noor.get(&format!("/zaken/{CASE_IN_HAND}/bewijs/0190c0de-0000-7000-8000-00000000ffff")).await.status, 404);
}
