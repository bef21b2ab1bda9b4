//! Suricata's events.

use super::*;

fn event(kind: &str, rest: &str) -> String {
    format!(r#"{{"timestamp":"2026-09-24T11:49:00.000000+0200","event_type":"{kind}",{rest}}}"#)
}

#[test]
fn an_alert_is_a_detection_and_its_source_was_there() {
    let (sightings, detection) = understood(ALERT);
    let detection = detection.unwrap();
    assert_eq!(detection.signature_id.as_str(), "suricata:1:2001219");
    assert_eq!((detection.source.port, detection.destination.port), (Some(40_000), Some(22)));
    assert_eq!(detection.protocol, "tcp");
    assert_eq!(detection.raw, ALERT);
    assert_eq!(sightings.len(), 1, "nobody answered, so the destination may not exist");
}

#[test]
fn two_transactions_of_one_flow_are_two_events_and_a_copy_is_none() {
    let fingerprint = |line: &str| understood(line).1.unwrap().fingerprint;
    let wrapped = json!({ "message": ALERT }).to_string();
    assert_eq!(fingerprint(ALERT), fingerprint(&wrapped));
    let other_transaction = ALERT.replace("\"event_type\"", "\"tx_id\":1,\"event_type\"");
    assert_ne!(fingerprint(ALERT), fingerprint(&other_transaction));
}

#[test]
fn an_alert_about_no_address_is_still_an_alert() {
    let line = event("alert", r#""alert":{"gid":1,"signature_id":"2200121","signature":"SURICATA Ethertype unknown","severity":"3"}"#);
    let (sightings, detection) = understood(&line);
    assert!(sightings.is_empty());
    assert_eq!(detection.unwrap().source.ip, None);
}

#[test]
fn only_an_acknowledged_lease_binds_an_address() {
    let dhcp = |kind: &str| {
        event(
            "dhcp",
            &format!(
                r#""src_ip":"10.0.0.1","dest_ip":"255.255.255.255","dhcp":{{"type":"reply","client_mac":"00:1b:21:0a:bc:de","assigned_ip":"10.0.0.5","client_ip":"0.0.0.0","dhcp_type":"{kind}","hostname":"nas1\u0000","vendor_class_identifier":"MSFT 5.0"}}"#
            ),
        )
    };
    assert_eq!(who(&dhcp("ack")), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
    assert_eq!(who(&dhcp("offer")), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())]);
    let told = understood(&dhcp("ack")).0.remove(0).told;
    assert_eq!(told, [Told::Name("nas1".to_owned()), Told::Software { product: "MSFT".to_owned(), version: "5.0".to_owned() }]);
}

#[test]
fn arp_tells_who_has_an_address() {
    let arp = |ip: &str| {
        event(
            "arp",
            &format!(
                r#""arp":{{"hw_type":"ethernet","opcode":"request","src_mac":"00:1b:21:0a:bc:de","src_ip":"{ip}","dest_mac":"00:00:00:00:00:00","dest_ip":"10.0.0.1"}}"#
            ),
        )
    };
    assert_eq!(who(&arp("10.0.0.5")), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
    assert_eq!(who(&arp("0.0.0.0")), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())], "a probe has no address yet");
}

#[test]
fn a_flow_shows_who_spoke_from_its_start_to_its_end() {
    let flow = |answers: u32| {
        event(
            "flow",
            &format!(
                r#""src_ip":"10.0.0.5","src_port":40000,"dest_ip":"10.0.0.9","dest_port":443,"proto":"TCP","app_proto":"tls","flow":{{"pkts_toserver":3,"pkts_toclient":{answers},"start":"2026-09-24T11:00:00.0+0200","end":"2026-09-24T11:20:00.0+0200"}}"#
            ),
        )
    };
    let (sightings, _) = understood(&flow(2));
    assert_eq!(sightings.iter().map(|sighting| sighting.who).collect::<Vec<_>>(), [ip("10.0.0.5"), ip("10.0.0.9")]);
    assert_eq!(sightings[0].first.to_rfc3339(), "2026-09-24T09:00:00+00:00");
    assert_eq!(sightings[0].last.to_rfc3339(), "2026-09-24T09:20:00+00:00");
    assert_eq!(sightings[1].told, [Told::Service { transport: "tcp", port: 443, protocol: "tls".to_owned() }]);
    assert_eq!(who(&flow(0)), [ip("10.0.0.5")]);
}

#[test]
fn the_other_side_of_the_line_is_no_device() {
    let flow = event("flow", r#""src_ip":"10.0.0.5","dest_ip":"8.8.8.8","proto":"UDP","flow":{"pkts_toserver":1,"pkts_toclient":1}"#);
    assert_eq!(who(&flow), [ip("10.0.0.5")]);
    let multicast = event("flow", r#""src_ip":"fe80::1","dest_ip":"ff02::fb","proto":"UDP","flow":{"pkts_toserver":1,"pkts_toclient":1}"#);
    assert_eq!(who(&multicast), [ip("fe80::1")]);
}

#[test]
fn handshakes_and_lookups_show_both_sides_when_answered() {
    let tls =
        event("tls", r#""src_ip":"10.0.0.5","dest_ip":"10.0.0.9","dest_port":8443,"proto":"TCP","tls":{"sni":"nas","version":"TLS 1.3"}"#);
    assert_eq!(who(&tls), [ip("10.0.0.5"), ip("10.0.0.9")]);
    let query =
        event("dns", r#""src_ip":"10.0.0.5","dest_ip":"10.0.0.1","dest_port":53,"proto":"UDP","dns":{"type":"query","rrname":"x"}"#);
    assert_eq!(who(&query), [ip("10.0.0.5")]);
    assert_eq!(who(&query.replace("query", "answer")), [ip("10.0.0.5"), ip("10.0.0.1")]);
}

#[test]
fn a_hello_without_an_answer_shows_one_side() {
    let hello = |version: &str| {
        who(&format!(
            r#"{{"timestamp":"{RECEIVED}","event_type":"tls","src_ip":"10.0.0.5","dest_ip":"10.0.0.9","dest_port":443,"proto":"TCP","tls":{{{version}}}}}"#
        ))
    };
    for version in [r#""version":"UNDETERMINED""#, r#""version":"Undetermined""#, r#""sni":"x""#, r#""version":"""#] {
        assert_eq!(hello(version), [ip("10.0.0.5")], "{version}");
    }
    assert_eq!(hello(r#""version":"TLS 1.3""#).len(), 2);
}
