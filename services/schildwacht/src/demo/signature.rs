//! The detection rules of the demo's sensors: invented, named in the style of real rules.
//!
//! Their numbers (sid) are in the range for local rules. Categories and the severity that goes with them
//! are those of Suricata's own classification (1 is the most severe).

use super::eve::Alert;

/// A rule.
#[derive(Debug)]
pub struct Signature {
    pub sid: u32,
    pub text: &'static str,
    pub category: &'static str,
    pub severity: u8,
}

impl Signature {
    pub const fn alert(&'static self) -> Alert {
        Alert {
            action: "allowed",
            gid: 1,
            signature_id: self.sid,
            rev: 3,
            signature: self.text,
            category: self.category,
            severity: self.severity,
        }
    }
}

const fn signature(sid: u32, text: &'static str, category: &'static str, severity: u8) -> Signature {
    Signature { sid, text, category, severity }
}

pub static BEACON: Signature =
    signature(1_000_101, "ET MALWARE Win32/Torenvalk Loader CnC Beacon", "Malware Command and Control Activity Detected", 1);

pub static CREDENTIALS: Signature =
    signature(1_000_102, "ET PHISHING Successful Generic Webmail Sign-In Form Post", "Successful Credential Theft Detected", 1);

pub static MINER: Signature =
    signature(1_000_103, "ET COINMINER Stratum Login From Unmanaged Host", "Crypto Currency Mining Activity Detected", 2);

pub static SWEEP: Signature = signature(1_000_104, "ET SCAN Rapid SMB Sweep From Single Internal Host", "Detection of a Network Scan", 3);

pub static NAS_EXPLOIT: Signature =
    signature(1_000_105, "ET EXPLOIT NAS Photo Station Command Injection Attempt", "Attempted Administrator Privilege Gain", 1);

pub static GUESSING: Signature = signature(1_000_106, "ET SCAN RDP Brute Force Login Attempts", "Attempted Information Leak", 2);

pub static ADWARE: Signature =
    signature(1_000_107, "ET ADWARE_PUP SneeuwbalSearch Toolbar Update Check", "Possibly Unwanted Program Detected", 2);

pub static RANSOM_NOTE: Signature =
    signature(1_000_108, "ET MALWARE Ransomware Note Written Over SMB", "Malware Command and Control Activity Detected", 1);

pub static PROXY: Signature =
    signature(1_000_201, "ET POLICY Proxy Avoidance Service in TLS SNI", "Potential Corporate Privacy Violation", 1);

pub static DYNAMIC_DNS: Signature = signature(1_000_202, "ET DYN_DNS Query for Dynamic DNS Domain", "Potentially Bad Traffic", 2);

pub static ODD_STREAM: Signature = signature(1_000_203, "SURICATA STREAM packet out of window", "Generic Protocol Command Decode", 3);
