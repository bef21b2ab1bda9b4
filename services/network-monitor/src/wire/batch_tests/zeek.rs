//! Zeek's logs.

use super::*;

#[test]
fn every_spelling_of_a_connection_is_the_same_connection() {
    for line in [
        r#"{"_path":"conn","ts":"2026-09-24T09:49:00.5Z","id.orig_h":"10.0.0.5","id.orig_p":4,"id.resp_h":"10.0.0.9","id.resp_p":443,"proto":"tcp","conn_state":"SF"}"#,
        r#"{"@path":"conn","ts":1790243340.5,"id_orig_h":"10.0.0.5","id_resp_h":"10.0.0.9","id_resp_p":"443","proto":"tcp","conn_state":"SF"}"#,
        r#"{"ts":1790243340500,"uid":"C","id":{"orig_h":"10.0.0.5","resp_h":"10.0.0.9","resp_p":443},"proto":"tcp","conn_state":"SF"}"#,
        r#"{"path":"conn","ts":"1790243340.5","idOrigH":"10.0.0.5","idRespH":"10.0.0.9","orig_pkts":"1","resp_pkts":"1"}"#,
        r#"{"_path":"conn","@timestamp":"2026-09-24T09:49:00.5Z","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","history":"ShADadFf"}"#,
    ] {
        let (sightings, _) = understood(line);
        assert_eq!(
            sightings.iter().map(|sighting| (sighting.who, sighting.source)).collect::<Vec<_>>(),
            [(ip("10.0.0.5"), Source::ZeekConn), (ip("10.0.0.9"), Source::ZeekConn)],
            "{line}"
        );
        assert_eq!(sightings[0].first.to_rfc3339(), "2026-09-24T09:49:00.500+00:00", "{line}");
    }
}

#[test]
fn a_log_without_path_is_known_by_its_file_or_its_members() {
    for (source, members) in [
        ("zeek.known_hosts", r#""host":"10.0.0.5""#),
        ("zeek.known_services", r#""host":"10.0.0.5","port_num":443,"port_proto":"tcp","service":["SSL"]"#),
        ("zeek.software", r#""host":"10.0.0.5","software_type":"HTTP::SERVER","name":"nginx""#),
        ("zeek.dhcp", r#""mac":"00:1b:21:0a:bc:de","msg_types":["REQUEST","ACK"]"#),
        ("zeek.notice", r#""note":"Scan::Port_Scan","msg":"10.0.0.5 scanned","src":"10.0.0.5""#),
        ("zeek.ssl", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","established":true"#),
        ("zeek.dns", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","trans_id":7,"query":"x""#),
        ("zeek.conn", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","conn_state":"S0""#),
        ("unused zeek.other", r#""uid":"C","id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","method":"GET""#),
    ] {
        assert_eq!(lines(&format!(r#"{{"ts":1790000000.1,{members}}}"#)), [source], "{members}");
    }
    let named = |name: &str| LogRecord {
        attributes: vec![attribute("log.file.name", text(name))],
        ..with_body(text(r#"{"ts":1790000000.1,"uid":"C","host":"10.0.0.5"}"#))
    };
    let records = vec![named("known_hosts.log"), named("http.10:00:00-11:00:00.log.gz")];
    assert_eq!(outcomes("application/x-protobuf", "", request(records)), ["zeek.known_hosts", "unused zeek.http"]);
    let vector = json!({ "file": "/opt/zeek/logs/current/known_hosts.log", "host": "gw", "message": r#"{"ts":1790000000.1,"host":"10.0.0.5"}"#, "timestamp": RECEIVED });
    assert_eq!(lines(&vector.to_string()), ["zeek.known_hosts"]);
}

#[test]
fn a_lease_of_any_version_binds_the_address() {
    let new = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"LKR-LT-11","assigned_addr":"10.0.0.5","lease_time":3600,"msg_types":["DISCOVER","OFFER","REQUEST","ACK"]}"#;
    let old = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","assigned_ip":"10.0.0.5","lease_time":3600}"#;
    let offered =
        r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","assigned_addr":"10.0.0.5","msg_types":["DISCOVER","OFFER"]}"#;
    assert_eq!(who(new), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
    assert_eq!(who(old), [claim("00:1b:21:0a:bc:de", "10.0.0.5")]);
    assert_eq!(who(offered), [Who::Mac("00:1b:21:0a:bc:de".parse().unwrap())]);
    assert_eq!(understood(new).0[0].told, [Told::Name("LKR-LT-11".to_owned())]);
}

#[test]
fn a_notice_is_a_detection() {
    let line = r#"{"_path":"notice","ts":1790000000.1,"uid":"C","id.orig_h":"10.0.0.5","id.orig_p":4,"id.resp_h":"10.0.0.9","id.resp_p":443,"proto":"tcp","note":"SSL::Invalid_Server_Cert","msg":"SSL certificate validation failed","src":"10.0.0.5","dst":"10.0.0.9","p":443}"#;
    let (sightings, detection) = understood(line);
    let detection = detection.unwrap();
    assert_eq!(detection.signature_id.as_str(), "zeek:SSL::Invalid_Server_Cert");
    assert_eq!((detection.category.as_ref(), detection.destination.port), ("SSL", Some(443)));
    assert_eq!(sightings.len(), 1);
}

#[test]
fn services_and_software_are_told() {
    let service =
        r#"{"_path":"known_services","ts":1790000000.1,"host":"10.0.0.9","port_num":443,"port_proto":"tcp","service":["SSL","-HTTP"]}"#;
    assert_eq!(understood(service).0[0].told, [Told::Service { transport: "tcp", port: 443, protocol: "ssl".to_owned() }]);
    let software = r#"{"_path":"software","ts":1790000000.1,"host":"10.0.0.9","software_type":"HTTP::SERVER","name":"Apache","version.major":2,"version.minor":4,"version.minor2":57,"version.addl":"Debian"}"#;
    let expected = Told::Software { product: "Apache".to_owned(), version: "2.4.57-Debian".to_owned() };
    assert_eq!(understood(software).0[0].told, std::slice::from_ref(&expected));
    let nested = r#"{"_path":"software","ts":1790000000.1,"host":"10.0.0.9","name":"Apache","version":{"major":2,"minor":4,"minor2":57,"addl":"Debian"}}"#;
    assert_eq!(understood(nested).0[0].told, [expected]);
}

#[test]
fn a_public_address_counts_when_the_sensor_calls_it_local() {
    let line = r#"{"_path":"conn","ts":1790000000.1,"id.orig_h":"2a02:2c40::17","id.resp_h":"2001:4860::8888","local_orig":true,"local_resp":false,"orig_pkts":1,"resp_pkts":1}"#;
    assert_eq!(who(line), [ip("2a02:2c40::17")]);
}

#[test]
fn an_unset_value_is_absent() {
    let line = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"-","client_addr":"10.0.0.5","host_name":"(empty)"}"#;
    assert_eq!(who(line), [ip("10.0.0.5")]);
}

#[test]
fn names_are_read_through_the_escapes_of_what_cannot_be_printed() {
    for (written, name) in [
        (r"LKR-LT-7\\x00", "LKR-LT-7"),
        (r"\\x00\\x00PRN-2\\x00", "PRN-2"),
        (r"PRN-2\u0000", "PRN-2"),
        (r"Zo\\xc3\\xab-pc", "Zoë-pc"),
        (r"Zo\\xeb-pc", "Zo\u{fffd}-pc"),
        (r"C:\\xyz", r"C:\xyz"),
    ] {
        let line = format!(r#"{{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"{written}"}}"#);
        assert_eq!(understood(&line).0[0].told, [Told::Name(name.to_owned())], "{written}");
        let suricata = format!(
            r#"{{"timestamp":"{RECEIVED}","event_type":"dhcp","dhcp":{{"client_mac":"00:1b:21:0a:bc:de","hostname":"{written}"}}}}"#
        );
        assert_eq!(understood(&suricata).0[0].told, [Told::Name(name.to_owned())], "{written}");
    }
    let nothing = r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:de","host_name":"\\x00"}"#;
    assert_eq!(understood(nothing).0[0].told, []);
}

#[test]
fn what_is_no_card_is_not_made_one() {
    for mac in ["52:41:53:20:00:1b:00:01", "00-11-22-33-44-55-66-77", "01:00:1b:21:0a:bc:de"] {
        let line = format!(
            r#"{{"_path":"dhcp","ts":1790000000.1,"mac":"{mac}","host_name":"VPN","assigned_addr":"10.0.0.5","msg_types":["ACK"]}}"#
        );
        assert_eq!(who(&line), [ip("10.0.0.5")], "{mac}");
        assert_eq!(understood(&line).0[0].told, [], "the name is the server's own");
        let suricata = format!(
            r#"{{"timestamp":"{RECEIVED}","event_type":"dhcp","dhcp":{{"dhcp_type":"ack","client_mac":"{mac}","assigned_ip":"10.0.0.5"}}}}"#
        );
        assert_eq!(who(&suricata), [ip("10.0.0.5")], "{mac}");
    }
    assert_eq!(lines(r#"{"_path":"dhcp","ts":1790000000.1,"mac":"none"}"#), ["unreadable_mac mac"]);
    assert_eq!(lines(r#"{"_path":"dhcp","ts":1790000000.1,"mac":"00:1b:21:0a:bc:zz"}"#), ["unreadable_mac mac"]);
}

#[test]
fn a_port_of_one_transfer_is_no_service() {
    for protocol in ["ftp-data", "FTP-DATA", "gridftp-data", "rtp"] {
        let zeek = format!(
            r#"{{"_path":"conn","ts":1790000000.1,"id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","id.resp_p":32800,"proto":"tcp","service":"{protocol},ssl","orig_pkts":1,"resp_pkts":1}}"#
        );
        let suricata = format!(
            r#"{{"timestamp":"{RECEIVED}","event_type":"flow","src_ip":"10.0.0.5","dest_ip":"10.0.0.9","dest_port":32800,"proto":"TCP","app_proto":"{protocol}","flow":{{"pkts_toserver":1,"pkts_toclient":1}}}}"#
        );
        for line in [zeek, suricata] {
            let seen = understood(&line).0;
            assert_eq!((seen.len(), seen[1].told.len()), (2, 0), "{line}");
        }
    }
    let control = r#"{"_path":"conn","ts":1790000000.1,"id.orig_h":"10.0.0.5","id.resp_h":"10.0.0.9","id.resp_p":21,"proto":"tcp","service":"ftp","orig_pkts":1,"resp_pkts":1}"#;
    assert_eq!(understood(control).0[1].told.len(), 1);
}
