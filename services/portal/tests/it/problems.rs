//! When something is wrong, the page says what, and what to do next; and every answer is told to browsers as it should be.

use proto::incident_intake::v1::ListCasesResponse;
use tonic::Code;

use crate::{
    caches::in_both_caches,
    support::{
        Town, people,
        sample::{CASE_IN_HAND, CASE_OF_SAM, GATEWAY, HOEK, ZANDLOPER},
    },
};

#[tokio::test]
async fn what_a_service_answers_becomes_a_page_that_helps() {
    for (code, status, expected) in [
        (Code::NotFound, 404, "Deze pagina vinden we niet"),
        (Code::PermissionDenied, 403, "U hebt hier geen toegang toe"),
        (Code::FailedPrecondition, 409, "Dat kan nu niet"),
        (Code::InvalidArgument, 400, "Dit formulier klopt niet"),
        (Code::ResourceExhausted, 429, "Het gaat even te snel"),
        (Code::Unavailable, 503, "Schildwacht is even niet bereikbaar"),
        (Code::DeadlineExceeded, 503, "Schildwacht is even niet bereikbaar"),
        (Code::Internal, 500, "Er ging iets mis bij ons"),
    ] {
        let town = Town::new().await;
        let mut noor = town.browser_of(&people::noor()).await;
        town.faults.fail_with(code);
        let page = noor.get(&format!("/zaken/{CASE_IN_HAND}")).await;
        assert_eq!(page.status, status, "{code:?}");
        assert!(page.text.contains(expected), "{code:?}: {}", page.text);
        assert!(!page.text.contains("told to fail"), "{code:?}: what a service says is for the log");
    }
}

#[tokio::test]
async fn what_was_written_for_several_cases_or_a_gateway_is_given_back_too() {
    for (person, page, act, field) in [
        (people::noor(), "/wachtrij", "/wachtrij/sluiten".to_owned(), "tekst"),
        (people::lotte_leads(), "/wachtrij", format!("/zaken/{CASE_IN_HAND}/heropenen"), "tekst"),
        (people::pieter_operates(), "/gateways/nieuw", "/gateways/nieuw".to_owned(), "naam"),
        (people::pieter_operates(), "/gateways", format!("/gateways/{GATEWAY}/intrekken"), "reden"),
    ] {
        let town = Town::new().await;
        let mut browser = town.browser_of(&person).await;
        let csrf = browser.follow(page).await.hidden("csrf").unwrap();
        town.faults.fail_with(Code::Unavailable);
        let case = town.chosen(CASE_IN_HAND).await;
        let fields = [("csrf", csrf.as_str()), (field, "Dit schreef ik."), ("zaak", &case), ("school", HOEK.id())];
        let fields: Vec<(&str, &str)> = fields.into_iter().chain((field == "tekst").then_some(("reden", "resolved"))).collect();
        let problem = browser.post(&act, &fields).await;
        assert_eq!(problem.status, 503, "{act}");
        assert!(problem.text.contains("Dit schreef ik.</textarea>"), "{act}: {}", problem.text);
    }
}

#[tokio::test]
async fn what_was_written_is_given_back_whatever_goes_wrong() {
    const TEXT: &str = "Karim belde:\n<b>de server</b> staat uit.";
    const SHOWN: &str = "Karim belde:\n&#60;b&#62;de server&#60;/b&#62; staat uit.</textarea>";
    let page = format!("/zaken/{CASE_IN_HAND}");
    for (code, status) in [(Code::Unavailable, 503), (Code::PermissionDenied, 403), (Code::Internal, 500), (Code::ResourceExhausted, 429)] {
        let town = Town::new().await;
        let mut noor = town.browser_of(&people::noor()).await;
        for (act, field) in [("notitie", "tekst"), ("sluiten", "tekst")] {
            let csrf = noor.follow(&page).await.hidden("csrf").unwrap();
            town.faults.fail_with(code);
            let fields = [("csrf", csrf.as_str()), (field, TEXT), ("reden", "resolved"), ("etag", "r1")];
            let problem = noor.post(&format!("{page}/{act}"), &fields).await;
            town.faults.work_again();
            assert_eq!(problem.status, status, "{act}: {code:?}");
            assert!(problem.text.contains(SHOWN) && problem.text.contains("Kopieer uw tekst"), "{act}: {}", problem.text);
            assert!(!problem.text.contains("niets verloren"), "{act}: that is not for us to say");
        }
    }
}

in_both_caches! {
    async fn what_was_written_survives_the_end_of_the_session(town: Town) {
        let mut noor = town.browser_of(&people::noor()).await;
        let page = format!("/zaken/{CASE_IN_HAND}");
        let csrf = noor.follow(&page).await.hidden("csrf").unwrap();
        town.clock.advance(chrono::TimeDelta::minutes(31));
        let note = [("csrf", csrf.as_str()), ("tekst", "Een lange notitie.")];
        let problem = noor.post(&format!("{page}/notitie"), &note).await;
        assert_eq!(problem.status, 403);
        assert!(
            problem.text.contains("U bent niet meer aangemeld") && problem.text.contains("Een lange notitie.</textarea>"),
            "{}",
            problem.text
        );
        assert!(problem.text.contains(&format!("class=\"button main\" href=\"{page}\"")), "and leads back to the case: {}", problem.text);

        // Signed in again in another window: the form is of the old session.
        let mut noor = town.browser_of(&people::noor()).await;
        let problem = noor.post(&format!("{page}/notitie"), &note).await;
        assert!(problem.text.contains("Dit formulier is te oud") && problem.text.contains("Een lange notitie.</textarea>"), "{}", problem.text);
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_said_and_not_shown_with_holes() {
    let town = Town::new().await;
    let of_a_newer_release = |answer: &mut ListCasesResponse| answer.cases.iter_mut().for_each(|case| case.severity = 99);
    town.faults.edit("ListCases", of_a_newer_release);
    town.issuer.next_to_sign_in(&people::noor());
    let page = town.browser().follow("/").await;
    assert_eq!(page.status, 502);
    assert!(page.text.contains("We begrijpen het antwoord niet"));
}

#[tokio::test]
async fn a_service_that_no_longer_knows_the_token_leads_to_signing_in_but_not_round_in_circles() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    town.faults.fail_with(Code::Unauthenticated);
    let page = noor.get("/wachtrij").await;
    assert_eq!(page.status, 403, "fresh from signing in: another sign-in would end the same way");

    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    town.clock.advance(chrono::TimeDelta::minutes(2));
    town.faults.fail_with(Code::Unauthenticated);
    assert!(noor.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"));
}

#[tokio::test]
async fn ids_of_others_and_nonsense_are_simply_not_found() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    for address in [
        "/zaken/niets",
        "/zaken/0190c0de-0000-7000-8000-00000000dead",
        "/scholen/niets/toestellen",
        "/scholen/0190c0de-0000-7000-8000-00000000dead/toestellen",
        &format!("/scholen/{ZANDLOPER}/toestellen/0190c0de-0000-7000-8000-00000000dead"),
        "/scholen",
        "/wachtrij/onbekend",
    ] {
        assert_eq!(els.get(address).await.status, 404, "{address}");
    }
}

#[tokio::test]
async fn an_address_with_two_slashes_leads_nowhere_else() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for address in ["//evil.example/x", "//evil.example?lang=en", "//evil.example/x?lang=en"] {
        let page = noor.get(&format!("{}{address}", town.url())).await;
        assert!(!page.location().is_some_and(|location| location.starts_with("//")), "{address}: {:?}", page.location());
        assert!(!page.text.contains("\"//evil"), "{address}: {}", page.text);
    }
}

#[tokio::test]
async fn what_the_framework_cannot_read_is_a_page_all_the_same() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for (address, expected) in [
        ("/zaken/%FF", "Deze pagina vinden we niet"),
        ("/aanmelden/wie?request=a&request=b", "Deze pagina vinden we niet"),
        ("/aanmelden/terug?state=a&state=b", "Aanmelden is niet gelukt"),
    ] {
        let page = noor.get(address).await;
        assert!(page.text.contains(expected), "{address}: {}", page.text);
    }
}

#[tokio::test]
async fn an_incident_that_goes_on_is_not_hidden_behind_a_silent_sensor() {
    let town = Town::new().await;
    town.clock.advance(chrono::TimeDelta::days(2));
    let mut els = town.browser_of(&people::els()).await;
    let page = els.follow("/").await.text;
    assert!(page.contains("incidenten op deze school</h2>") && !page.contains("De sensor stuurt niets meer"), "{page}");
    for case in [CASE_IN_HAND, CASE_OF_SAM] {
        town.world.close(&people::noor(), case.id(), "Opgelost.").await;
    }
    assert!(els.follow("/").await.text.contains("De sensor stuurt niets meer sinds"));
}

#[tokio::test]
async fn devices_are_shown_while_the_cases_are_away() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    town.faults.fail_only("ListCases", Code::Unavailable);
    let page = els.get(&format!("/scholen/{ZANDLOPER}/toestellen")).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Er zijn waarschuwingen over 3 toestellen"), "the next answer that is known");
}

#[tokio::test]
async fn the_menu_is_shown_also_when_its_figures_are_not_to_be_had() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    assert!(noor.get("/scholen").await.text.contains("<span class=\"count\">"));
    town.faults.fail_only("SummarizeQueue", Code::Unavailable);
    let page = noor.get("/scholen").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("href=\"/wachtrij\"") && !page.text.contains("<span class=\"count\">"), "{}", page.text);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_personal_pages_are_not_kept() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    for address in ["/wachtrij", "/hulp", "/bestaat/niet", "/aanmelden", "/wachtrij/export.csv", "/"] {
        let page = noor.get(address).await;
        let policy = page.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{address}: {policy}");
        assert!(policy.contains(&format!("form-action 'self' {}", town.issuer.url())), "{address}: {policy}");
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{address}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{address}");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{address}");
        assert_eq!(page.header("cache-control"), "no-store", "{address}");
    }
}

#[tokio::test]
async fn pages_are_compressed_for_who_can_read_that() {
    let town = Town::new().await;
    let mut noor = town.browser_of(&people::noor()).await;
    noor.headers = [("accept-encoding".to_owned(), "gzip".to_owned())].into();
    let page = noor.get("/hulp").await;
    assert_eq!(page.header("content-encoding"), "gzip");
}

#[tokio::test]
async fn a_grpc_caller_at_an_unknown_address_is_answered_in_its_own_words() {
    let town = Town::new().await;
    let mut stranger = town.browser();
    stranger.headers = [("content-type".to_owned(), "application/grpc".to_owned())].into();
    let answer = stranger.get("/schildwacht.nothing.v1.NothingService/Nothing").await;
    assert_eq!(answer.header("grpc-status"), "12");
}
