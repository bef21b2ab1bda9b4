//! From a file of sensor events to devices, alerts and cases, by `schildwacht send`.

use std::path::Path;

use serde_json::Value;
use testkit::eventually;

use crate::{
    eve,
    site::{Outcome, Site},
    town::{School, Town},
};

/// Posts a file as the school's gateway, and returns the summary for machines.
pub async fn send(town: &Town, school: &School, file: &Path, more: &[&str]) -> (Outcome, Value) {
    send_to(&town.site.url(""), town, school, file, more).await
}

async fn send_to(at: &str, town: &Town, school: &School, file: &Path, more: &[&str]) -> (Outcome, Value) {
    let secret = town.site.file(&format!("{}.secret", school.gateway.id), &school.gateway.secret).display().to_string();
    let (file, issuer) = (file.display().to_string(), town.issuer());
    let gateway = ["--gateway", &school.gateway.id, "--secret-file", &secret, "--at", at, "--issuer", &issuer];
    let outcome = town.site.run(&[&["send", "--json", "--file", &file], &gateway[..], more].concat()).await;
    let summary = serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"));
    (outcome, summary)
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_at_once_and_ctrl_c_still_gives_the_account() {
    let site = Site::new();
    let (file, secret) = (site.file("eve.json", "{\"a\":1}\n{\"a\":2}\n"), site.file("secret", "0f3a9c41"));
    let (file, secret, nobody) = (file.display().to_string(), secret.display().to_string(), site.url(""));
    let arguments =
        ["send", "--file", &file, "--gateway", "g", "--secret-file", &secret, "--at", &nobody, "--batch", "1", "--retries", "1000"];
    let sending = site.begin(&arguments);
    eventually("the reason", async || sending.stderr().contains("is it running?").then_some(())).await;
    let told = sending.stderr();
    assert!(told.contains(&nobody) && told.contains("refused") && told.contains("; trying again"), "{told}");
    eventually("a line in between", async || sending.stderr().contains("0 of 2 events read so far accepted; still: ").then_some(())).await;
    assert_eq!(sending.stderr().matches("; trying again").count(), 1, "the same reason once: {}", sending.stderr());

    sending.interrupt();
    let outcome = Outcome::of(sending).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    for wanted in ["2 events", "accepted                0", "not delivered           2", "stopped before the answer came"] {
        assert!(outcome.stdout.contains(wanted), "{wanted}: {}", outcome.stdout);
    }
}

#[tokio::test]
async fn ctrl_c_ends_a_command_that_waits_for_standard_input() {
    let site = Site::new();
    let secret = site.file("secret", "0f3a9c41").display().to_string();
    let fifo = site.pipe("fifo").display().to_string();
    let sending = site.begin(&["send", "--file", &fifo, "--gateway", "g", "--secret-file", &secret, "--at", &site.url("")]);
    // Somebody who writes one event and then says nothing more.
    let writer = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    std::io::Write::write_all(&mut &writer, b"{\"a\":1}\n{\"a\":2}\n").unwrap();
    eventually("the command to have begun", async || sending.stderr().contains("events read so far").then_some(())).await;
    sending.interrupt();
    let outcome = Outcome::of(sending).await;
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("the rest was not sent"), "{}", outcome.stdout);
    drop(writer);
}

crate::in_both_columns! {
    async fn a_file_of_events_becomes_devices_alerts_and_a_case(town: Arc<Town>) {
        let school = town.school("990104").await;
        let at = eve::just_now();
        let events = [
            eve::lease(at, "02:00:00:00:01:25", "10.20.4.37", "laptop-37"),
            eve::lease(at, "02:00:00:00:01:26", "10.20.4.38", "laptop-38"),
            eve::flow(at, "10.20.4.39"),
            eve::contact_with_malware(at, 2_000_104, "10.20.4.37"),
            eve::contact_with_malware(at + chrono::TimeDelta::seconds(5), 2_000_104, "10.20.4.37"),
            eve::odd_traffic(at, 2_200_104, "10.20.4.38"),
        ];
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let file = town.site.file("eve.json", lines.join("\n"));

        let (outcome, summary) = send(&town, &school, &file, &["--batch", "4"]).await;

        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert_eq!((&summary["events"], &summary["accepted"], &summary["refused"]), (&6.into(), &6.into(), &0.into()), "{summary}");
        assert_eq!(
            (&summary["requests"], &summary["retries"], &summary["reasons"]),
            (&2.into(), &0.into(), &serde_json::json!({})),
            "{summary}"
        );

        let noor = town.sign_in("noor").await;
        let case = eventually("a case with both events", async || {
            noor.cases_of(&school.id).await.unwrap().into_iter().find(|case| case.event_count == 2)
        })
        .await;
        assert_eq!((case.signature_id.as_str(), case.school_name.as_str()), ("suricata:1:2000104", school.name.as_str()));
        assert_eq!(case.title.unwrap().nl, "Een computer zoekt contact met een verdacht adres");
        let alerts = noor.alerts_of(&school.id).await.unwrap();
        let mut told: Vec<_> = alerts.iter().map(|alert| (alert.signature_id.as_str(), alert.event_count)).collect();
        told.sort_unstable();
        assert_eq!(told, [("suricata:1:2000104", 2), ("suricata:1:2200104", 1)]);
        let devices = noor.devices_of(&school.id).await.unwrap();
        assert_eq!(devices.keys().collect::<Vec<_>>(), ["02:00:00:00:01:25", "02:00:00:00:01:26", "10.20.4.39"]);
        assert_eq!(devices["02:00:00:00:01:25"].names[0].value, "laptop-37");
    }

    async fn the_same_file_twice_is_counted_once(town: Arc<Town>) {
        let school = town.school("990105").await;
        let file = town.site.file("twice.json", eve::contact_with_malware(eve::just_now(), 2_000_105, "10.20.4.37").to_string());
        send(&town, &school, &file, &[]).await.0.ok();
        for port in [town.site.otlp_http_url(""), town.site.url("")] {
            send_to(&port, &town, &school, &file, &["--protocol", "otlp", "--encoding", "gzip"]).await.0.ok();
        }

        let noor = town.sign_in("noor").await;
        let marker = eve::odd_traffic(eve::just_now(), 2_200_105, "10.20.4.38");
        town.post(&school, &[marker]).await;
        eventually("what was sent last", async || (noor.alerts_of(&school.id).await.unwrap().len() == 2).then_some(())).await;
        let counts: Vec<i64> = noor.alerts_of(&school.id).await.unwrap().iter().map(|alert| alert.event_count).collect();
        assert_eq!(counts, [1, 1]);
        // The case follows the alert by another topic.
        let cases = eventually("its case", async || Some(noor.cases_of(&school.id).await.unwrap()).filter(|cases| !cases.is_empty())).await;
        assert_eq!(cases.len(), 1);
    }

    async fn a_file_that_holds_no_events_is_said(town: Arc<Town>) {
        let school = town.school("990106").await;
        let missing = town.site.operate(&["send", "--file", "nowhere.json", "--gateway", &school.gateway.id]).await;
        // Which secret, is asked before which file.
        assert!(missing.complaint().contains("no secret for gateway"));
        let secret = town.site.file("here.secret", &school.gateway.secret).display().to_string();
        let gateway = ["--gateway", &school.gateway.id, "--secret-file", &secret];
        let missing = town.site.operate(&[&["send", "--file", "nowhere.json"], &gateway[..]].concat()).await;
        assert!(missing.complaint().contains("nowhere.json"));
    }
}
