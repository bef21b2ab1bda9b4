//! The warnings of a device: whose they are, what they mean, and what is said where that is not known.

use proto::network_monitor::v1::ListAlertsResponse;

use crate::support::{
    Town,
    browser::Browser,
    people,
    sample::{CASE_CLOSED, CASE_IN_HAND, DEVICE_CALM, DEVICE_WARNED, GATEWAY, ZANDLOPER},
    telemetry::{self, POLICY, Rule},
};

fn address() -> String {
    format!("/scholen/{ZANDLOPER}/toestellen/{DEVICE_WARNED}")
}

async fn shown(browser: &mut Browser, address: &str) -> String {
    let page = browser.follow(address).await;
    assert_eq!(page.status, 200, "{address}: {}", page.text);
    page.text
}

#[tokio::test]
async fn a_devices_warnings_lead_to_their_incidents() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let address = address();
    let page = shown(&mut els, &address).await;
    let main_act = format!(r#"<a class="button main" href="/zaken/{CASE_IN_HAND}">"#);
    assert_eq!(page.matches(&main_act).count(), 1, "the incident that goes on stands on top");
    assert!(page.contains(&format!(r#"<a class="go" href="/zaken/{CASE_CLOSED}">"#)), "an incident that is over can be read again");
    assert!(page.contains("Geen incident") && page.contains("1\u{a0}keer van 198.51.100.20"), "so is a warning without one");
    let listed = shown(&mut els, &format!("/scholen/{ZANDLOPER}/toestellen?weergave=waarschuwing")).await;
    assert!(listed.contains(&format!("<a href=\"{address}#waarschuwingen\">2\u{a0}open waarschuwingen.</a>")));
}

#[tokio::test]
async fn a_device_without_warnings_says_so() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let page = shown(&mut els, &format!("/scholen/{ZANDLOPER}/toestellen/{DEVICE_CALM}")).await;
    assert!(page.contains("Er zijn geen waarschuwingen over dit toestel."));
    assert!(!town.faults.was_asked("ExplainAlerts"), "there was nothing to explain");
}

/// With as many warnings more about the device, newer than those of the sample, and of no case.
async fn town_with_newer_warnings(count: usize) -> Town {
    let town = Town::new().await;
    let warning = |number| {
        // A rule each, or they would be one warning with many destinations.
        let rule = Rule { id: POLICY.id + i64::try_from(number).unwrap(), ..POLICY };
        telemetry::alert(town.world.clock.now(), &rule, "10.20.4.31", "198.51.100.30")
    };
    let lines: String = (0..count).map(warning).collect();
    town.world.hear(ZANDLOPER.id(), GATEWAY.id(), &lines).await;
    town
}

#[tokio::test]
async fn a_devices_warnings_come_in_pages() {
    let town = town_with_newer_warnings(12).await;
    let mut els = town.browser_of(&people::els()).await;
    let address = address();
    let first = shown(&mut els, &address).await;
    assert!(first.contains("1–10 van 15\u{a0}waarschuwingen") && first.contains(&format!(r#"{address}?na=2""#)));
    let second = shown(&mut els, &format!("{address}?na=2")).await;
    assert!(second.contains("11–15 van 15\u{a0}waarschuwingen") && !second.contains("na=3"));
    assert!(second.contains("ET MALWARE Sample stealer check-in") && !first.contains("ET MALWARE Sample stealer check-in"));
    let beyond = els.get(&format!("{address}?na=2&na=3")).await;
    assert_eq!((beyond.status, beyond.location()), (303, Some(address.clone())), "there is no third page");
}

#[tokio::test]
async fn an_incident_that_goes_on_is_seen_below_ten_newer_warnings() {
    let town = town_with_newer_warnings(10).await;
    let mut els = town.browser_of(&people::els()).await;
    let address = address();
    for page in [address.clone(), format!("{address}?na=2")] {
        assert!(shown(&mut els, &page).await.contains(&format!(r#"<a class="button main" href="/zaken/{CASE_IN_HAND}">"#)), "{page}");
    }
}

#[tokio::test]
async fn of_very_many_warnings_the_newest_are_shown_and_said_to_be() {
    let town = town_with_newer_warnings(210).await;
    let mut els = town.browser_of(&people::els()).await;
    let address = address();
    assert!(shown(&mut els, &address).await.contains("1–10 van de 200 nieuwste waarschuwingen"));
    let last = shown(&mut els, &format!("{address}?na-eerder=18&na=20")).await;
    assert!(last.contains("191–200 van de 200 nieuwste waarschuwingen") && !last.contains("na=21"));
}

#[tokio::test]
async fn warnings_of_the_whole_school_are_never_shown_as_one_devices() {
    let town = Town::new().await;
    // A network-monitor from before one could ask for a device's alerts does not read which device is asked for.
    town.faults.edit("ListAlerts", |answer: &mut ListAlertsResponse| {
        let mut of_another = answer.alerts[0].clone();
        for end in [&mut of_another.source, &mut of_another.destination].into_iter().flatten() {
            end.device_id.clear();
        }
        answer.alerts.push(of_another);
    });
    let mut els = town.browser_of(&people::els()).await;
    let page = shown(&mut els, &address()).await;
    assert!(page.contains("<h1>SEC-PC-02</h1>") && page.contains("Wat we weten"), "the rest of the device is shown");
    assert!(!page.contains("id=\"waarschuwingen\"") && !page.contains("geen waarschuwingen"), "what is not known is not said");
}

#[tokio::test]
async fn what_the_sensor_saw_is_shown_while_nobody_can_say_what_it_means() {
    let town = Town::new().await;
    town.faults.fail_only("ExplainAlerts", tonic::Code::Unavailable);
    let mut els = town.browser_of(&people::els()).await;
    let page = shown(&mut els, &address()).await;
    assert!(page.contains("We kunnen nu even niet zeggen wat dit betekent"));
    assert!(page.contains(r#"<strong lang="en">ET MALWARE Sample stealer check-in</strong>"#));
    assert!(!page.contains("Geen incident"), "what is not known is not denied");
}

#[tokio::test]
async fn who_asks_for_what_is_refused_for_ever_is_not_told_to_come_back_in_a_minute() {
    let town = Town::new().await;
    let mut els = town.browser_of(&people::els()).await;
    let address = address();
    for (code, comes_back) in [(tonic::Code::InvalidArgument, false), (tonic::Code::Internal, false), (tonic::Code::Unimplemented, true)] {
        town.faults.fail_only("ExplainAlerts", code);
        let page = shown(&mut els, &address).await;
        assert!(page.contains("niet zeggen wat dit betekent"), "{code:?}");
        assert_eq!(page.contains("Vernieuw de pagina over een minuut"), comes_back, "{code:?}");
    }
}
