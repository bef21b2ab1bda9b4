//! A service at an https address is asked over TLS, after it has shown a certificate that holds, or not at all.

use crate::support::{
    Town, people,
    services::{CA_FILE, FakeServices},
    this_morning,
    world::World,
};

async fn services() -> FakeServices {
    runtime::install_tls_provider();
    FakeServices::start_encrypted(World::sample(this_morning()), runtime::ManualClock::at(this_morning()).into()).await
}

async fn first_page(town: &Town) -> u16 {
    town.issuer.next_to_sign_in(&people::noor());
    town.browser().follow("/").await.status
}

#[tokio::test]
async fn services_with_a_certificate_that_holds_are_asked_over_tls() {
    let services = services().await;
    let town = Town::with_services_at(services.url(), services, Some(CA_FILE)).await;
    assert_eq!(first_page(&town).await, 200);
}

#[tokio::test]
async fn a_certificate_of_somebody_the_system_does_not_know_is_not_believed() {
    let services = services().await;
    let town = Town::with_services_at(services.url(), services, None).await;
    assert_eq!(first_page(&town).await, 503);
    assert_eq!(town.services.play.asked(), []);
}

#[tokio::test]
async fn nothing_is_said_in_plain_text_to_a_service_at_an_https_address() {
    let services = FakeServices::start(World::sample(this_morning()), runtime::ManualClock::at(this_morning()).into()).await;
    let town = Town::with_services_at(services.url().replace("http://", "https://"), services, Some(CA_FILE)).await;
    assert_eq!(first_page(&town).await, 503);
    assert_eq!(town.services.play.asked(), [], "not even the token");
}
