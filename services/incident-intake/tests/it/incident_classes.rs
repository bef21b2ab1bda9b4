//! The shipped content, and what is said of content that is not right.

use std::{collections::BTreeMap, io::Read as _};

use content::{Library, LoadError, Settings, Text};
use runtime::{AlertId, SchoolId};
use schildwacht_incident_intake::domain::{
    alert::{Alert, AlertSeverity, Device, Endpoint, Signature},
    classes::IncidentClasses,
    threshold::Threshold,
};
use uuid::Uuid;

fn shipped() -> Library<IncidentClasses> {
    Library::load(&Settings::default()).unwrap()
}

fn classes() -> Library<IncidentClasses> {
    let library = shipped();
    assert!(library.at("2026-11-24T12:00:00Z".parse().unwrap()).is_ok(), "some version holds today");
    library
}

fn alert(id: &str, text: &str, category: &str, severity: AlertSeverity) -> Alert {
    let moment = "2026-09-24T09:50:00Z".parse().unwrap();
    Alert {
        id: AlertId::from(Uuid::from_u64_pair(0, 1)),
        school_id: SchoolId::from(Uuid::from_u64_pair(0, 2)),
        signature: Signature { id: id.to_owned(), text: text.to_owned(), category: category.to_owned() },
        severity,
        source: Endpoint { ip: "10.20.4.37".to_owned(), port: 51_422, device: None },
        destination: Endpoint { ip: "203.0.113.77".to_owned(), port: 443, device: None },
        destination_count: 1,
        destination_ips: Vec::new(),
        protocol: "tcp".to_owned(),
        sensor: "suricata".to_owned(),
        first_at: moment,
        last_at: moment,
        event_count: 1,
        raw_event: String::new(),
    }
}

fn from_outside(mut alert: Alert) -> Alert {
    alert.source.ip = "198.51.100.9".to_owned();
    alert
}

fn class_of(alert: &Alert) -> String {
    let library = classes();
    let pack = library.packs().last().unwrap();
    pack.body.classify(alert).class.id.clone()
}

#[test]
fn alerts_are_what_people_would_call_them() {
    use AlertSeverity::{High, Low, Medium};
    let suricata = |text: &str, category: &str, severity| alert("suricata:1:1", text, category, severity);
    let zeek = |notice: &str| alert(&format!("zeek:{notice}"), notice, "", Medium);
    let known_device = |mut alert: Alert| {
        alert.source.ip = "2001:db8::20".to_owned();
        alert.source.device = Some(Device { id: "d".to_owned(), name: "Server".to_owned() });
        alert
    };
    let cases = [
        (suricata("ET MALWARE Win32/Stealer CnC Checkin", "Malware Command and Control Activity Detected", High), "malware-contact"),
        (suricata("et malware  spaced   and small", "", Low), "malware-contact"),
        (suricata("ET MALWAREX is another word", "", Low), "unknown"),
        (suricata("ET MALWARE Possible Ransomware Key Exchange", "A Network Trojan was detected", High), "ransomware"),
        (suricata("ET ADWARE_PUP Toolbar User-Agent", "Possibly Unwanted Program Detected", Medium), "unwanted-software"),
        (suricata("ET PHISHING Successful Office 365 Phish", "Successful Credential Theft Detected", High), "stolen-password"),
        (suricata("ET PHISHING Landing Page", "Possible Social Engineering Attempted", Medium), "phishing"),
        (suricata("ET EXPLOIT Possible Log4j RCE", "Attempted Administrator Privilege Gain", High), "attack-from-inside"),
        (from_outside(suricata("ET EXPLOIT Possible Log4j RCE", "Attempted Administrator Privilege Gain", High)), "attack-from-outside"),
        (known_device(suricata("ET EXPLOIT Possible Log4j RCE", "", High)), "attack-from-inside"),
        (suricata("ET SCAN Nmap SYN", "Attempted Information Leak", Medium), "scan-from-inside"),
        (from_outside(suricata("ET SCAN Nmap SYN", "Attempted Information Leak", Medium)), "scan-from-outside"),
        (suricata("ET POLICY Dropbox Client", "Potential Corporate Privacy Violation", High), "house-rules"),
        (suricata("ET TOR Known Tor Exit Node Traffic group 50", "Misc Attack", Medium), "hidden-surfing"),
        (from_outside(suricata("ET DROP Dshield Block Listed Source", "Misc Attack", Medium)), "bad-address-knocks"),
        (suricata("ET DROP Dshield Block Listed Source", "Misc Attack", Medium), "bad-address"),
        (alert("suricata:1:2100498", "GPL ATTACK_RESPONSE id check returned root", "Potentially Bad Traffic", Medium), "sensor-test"),
        (suricata("A school's own rule", "Some Category", High), "unknown-serious"),
        (suricata("A school's own rule", "Some Category", Medium), "unknown"),
        (zeek("SSL::Invalid_Server_Cert"), "broken-certificate"),
        (zeek("Scan::Port_Scan"), "scan-from-inside"),
        (zeek("SSH::Password_Guessing"), "password-guessing"),
        (zeek("Intel::Notice"), "malware-contact"),
        (zeek("CaptureLoss::Too_Much_Loss"), "sensor-health"),
    ];
    for (alert, expected) in cases {
        assert_eq!(class_of(&alert), expected, "{} {}", alert.signature.id, alert.signature.text);
    }
}

#[test]
fn what_a_sensor_counted_already_reaches_the_threshold_at_once() {
    let library = classes();
    let classes = &library.packs()[0].body;
    for notice in ["Scan::Address_Scan", "SSH::Password_Guessing"] {
        let notice = alert(&format!("zeek:{notice}"), notice, "", AlertSeverity::Medium);
        let found = classes.classify(&notice);
        let Threshold::Events { count, .. } = found.class.opens else { panic!("{:?}", found.class.opens) };
        assert!(found.each_counts_as >= count, "{}", notice.signature.id);
    }
}

#[test]
fn the_taxonomy_has_a_plain_name_for_every_class_in_use() {
    let library = classes();
    let classes = &library.packs()[0].body;
    let name_of = |class: &str| classes.classes[class].rsit_name.nl.as_str();
    assert_eq!(name_of("malware-contact"), "Schadelijke software: besmet toestel");
    assert_eq!(name_of("house-rules"), "Overige: niet in te delen");
}

#[test]
fn titles_are_short_and_speak_no_jargon() {
    const JARGON: [&str; 12] = ["malware", "ids", "signature", "c2", "exploit", "alert", "ip", "dns", "tls", "payload", "trojan", "host"];
    for class in classes().packs()[0].body.classes.values() {
        assert!(class.title.nl.chars().count() <= 80 && class.title.en.chars().count() <= 80, "{}", class.id);
        for word in class.title.nl.to_lowercase().split(|letter: char| !letter.is_alphanumeric()) {
            assert!(!JARGON.contains(&word), "{}: {word}", class.id);
        }
    }
}

#[test]
fn a_story_is_short_and_is_filled_in_alike_in_both_languages() {
    for class in classes().packs()[0].body.classes.values() {
        let story = &class.story;
        let lines: Vec<&Text> = [&story.what].into_iter().chain(&story.r#do).chain(&story.do_not).chain([&story.call]).collect();
        for words in [|line: &Text| line.nl.split_whitespace().count(), |line: &Text| line.en.split_whitespace().count()] {
            assert!(lines.iter().map(|line| words(line)).sum::<usize>() <= 80, "{}", class.id);
        }
        for line in lines {
            for (nl, en) in [("{toestel}", "{device}"), ("{noodnummer}", "{number}")] {
                assert_eq!(line.nl.contains(nl), line.en.contains(en), "{}: {}", class.id, line.en);
            }
            let filled_in = line.nl.replace("{toestel}", "").replace("{noodnummer}", "");
            assert!(!filled_in.contains('{'), "{}: {filled_in}", class.id);
        }
    }
}

#[test]
fn where_personal_data_may_be_involved_the_dpo_and_the_deadline_are_steps() {
    let library = classes();
    for class in ["ransomware", "takeover", "stolen-password", "malware-contact", "phishing"] {
        let story = &library.packs()[0].body.classes[class].story;
        assert!(story.r#do.iter().any(|step| step.nl.contains("AIV of DPO") && step.nl.contains("72 uur")), "{class}");
        assert!(story.call.nl.contains("VTC") && story.call.en.contains("VTC"), "{class}");
    }
}

#[test]
fn the_taxonomy_is_complete() {
    let Some(file) = testkit::shared_data("rsit-machinetag.json") else { return };
    let reference: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut expected = BTreeMap::new();
    for class in reference["values"].as_array().unwrap() {
        let types: Vec<_> = class["entry"].as_array().unwrap().iter().map(|entry| entry["value"].as_str().unwrap().to_owned()).collect();
        expected.insert(class["predicate"].as_str().unwrap().to_owned(), types);
    }
    let library = classes();
    let taxonomy = &library.packs()[0].body.taxonomy;
    assert_eq!(taxonomy.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (class, mut types) in expected {
        types.sort();
        assert_eq!(taxonomy[&class].types.keys().cloned().collect::<Vec<_>>(), types, "{class}");
    }
}

/// Real alerts of a competition network, where everything happened at once.
#[test]
fn real_alerts_are_nearly_all_known() {
    let Some(file) = testkit::shared_data("suricata/wrccdc-2018-alerts.json") else { return };
    let events: Vec<serde_json::Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let library = classes();
    let classes = &library.packs()[0].body;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut unknown = Vec::new();
    for event in &events {
        let text = |pointer: &str| event.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default();
        let severity = match event["alert"]["severity"].as_u64() {
            Some(1) => AlertSeverity::High,
            Some(2) => AlertSeverity::Medium,
            _ => AlertSeverity::Low,
        };
        let id = format!("suricata:{}:{}", event["alert"]["gid"], event["alert"]["signature_id"]);
        let mut alert = alert(&id, text("/alert/signature"), text("/alert/category"), severity);
        alert.source.ip = text("/src_ip").to_owned();
        let class = classes.classify(&alert).class;
        if class.id.starts_with("unknown") {
            unknown.push(alert.signature.text.clone());
        }
        *counts.entry(class.id.clone()).or_default() += 1;
    }

    let signature_begins = |start: &str| {
        let signatures = events.iter().filter_map(|event| event.pointer("/alert/signature").and_then(serde_json::Value::as_str));
        u32::try_from(signatures.filter(|signature| signature.starts_with(start)).count()).unwrap()
    };
    assert_eq!(counts["hidden-surfing"], signature_begins("ET TOR") + 2, "and two rules on Tor among the policies");
    assert_eq!(counts["odd-traffic"], signature_begins("SURICATA") - 1, "one of them is an attack");
    assert_eq!(counts["scan-from-inside"] + counts.get("scan-from-outside").copied().unwrap_or(0), signature_begins("ET SCAN"));
    assert_eq!(unknown, Vec::<String>::new());
    insta::assert_debug_snapshot!(counts);
}

#[test]
fn real_notices_open_no_cases() {
    let Some(file) = testkit::shared_data("zeek/notice.json.gz") else { return };
    let mut lines = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut lines).unwrap();
    let library = classes();
    for line in lines.lines() {
        let notice: serde_json::Value = serde_json::from_str(line).unwrap();
        let note = notice["note"].as_str().unwrap();
        let alert = alert(&format!("zeek:{note}"), note, "", AlertSeverity::Medium);
        assert_eq!(library.packs()[0].body.classify(&alert).class.opens, Threshold::Never, "{note}");
    }
}

/// All that ransomware's story says not to do.
const NOT_TO_DO: &str = "        do_not:
          - nl: Zet het toestel niet uit.
            en: Do not switch the device off.
          - nl: Sluit geen back-up aan, zet niets terug en betaal niet.
            en: Do not connect a back-up, restore anything, or pay.
";

/// The shipped file with one thing changed, and what is said of it.
fn complaint(from: &str, to: &str) -> String {
    let text = include_str!("../../../../content/incident-classes/2026.1.yaml");
    assert!(text.contains(from), "nothing to change: {from}");
    let changed = text.replacen(from, to, 1);
    let error = Library::<IncidentClasses>::read(&[("2026.1.yaml".to_owned(), changed)]).unwrap_err();
    let LoadError::Flawed { flaws, .. } = error else { panic!("{error}") };
    let said: Vec<_> = flaws
        .iter()
        .map(|flaw| {
            assert!(flaw.line > 1 && flaw.column > 0, "{flaw}");
            flaw.reason.clone()
        })
        .collect();
    said.join(" | ")
}

#[test]
fn content_that_does_not_hold_together_is_refused() {
    let complaints = [
        complaint("quiet_days_after_false_positive: 14", "quiet_days_after_false_positive: 400"),
        complaint("high: { react_within_minutes: 30,", "high: { react_within_minutes: 300,"),
        complaint("low: { react_within_minutes: 1440,", "low: { react_within_minutes: 0,"),
        complaint("rsit: malicious-code/infected-system", "rsit: malicious-code/flu"),
        complaint("severity: { low: medium, medium: high, high: high }", "severity: { low: high, medium: medium, high: high }"),
        complaint("{ alerts: 5, to: very_high }", "{ alerts: 1, to: very_high }"),
        complaint("{ alerts: 5, to: very_high }", "{ alerts: 5, events: 5, to: very_high }"),
        complaint("after_events: { count: 50, within_minutes: 10 }", "after_events: { count: 1, within_minutes: 10 }"),
        complaint("opens: at_first_alert", "opens: sometimes"),
        complaint("class: sensor-test,", "class: sensor-tset,"),
        complaint(", at_least: high }\n  otherwise", " }\n  otherwise"),
        complaint("signature_contains: [\"ransom\"]", "signature_contains: [\" \"]"),
        complaint("each_counts_as: 30", "each_counts_as: 0"),
        complaint("otherwise: unknown", "otherwise: nothing"),
        complaint("        nl: 'Ransomware: een programma zet bestanden op slot'\n", ""),
        complaint("          nl: Criminelen vragen daarna losgeld.", "          nl: ' '"),
        complaint(NOT_TO_DO, "        do_not: []\n"),
    ];
    insta::assert_snapshot!(complaints.join("\n"));
}
