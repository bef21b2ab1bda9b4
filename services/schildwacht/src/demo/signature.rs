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

pub static BEACON: Signature = Signature {
    sid: 1_000_101,
    text: "ET MALWARE Win32/Torenvalk Loader CnC Beacon",
    category: "Malware Command and Control Activity Detected",
    severity: 1,
};

pub static CREDENTIALS: Signature = Signature {
    sid: 1_000_102,
    text: "ET PHISHING Successful Generic Webmail Sign-In Form Post",
    category: "Successful Credential Theft Detected",
    severity: 1,
};

pub static MINER: Signature = Signature {
    sid: 1_000_103,
    text: "ET COINMINER Stratum Login From Unmanaged Host",
    category: "Crypto Currency Mining Activity Detected",
    severity: 2,
};

pub static SWEEP: Signature = Signature {
    sid: 1_000_104,
    text: "ET SCAN Rapid SMB Sweep From Single Internal Host",
    category: "Detection of a Network Scan",
    severity: 3,
};

pub static NAS_EXPLOIT: Signature = Signature {
    sid: 1_000_105,
    text: "ET EXPLOIT NAS Photo Station Command Injection Attempt",
    category: "Attempted Administrator Privilege Gain",
    severity: 1,
};

pub static GUESSING: Signature =
    Signature { sid: 1_000_106, text: "ET SCAN RDP Brute Force Login Attempts", category: "Attempted Information Leak", severity: 2 };

pub static ADWARE: Signature = Signature {
    sid: 1_000_107,
    text: "ET ADWARE_PUP SneeuwbalSearch Toolbar Update Check",
    category: "Possibly Unwanted Program Detected",
    severity: 2,
};

pub static RANSOM_NOTE: Signature = Signature {
    sid: 1_000_108,
    text: "ET MALWARE Ransomware Note Written Over SMB",
    category: "Malware Command and Control Activity Detected",
    severity: 1,
};

pub static PROXY: Signature = Signature {
    sid: 1_000_201,
    text: "ET POLICY Proxy Avoidance Service in TLS SNI",
    category: "Potential Corporate Privacy Violation",
    severity: 1,
};

pub static DYNAMIC_DNS: Signature =
    Signature { sid: 1_000_202, text: "ET DYN_DNS Query for Dynamic DNS Domain", category: "Potentially Bad Traffic", severity: 2 };

pub static ODD_STREAM: Signature =
    Signature { sid: 1_000_203, text: "SURICATA STREAM packet out of window", category: "Generic Protocol Command Decode", severity: 3 };
