//! Bytes around records cost neither them nor their neighbours.

use super::*;

#[test]
fn whatever_is_before_and_behind_an_event_it_is_read() {
    for (before, behind) in [
        ("", ","),
        ("", "\0\0\0"),
        ("\0\0\0", ""),
        ("\u{feff}", ""),
        ("\0\u{feff} \0", ""),
        ("@cee: ", ""),
        ("@cee:", ","),
        ("\u{1e}", ""),
        (", ", ""),
        ("[", ","),
        ("[", "]"),
        ("suricata: ", ""),
        ("2026-09-24T09:49:00Z stdout F ", ""),
        ("suricata_1  | ", ""),
        ("2026-09-24T09:49:00+00:00\tzeek.conn\t", ""),
        ("\u{1b}[36m", "\u{1b}[0m"),
    ] {
        let body = format!("{before}{ALERT}{behind}\n{before}{KNOWN_HOST}{behind}\n");
        let read = lines(&body);
        let found: Vec<&String> = read.iter().filter(|outcome| *outcome != "not_json").collect();
        assert_eq!(found, ["suricata.alert", "zeek.known_hosts"], "{before:?} {behind:?}");
    }
}

#[test]
fn lines_between_events_that_are_no_more_than_punctuation_are_none() {
    assert_eq!(lines(&format!("[\n{ALERT}\n,\n{KNOWN_HOST}\n]\n")), ["suricata.alert", "zeek.known_hosts"]);
    assert_eq!(lines(&format!("{ALERT}\n\0\0\n,\n\u{feff}\n]\n{KNOWN_HOST}\n")), ["suricata.alert", "zeek.known_hosts"]);
    let an_array_a_line = format!("[{ALERT},{KNOWN_HOST}]\n[{ALERT}]\n");
    assert_eq!(lines(&an_array_a_line), ["suricata.alert", "zeek.known_hosts", "suricata.alert"]);
}

#[test]
fn lines_that_were_written_as_json_twice_are_read() {
    let twice = |line: &str| json!(line).to_string();
    assert_eq!(lines(&format!("{}\n{}\n", twice(ALERT), twice(&twice(KNOWN_HOST)))), ["suricata.alert", "zeek.known_hosts"]);
    assert_eq!(lines(&json!([ALERT, KNOWN_HOST, "x"]).to_string()), ["suricata.alert", "zeek.known_hosts", "not_an_event"]);
    assert_eq!(lines(&(0..6).fold(ALERT.to_owned(), |line, _| twice(&line))), ["wrapped_too_deep"]);
}

#[test]
fn half_an_event_costs_nothing_but_itself() {
    let half = &ALERT[..150];
    assert_eq!(lines(&format!("{half}{ALERT}")), ["malformed_json column 153", "suricata.alert"]);
    assert_eq!(lines(&format!("{half}{ALERT}{half}{KNOWN_HOST}")).iter().filter(|outcome| !outcome.contains("json")).count(), 2);
    assert_eq!(lines(&format!("{ALERT} and then {KNOWN_HOST}")), ["suricata.alert", "not_json", "zeek.known_hosts"]);
    let rest_of_line = &ALERT[200..];
    assert_eq!(lines(&format!("{rest_of_line}\n{ALERT}")).last().unwrap(), "suricata.alert");
}

#[test]
fn a_text_that_was_cut_in_a_letter_is_mended_wherever_it_is() {
    let half_a_pair = r#"{"event_type":"alert","timestamp":"2026-09-24T09:49:00Z","alert":{"signature_id":1},"x":"a \ud83d"}"#;
    let record = |half: &str| {
        format!(
            r#"{{"body":{{"stringValue":"{}"}},"attributes":[{{"key":"k","value":{{"stringValue":"{half}"}}}}]}}"#,
            half_a_pair.replace('\\', "\\\\").replace('"', "\\\"")
        )
    };
    let outer = record(r"b \udce9");
    let inner = record("b").replace("\\\\ud83d", "\\ud83d");
    let request = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"\ud83d","value":{{"stringValue":"\udce9"}}}}]}},"scopeLogs":[{{"logRecords":[{outer},{inner}]}}]}}]}}"#
    );
    assert_eq!(outcomes("application/json", "", request.clone()), ["suricata.alert"; 2], "{request}");
    let mut latin1 = request.into_bytes();
    latin1.iter_mut().filter(|byte| **byte == b'k').for_each(|byte| *byte = 0xe9);
    assert_eq!(outcomes("application/json", "", latin1), ["suricata.alert"; 2]);
}
