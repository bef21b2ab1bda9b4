//! Passwords and codes: how they are chosen, changed and used.

use std::time::{Duration, SystemTime};

use schildwacht_testkit::{Account, Realm, Visit, eventually, one_time_code};

use crate::{LEVEL_2, asks_for_a_password, claims, shared, sign_in};

#[tokio::test]
async fn a_newcomer_chooses_a_password_and_sets_up_an_authenticator_before_anything_opens() {
    let Some(realm) = shared().await else { return };
    let newcomer = realm.add_newcomer().await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &newcomer.username), ("password", &newcomer.password)]).await;

    let mut chosen = false;
    for _ in 0..2 {
        assert!(visit.sent_to.is_none(), "signed in before both were done: {visit:?}");
        if visit.field("password-new").is_some() || visit.page.contains("name=\"password-new\"") {
            let password = "een lang nieuw wachtwoord";
            visit.submit(&[("password-new", password), ("password-confirm", password)]).await;
            chosen = true;
        } else {
            let secret =
                visit.field("totpSecret").unwrap_or_else(|| panic!("neither a password nor an authenticator: {visit:?}")).to_owned();
            let code = one_time_code(&secret, SystemTime::now());
            visit.submit(&[("totpSecret", &secret), ("totp", &code), ("userLabel", "telefoon")]).await;
        }
    }
    assert!(chosen, "the password that an administrator knows is still good");
    assert_eq!(claims(&visit.redeem().await.unwrap())["acr"], LEVEL_2);
}

#[tokio::test]
async fn a_password_that_leaked_is_refused() {
    let Some(realm) = shared().await else { return };
    let newcomer = realm.add_newcomer().await;
    let mut visit = choosing(realm, &newcomer).await;
    for leaked in ["welkom123", "Wachtwoord1"] {
        visit.submit(&[("password-new", leaked), ("password-confirm", leaked)]).await;
        assert!(visit.sent_to.is_none() && visit.page.contains("name=\"password-new\""), "{leaked} is taken: {visit:?}");
    }
    let good = "een lang nieuw wachtwoord";
    visit.submit(&[("password-new", good), ("password-confirm", good)]).await;
    assert!(!visit.page.contains("name=\"password-new\""), "{visit:?}");
}

/// A newcomer who has to choose a password.
async fn choosing<'a>(realm: &'a Realm, newcomer: &Account) -> Visit<'a> {
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &newcomer.username), ("password", &newcomer.password)]).await;
    while !visit.page.contains("name=\"password-new\"") {
        let secret = visit.field("totpSecret").unwrap_or_else(|| panic!("{visit:?}")).to_owned();
        visit.submit(&[("totpSecret", &secret), ("totp", &one_time_code(&secret, SystemTime::now())), ("userLabel", "telefoon")]).await;
    }
    visit
}

#[tokio::test]
async fn a_password_of_64_characters_is_hidden_can_be_pasted_and_is_taken_as_it_was_typed() {
    let Some(realm) = shared().await else { return };
    let typed = " Één lang Wachtwoord met spaties vooraan en achteraan, van 64 t ";
    assert_eq!(typed.chars().count(), 64);
    for (password, is_taken) in [(typed, true), (typed.trim(), false), (&typed.to_lowercase(), false), (&typed[..60], false)] {
        // An account for each: it is locked after two wrong ones.
        let newcomer = realm.add_newcomer().await;
        let mut visit = choosing(realm, &newcomer).await;
        for field in ["password-new", "password-confirm"] {
            let tag = tag_with(&visit.page, &format!("name=\"{field}\""));
            assert!(
                tag.contains("type=\"password\"") && tag.contains("autocomplete=\"new-password\"") && !tag.contains("maxlength"),
                "{tag}"
            );
        }
        assert!(!visit.page.contains("onpaste"), "{visit:?}");
        visit.submit(&[("password-new", typed), ("password-confirm", typed)]).await;
        assert!(!visit.page.contains("name=\"password-new\""), "{visit:?}");

        let mut visit = realm.visit(&[]).await;
        visit.submit(&[("username", &newcomer.username), ("password", password)]).await;
        assert_eq!(!asks_for_a_password(&visit), is_taken, "{password:?}: {visit:?}");
    }
}

/// The tag that has this.
fn tag_with<'a>(page: &'a str, attribute: &str) -> &'a str {
    let tags = page.split('<').filter_map(|rest| rest.split('>').next());
    tags.into_iter().find(|tag| tag.contains(attribute)).unwrap_or_else(|| panic!("no {attribute}: {page}"))
}

#[tokio::test]
async fn words_that_everybody_here_would_guess_are_refused() {
    let Some(realm) = shared().await else { return };
    let newcomer = realm.add_newcomer().await;
    let mut visit = choosing(realm, &newcomer).await;
    for guessed in ["Schildwacht2026", "onderwijs2026", "Smartschool1", &newcomer.username] {
        visit.submit(&[("password-new", guessed), ("password-confirm", guessed)]).await;
        assert!(visit.sent_to.is_none() && visit.page.contains("name=\"password-new\""), "{guessed} is taken: {visit:?}");
    }
}

#[tokio::test]
async fn a_code_works_once_and_not_two_minutes_later() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let at_code = async || {
        let mut visit = realm.visit(&[]).await;
        visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
        visit
    };
    let now = SystemTime::now();
    let mut late = at_code().await;
    late.submit(&[("otp", &one_time_code(&account.code_secret, now - Duration::from_secs(120)))]).await;
    assert!(late.sent_to.is_none(), "{late:?}");
    let code = one_time_code(&account.code_secret, now);
    let mut first = at_code().await;
    first.submit(&[("otp", &code)]).await;
    assert!(first.sent_to.is_some(), "{first:?}");
    let mut second = at_code().await;
    second.submit(&[("otp", &code)]).await;
    assert!(second.sent_to.is_none(), "{second:?}");
}

#[tokio::test]
async fn who_is_signed_in_signs_in_again_before_a_password_or_a_second_factor_changes() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    visit.submit(&[("otp", &one_time_code(&account.code_secret, SystemTime::now()))]).await;
    assert!(visit.sent_to.is_some(), "{visit:?}");
    for change in ["CONFIGURE_TOTP", "webauthn-register-passwordless", "UPDATE_PASSWORD"] {
        // Within the second of the sign-in, that is the sign-in again.
        eventually("it asks for the present password", async || {
            visit.again(&[("kc_action", change)]).await;
            asks_for_a_password(&visit).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let Some(realm) = shared().await else { return };
    let account = realm.add_account(&["responder"]).await;
    sign_in(realm, &account).await;
    realm.require(&account, "UPDATE_PASSWORD").await;
    let mut visit = realm.visit(&[]).await;
    visit.submit(&[("username", &account.username), ("password", &account.password)]).await;
    let next_code = one_time_code(&account.code_secret, SystemTime::now() + Duration::from_secs(30));
    visit.submit(&[("otp", &next_code)]).await;
    assert!(visit.page.contains("name=\"logout-sessions\""), "{visit:?}");
    let new = "een lang nieuw wachtwoord";
    visit.submit(&[("password-new", new), ("password-confirm", new), ("logout-sessions", "on")]).await;
    assert!(visit.sent_to.is_some(), "{visit:?}");
    assert_eq!(realm.count_sessions(&account).await, 1, "this one");
}
