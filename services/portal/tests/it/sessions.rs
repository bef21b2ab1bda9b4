//! Staying signed in, and signing out; with sessions in the process and in Redis.

use chrono::TimeDelta;

use crate::{
    caches::in_both_caches,
    support::{Town, people},
};

in_both_caches! {
    async fn signing_in_again_begins_a_new_session(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        let first = browser.cookies["schildwacht"].clone();
        town.issuer.next_to_sign_in(&people::els());
        browser.follow("/aanmelden").await;
        assert_ne!(browser.cookies["schildwacht"], first);

        let mut old = town.browser();
        old.cookies.insert("schildwacht".to_owned(), first);
        assert!(old.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"), "the old session is over");
    }

    async fn a_session_ends_when_nothing_is_asked_for_a_while(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        for _step in 0..4 {
            town.clock.advance(TimeDelta::minutes(20));
            assert_eq!(browser.get("/wachtrij").await.status, 200, "asking keeps it alive");
        }
        town.clock.advance(TimeDelta::minutes(31));
        assert_eq!(browser.get("/wachtrij").await.location().unwrap(), "/aanmelden?terug=%2Fwachtrij");
    }

    async fn a_page_that_reconnects_by_itself_keeps_nobody_signed_in(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        for _step in 0..4 {
            town.clock.advance(TimeDelta::minutes(8));
            // Not one that stays open: what counts is that it was let in, or not.
            browser.get("/wachtrij/stroom").await;
        }
        assert_eq!(browser.get("/wachtrij").await.status, 303);
    }

    async fn a_session_ends_after_twelve_hours_in_any_case(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        for _step in 0..35 {
            town.clock.advance(TimeDelta::minutes(20));
            assert_eq!(browser.get("/wachtrij").await.status, 200);
        }
        town.clock.advance(TimeDelta::minutes(20));
        assert_eq!(browser.get("/wachtrij").await.status, 303);
    }

    async fn tokens_are_renewed_once_however_many_pages_ask_at_once(town: Town) {
        let browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        let pages = (0..8).map(|_| {
            let mut tab = browser.clone();
            async move { tab.get("/wachtrij").await.status }
        });
        let statuses = futures::future::join_all(pages).await;
        assert_eq!(statuses, [200; 8]);
        assert_eq!(town.issuer.refreshed(), 1, "the issuer would end the session if it saw a refresh token twice");
    }

    async fn without_refresh_tokens_one_signs_in_again_and_returns(town: Town) {
        town.issuer.give_no_refresh_tokens();
        let mut browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        town.issuer.next_to_sign_in(&people::noor());
        let page = browser.follow("/wachtrij?weergave=mij").await;
        assert_eq!((page.status, page.url.ends_with("/wachtrij?weergave=mij")), (200, true));
    }

    async fn who_is_disabled_at_the_issuer_is_out_when_the_token_ends(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        town.issuer.forget_everybody();
        town.clock.advance(TimeDelta::minutes(6));
        assert!(browser.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"));
    }

    async fn an_issuer_that_is_away_for_a_moment_costs_nobody_the_session(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        town.issuer.go_away();
        let page = browser.get("/wachtrij").await;
        assert_eq!(page.status, 503);
        assert!(page.text.contains("Schildwacht is even niet bereikbaar"));
        town.issuer.come_back();
        assert_eq!(browser.get("/wachtrij").await.status, 200);
    }

    async fn an_issuer_in_trouble_costs_nobody_the_session_whatever_it_answers(town: Town) {
        for trouble in [
            (500, "invalid_grant"),
            (503, "temporarily_unavailable"),
            (429, "slow_down"),
            (400, "temporarily_unavailable"),
            (401, "invalid_client"),
        ] {
            let mut browser = town.browser_of(&people::noor()).await;
            town.clock.advance(TimeDelta::minutes(6));
            town.issuer.answer_with(Some(trouble));
            assert_eq!(browser.get("/wachtrij").await.status, 503, "{trouble:?}");
            town.issuer.answer_with(None);
            assert_eq!(browser.get("/wachtrij").await.status, 200, "{trouble:?}");
        }
    }

    async fn pages_that_wait_for_a_renewal_in_vain_end_no_session(town: Town) {
        let browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        town.issuer.answer_with(Some((503, "temporarily_unavailable")));
        let pages = (0..4).map(|_| {
            let mut tab = browser.clone();
            async move { tab.get("/wachtrij").await.status }
        });
        assert_eq!(futures::future::join_all(pages).await, [503; 4]);
        town.issuer.answer_with(None);
        assert_eq!(browser.clone().get("/wachtrij").await.status, 200);
    }

    async fn a_page_that_is_abandoned_while_its_token_is_renewed_signs_nobody_out(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        town.clock.advance(TimeDelta::minutes(6));
        town.issuer.hold_answers();
        let asked = town.issuer.asked_for_tokens();
        let mut tab = browser.clone();
        let reached_the_issuer = testkit::eventually("the issuer is asked", async || (town.issuer.asked_for_tokens() > asked).then_some(()));
        tokio::select! {
            page = tab.get("/wachtrij") => panic!("nothing should be answered yet: {}", page.status),
            () = reached_the_issuer => {}
        }
        // The portal notices that nobody reads its answer any more.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        town.issuer.answer_again();
        assert_eq!(browser.get("/wachtrij").await.status, 200);
        assert_eq!(town.issuer.refreshed(), 1);
    }

    async fn signing_out_ends_the_session_here_and_at_the_issuer(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        let cookie = browser.cookies["schildwacht"].clone();
        let out = browser.submit("/wachtrij", "/afmelden", &[]).await;
        let page = browser.follow(&out.location().unwrap()).await;
        assert!(page.text.contains("U bent afgemeld"), "{}", page.text);
        assert_eq!(town.issuer.signed_out(), 1);
        browser.cookies.insert("schildwacht".to_owned(), cookie);
        assert_eq!(browser.get("/wachtrij").await.status, 303, "a kept cookie opens nothing");
    }

    async fn signing_out_after_the_session_ended_by_itself_signs_out_and_not_in(town: Town) {
        let mut browser = town.browser_of(&people::noor()).await;
        let csrf = browser.follow("/wachtrij").await.hidden("csrf").unwrap();
        town.clock.advance(TimeDelta::minutes(31));
        town.issuer.next_to_sign_in(&people::noor());
        browser.headers = [("referer".to_owned(), format!("{}/wachtrij", town.url()))].into();
        let out = browser.post("/afmelden", &[("csrf", &csrf)]).await;
        assert!(!browser.cookies.contains_key("schildwacht"));
        let page = browser.follow(&out.location().unwrap()).await;
        assert!(page.text.contains("U bent afgemeld"), "{}", page.text);
        assert_eq!(town.issuer.signed_out(), 1, "and at the issuer, whose session may go on");
        assert!(!browser.cookies.contains_key("schildwacht"));
    }
}
