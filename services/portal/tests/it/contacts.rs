//! Contacts: a school says whom the response team calls.

use crate::support::{
    Town, people,
    sample::{HOEK, ZANDLOPER},
};

fn list() -> String {
    format!("/scholen/{ZANDLOPER}/contacten")
}

#[tokio::test]
async fn a_school_without_contacts_adds_one_from_its_menu() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    let empty = karim.follow(&list()).await.text;
    assert!(empty.contains("Nog geen contacten") && empty.contains(&format!("href=\"{}\"", list())), "{empty}");

    let form = format!("{}/nieuw", list());
    let fields = [
        ("naam", "Bewaking"),
        ("telefoon", "0470 12 34 56"),
        ("buiten-de-uren", "on"),
        ("verzoek", "0190c0de-0000-7000-8000-00000000f001"),
    ];
    let done = karim.submit(&form, &form, &fields).await;
    assert_eq!((done.status, done.location().unwrap()), (303, list()));
    let page = karim.follow(&list()).await.text;
    assert!(page.contains("Het contact is toegevoegd.") && page.contains("href=\"tel:0470123456\">0470 12 34 56<"), "{page}");
    assert!(page.contains("Ook ’s avonds"), "{page}");
}

#[tokio::test]
async fn what_was_written_comes_back_with_what_to_correct() {
    let town = Town::new().await;
    let mut karim = town.browser_of(&people::karim()).await;
    let form = format!("{}/nieuw", list());
    let page = karim.submit(&form, &form, &[("naam", "Onthaal"), ("telefoon", "bel ons")]).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("href=\"#telefoon\">Geef een telefoonnummer") && !page.text.contains("href=\"#naam\""), "{}", page.text);
    assert!(page.text.contains("value=\"Onthaal\"") && page.text.contains("value=\"bel ons\""), "{}", page.text);
    assert!(karim.follow(&list()).await.text.contains("Nog geen contacten"));

    town.faults.fail_only("CreateContact", tonic::Code::Unavailable);
    let failed = karim.submit(&form, &form, &[("naam", "Onthaal"), ("telefoon", "112")]).await;
    assert!(failed.status == 503 && failed.text.contains("Onthaal\n112"), "{}", failed.text);
}

#[tokio::test]
async fn a_contact_is_changed_and_removed_unless_somebody_was_faster() {
    let town = Town::new().await;
    let contact = town.world.add_contact(ZANDLOPER.id(), "Els Vermeulen", "09 374 12 34").await.contact_id;
    let mut els = town.browser_of(&people::els()).await;
    let form = format!("{}/{contact}", list());
    let stale = [("etag", "older"), ("naam", "Els V."), ("telefoon", "09 374 12 34")];
    let refused = els.submit(&form, &form, &stale).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("Iemand anders wijzigde dit contact") && refused.text.contains("value=\"Els V.\""), "{}", refused.text);
    let remove = format!("{form}/verwijderen");
    assert_eq!(els.submit(&form, &remove, &[("etag", "older")]).await.status, 409);

    let etag = els.follow(&form).await.hidden("etag").unwrap();
    let fresh = [("etag", etag.as_str()), ("naam", "Els V."), ("telefoon", "09 374 12 34")];
    assert_eq!(els.submit(&form, &form, &fresh).await.location().unwrap(), list());
    let page = els.follow(&list()).await.text;
    assert!(page.contains("Het contact is gewijzigd.") && page.contains("<strong>Els V.</strong>"), "{page}");
    let etag = els.follow(&form).await.hidden("etag").unwrap();
    assert_eq!(els.submit(&form, &remove, &[("etag", &etag)]).await.location().unwrap(), list());
    assert!(els.follow(&list()).await.text.contains("Het contact is verwijderd."));
}

#[tokio::test]
async fn who_may_not_edit_is_offered_nothing_and_a_contact_of_another_school_is_not_found() {
    let town = Town::new().await;
    let contact = town.world.add_contact(ZANDLOPER.id(), "Els Vermeulen", "09 374 12 34").await.contact_id;
    let mut noor = town.browser_of(&people::noor()).await;
    let page = noor.follow(&list()).await.text;
    assert!(page.contains("Els Vermeulen") && !page.contains("/contacten/nieuw") && !page.contains("Wijzig het contact"), "{page}");
    assert_eq!(noor.get(&format!("{}/nieuw", list())).await.status, 403);
    let mut jo = town.browser_of(&people::ict_coordinator_of_two()).await;
    assert_eq!(jo.get(&format!("/scholen/{HOEK}/contacten/{contact}")).await.status, 404);
}
