//! A service at an https address is asked over TLS, after it has shown a certificate that holds, or not at all.

use crate::support::{CA_FILE, Front, Plan, Town, people};

async fn town(front: Front, ca_file: Option<&str>) -> Town {
    Town::of(Plan { front, ca_file, ..Plan::of_the_sample().await }).await
}

async fn first_page(town: &Town) -> u16 {
    town.issuer.next_to_sign_in(&people::noor());
    town.browser().follow("/").await.status
}

#[tokio::test]
async fn services_with_a_certificate_that_holds_are_asked_over_tls() {
    let town = town(Front::Encrypted, Some(CA_FILE)).await;
    assert_eq!(first_page(&town).await, 200);
}

#[tokio::test]
async fn a_certificate_of_somebody_the_system_does_not_know_is_not_believed() {
    let town = town(Front::Encrypted, None).await;
    assert_eq!(first_page(&town).await, 503);
    assert_eq!(town.faults.asked(), []);
}

#[tokio::test]
async fn nothing_is_said_in_plain_text_to_a_service_at_an_https_address() {
    let town = town(Front::PlainAtHttps, Some(CA_FILE)).await;
    assert_eq!(first_page(&town).await, 503);
    assert_eq!(town.faults.asked(), [], "not even the token");
}
