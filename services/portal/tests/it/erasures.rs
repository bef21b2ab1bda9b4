//! Two operators erase who a person is, and pages show that the person was erased.

use crate::{
    account::another,
    support::{Town, browser::Page, people, sample::CASE_IN_HAND},
};

/// Where the only proposal is withdrawn or agreed to.
fn act(page: &Page, act: &str) -> Option<String> {
    let action =
        page.text.split("action=\"").find(|part| part.starts_with("/wissen/") && part.split('"').next().unwrap().ends_with(act))?;
    Some(action.split('"').next().unwrap().to_owned())
}

fn etag(page: &Page) -> String {
    page.text.split("name=\"etag\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn one_operator_proposes_another_agrees_and_the_person_is_gone_and_signed_out() {
    let town = Town::new().await;
    let noor = people::noor();
    let mut noor_herself = town.browser_of(&noor).await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let wrong = pieter.submit("/wissen", "/wissen", &[("persoon", "Noor"), ("reden", "")]).await;
    assert_eq!(wrong.status, 422);
    for said in ["Geef het nummer van een persoon", "Geef een reden", "value=\"Noor\""] {
        assert!(wrong.text.contains(said), "{said}: {}", wrong.text);
    }
    let answer = pieter.submit("/wissen", "/wissen", &[("persoon", &noor.actor()), ("reden", "Verzoek 2026-114")]).await;
    let page = pieter.follow(&answer.location().unwrap()).await;
    assert!(page.text.contains("Verzoek 2026-114") && page.text.contains("Een collega keurt het goed."), "{}", page.text);
    assert_eq!(act(&page, "/goedkeuren"), None, "nobody agrees with themselves");
    let own = act(&page, "/intrekken").unwrap().replace("/intrekken", "/goedkeuren");
    let refused = pieter.submit("/wissen", &own, &[("etag", &etag(&page))]).await;
    assert!(refused.status == 409 && refused.text.contains("Vraag een collega"), "{}", refused.text);

    let mut colleague = town.browser_of(&another(people::pieter_operates())).await;
    let page = colleague.get("/wissen").await;
    let agree = act(&page, "/goedkeuren").unwrap();
    let answer = colleague.submit("/wissen", &agree, &[("etag", &etag(&page))]).await;
    let page = colleague.follow(&answer.location().unwrap()).await;
    assert!(page.text.contains("De persoon is gewist en overal afgemeld."), "{}", page.text);
    assert!(page.text.contains("Er wacht geen voorstel."), "{}", page.text);
    assert_ne!(noor_herself.get("/account").await.status, 200);

    town.world.settle().await;
    let mut sam = town.browser_of(&people::sam()).await;
    let case = sam.get(&format!("/zaken/{}", CASE_IN_HAND.id())).await;
    assert!(case.text.contains("Gewiste persoon") && !case.text.contains(&noor.name), "{}", case.text);
}

#[tokio::test]
async fn a_proposal_is_withdrawn_and_whoever_may_not_erase_is_not_offered_it() {
    let town = Town::new().await;
    let mut pieter = town.browser_of(&people::pieter_operates()).await;
    let fields = [("persoon", &*people::karim().actor()), ("reden", "Verzoek 2026-115")];
    pieter.submit("/wissen", "/wissen", &fields).await;
    let page = pieter.get("/wissen").await;
    let withdraw = act(&page, "/intrekken").unwrap();
    let answer = pieter.submit("/wissen", &withdraw, &[("etag", &etag(&page))]).await;
    let page = pieter.follow(&answer.location().unwrap()).await;
    assert!(page.text.contains("Het voorstel is ingetrokken.") && page.text.contains("Er wacht geen voorstel."), "{}", page.text);

    for person in [people::noor(), people::els(), people::lotte_leads()] {
        let mut browser = town.browser_of(&person).await;
        assert_eq!(browser.get("/wissen").await.status, 403);
        assert_eq!(browser.submit("/account", "/wissen", &fields).await.status, 403);
        assert!(!browser.get("/").await.text.contains("/wissen"));
    }
}
