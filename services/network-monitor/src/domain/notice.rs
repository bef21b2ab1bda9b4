//! Which Zeek notices are alerts, and how bad they are.
//!
//! Zeek gives notices no severity, so this table does. It reads: a note whose name starts so is judged so; the longest
//! match wins. A notice that is not in it was raised on purpose by somebody's script and counts as medium.

use super::detection::Severity;

/// What a notice means to a responder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something suspicious.
    Alert(Severity),
    /// The sensor speaks about itself: no alert.
    SensorHealth,
}

use Meaning::{Alert, SensorHealth};
use Severity::{High, Low, Medium};

/// Sorted, so that it can be read.
const TABLE: &[(&str, Meaning)] = &[
    // MITRE's BZAR: lateral movement and persistence inside the network.
    ("ATTACK::", Alert(High)),
    ("ATTACK::Discovery", Alert(Medium)),
    ("CVE", Alert(High)),
    ("CaptureLoss::", SensorHealth),
    ("Conn::Content_Gap", SensorHealth),
    ("Conn::Retransmission_Inconsistency", Alert(Low)),
    ("DNS::External_Name", Alert(Low)),
    ("EternalSafety::", Alert(High)),
    ("EternalSafety::ViolationPidMid", Alert(Medium)),
    ("FTP::Bruteforcing", Alert(Medium)),
    ("FTP::Site_Exec_Success", Alert(High)),
    ("HTTP::Incorrect_File_Type", Alert(Low)),
    ("HTTP::Malware_Hash_Registry_Match", Alert(High)),
    ("HTTP::SQL_Injection_Attacker", Alert(Medium)),
    ("HTTP::SQL_Injection_Victim", Alert(High)),
    ("Heartbleed::", Alert(Medium)),
    ("Heartbleed::SSL_Heartbeat_Attack_Success", Alert(High)),
    ("Intel::Notice", Alert(High)),
    ("LongConnection::", Alert(Low)),
    ("Notice::Tally", SensorHealth),
    ("PacketFilter::", SensorHealth),
    ("ProtocolDetector::", Alert(Low)),
    ("SMTP::Blocklist", Alert(Low)),
    ("SMTP::Suspicious_Origination", Alert(Medium)),
    ("SSH::Interesting_Hostname_Login", Alert(Medium)),
    ("SSH::Login_By_Password_Guesser", Alert(High)),
    ("SSH::Password_Guessing", Alert(Medium)),
    ("SSH::Watched_Country_Login", Alert(Medium)),
    // Certificates: usually a printer, a NAS or a forgotten renewal.
    ("SSL::", Alert(Low)),
    ("Scan::", Alert(Medium)),
    ("Signatures::Count_Signature", Alert(Low)),
    ("Signatures::Multiple_Sig_Responders", Alert(High)),
    ("Signatures::Sensitive_Signature", Alert(High)),
    ("Software::Software_Version_Change", Alert(Low)),
    ("Software::Vulnerable_Version", Alert(Medium)),
    ("TeamCymruMalwareHashRegistry::Match", Alert(High)),
    ("Traceroute::Detected", Alert(Low)),
    ("Weird::", SensorHealth),
];

/// What a note means.
pub fn meaning_of(note: &str) -> Meaning {
    let matching = TABLE.iter().filter(|(prefix, _)| note.starts_with(prefix));
    matching.max_by_key(|(prefix, _)| prefix.len()).map_or(Alert(Medium), |(_, meaning)| *meaning)
}

/// The category shown: the part before `::`, which names the script that raised the notice.
pub fn category_of(note: &str) -> &str {
    note.split_once("::").map_or(note, |(script, _)| script)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_match_decides() {
        assert_eq!(meaning_of("Heartbleed::SSL_Heartbeat_Attack_Success"), Alert(High));
        assert_eq!(meaning_of("Heartbleed::SSL_Heartbeat_Attack"), Alert(Medium));
        assert_eq!(meaning_of("SSL::Invalid_Server_Cert"), Alert(Low));
    }

    #[test]
    fn a_sensor_speaking_about_itself_is_no_alert() {
        for note in ["CaptureLoss::Too_Much_Loss", "PacketFilter::Dropped_Packets", "Weird::Activity"] {
            assert_eq!(meaning_of(note), SensorHealth, "{note}");
        }
    }

    #[test]
    fn an_unknown_notice_is_taken_seriously() {
        assert_eq!(meaning_of("SchoolScripts::Something_New"), Alert(Medium));
    }

    #[test]
    fn the_table_is_sorted_and_has_no_doubles() {
        assert!(TABLE.is_sorted_by(|(a, _), (b, _)| a < b));
    }

    #[test]
    fn the_category_is_the_script() {
        assert_eq!(category_of("SSL::Invalid_Server_Cert"), "SSL");
        assert_eq!(category_of("Odd"), "Odd");
    }
}
