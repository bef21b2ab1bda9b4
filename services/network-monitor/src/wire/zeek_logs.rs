//! The names of Zeek's logs, and where shippers write them.

use crate::domain::source::Source;

/// Logs we know and do not use. Their own traffic is in the connection log as well.
const UNUSED: &[(&str, &str)] = &[
    ("analyzer", "zeek.analyzer"),
    ("broker", "zeek.broker"),
    ("capture_loss", "zeek.capture_loss"),
    ("cluster", "zeek.cluster"),
    ("config", "zeek.config"),
    ("dce_rpc", "zeek.dce_rpc"),
    ("dnp3", "zeek.dnp3"),
    ("dpd", "zeek.dpd"),
    ("files", "zeek.files"),
    ("ftp", "zeek.ftp"),
    ("http", "zeek.http"),
    ("intel", "zeek.intel"),
    ("irc", "zeek.irc"),
    ("kerberos", "zeek.kerberos"),
    ("known_certs", "zeek.known_certs"),
    ("ldap", "zeek.ldap"),
    ("ldap_search", "zeek.ldap"),
    ("loaded_scripts", "zeek.loaded_scripts"),
    ("modbus", "zeek.modbus"),
    ("mqtt_connect", "zeek.mqtt"),
    ("mqtt_publish", "zeek.mqtt"),
    ("mqtt_subscribe", "zeek.mqtt"),
    ("mysql", "zeek.mysql"),
    ("notice_alarm", "zeek.notice_alarm"),
    ("ntlm", "zeek.ntlm"),
    ("ntp", "zeek.ntp"),
    ("ocsp", "zeek.ocsp"),
    ("packet_filter", "zeek.packet_filter"),
    ("pe", "zeek.pe"),
    ("quic", "zeek.quic"),
    ("radius", "zeek.radius"),
    ("rdp", "zeek.rdp"),
    ("reporter", "zeek.reporter"),
    ("rfb", "zeek.rfb"),
    ("signatures", "zeek.signatures"),
    ("sip", "zeek.sip"),
    ("smb_files", "zeek.smb"),
    ("smb_mapping", "zeek.smb"),
    ("smtp", "zeek.smtp"),
    ("snmp", "zeek.snmp"),
    ("socks", "zeek.socks"),
    ("ssh", "zeek.ssh"),
    ("stats", "zeek.stats"),
    ("syslog", "zeek.syslog"),
    ("telemetry", "zeek.telemetry"),
    ("traceroute", "zeek.traceroute"),
    ("tunnel", "zeek.tunnel"),
    ("weird", "zeek.weird"),
    ("x509", "zeek.x509"),
];

/// Logs we use.
const USED: &[(&str, Source)] = &[
    ("conn", Source::ZeekConn),
    ("dhcp", Source::ZeekDhcp),
    ("dns", Source::ZeekDns),
    ("known_hosts", Source::ZeekKnownHosts),
    ("known_services", Source::ZeekKnownServices),
    ("notice", Source::ZeekNotice),
    ("software", Source::ZeekSoftware),
    ("ssl", Source::ZeekSsl),
];

/// Other names for a log: Filebeat's of its filesets.
const ALSO_CALLED: &[(&str, &str)] = &[("connection", "conn"), ("capture-loss", "capture_loss"), ("known-hosts", "known_hosts")];

/// What shippers put before a log's name, and behind it.
const BEFORE: &[&str] = &["zeek", "bro", "corelight"];
const BEHIND: &[&str] = &["log", "json"];

/// Longer than any tag or file name of a log.
const LONGEST_NAME: usize = 200;
/// The name of the log is among the first words of it.
const MOST_TOKENS: usize = 16;

/// A log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Log {
    /// One we use.
    Used(Source),
    /// One we only count, by its label in metrics.
    Unused(&'static str),
}

impl Log {
    /// A log of a package or of a later version than we know.
    pub const OTHER: Self = Self::Unused("zeek.other");

    /// By Zeek's own name of it.
    pub fn of(name: &str) -> Option<Self> {
        let used = || USED.iter().find(|(known, _)| *known == name).map(|(_, source)| Self::Used(*source));
        let unused = || UNUSED.iter().find(|(known, _)| *known == name).map(|(_, label)| Self::Unused(label));
        used().or_else(unused)
    }

    /// By Zeek's `_path`, which is one name whatever log it is.
    pub fn of_path(path: &str) -> Self {
        Self::named(path).unwrap_or(Self::OTHER)
    }

    /// By what a shipper calls it: `/opt/zeek/logs/known_hosts.2026-09-24.log.gz`, `zeek.conn`, `bro_dns`, `corelight:ssl:json`.
    pub fn named(text: &str) -> Option<Self> {
        let name = text.rsplit(['/', '\\']).next()?;
        if name.len() > LONGEST_NAME {
            return None;
        }
        name.to_ascii_lowercase().split(['.', ':', ',', ' ', '(']).take(MOST_TOKENS).find_map(of_token)
    }

    /// By the file it was read from; a word that looks like no file is none.
    pub fn in_file(path: &str) -> Option<Self> {
        let is_file = path.contains('/') || path.contains(".log") || (path.contains('\\') && path.contains(':'));
        if is_file { Self::named(path) } else { None }
    }
}

fn of_token(token: &str) -> Option<Log> {
    let is_joint = |letter: char| matches!(letter, '_' | '-');
    let after = |word: &&str| token.strip_prefix(*word)?.strip_prefix(is_joint);
    let token = BEFORE.iter().find_map(after).unwrap_or(token);
    let before = |word: &&str| token.strip_suffix(*word)?.strip_suffix(is_joint);
    let token = BEHIND.iter().find_map(before).unwrap_or(token);
    let of_alias = |name: &str| ALSO_CALLED.iter().find(|(alias, _)| *alias == name).and_then(|(_, name)| Log::of(name));
    // A rotated file may have its date behind its name: `conn-20260924`.
    let undated = token.trim_end_matches(|letter: char| letter.is_ascii_digit() || is_joint(letter));
    [token, undated].into_iter().find_map(|name| Log::of(name).or_else(|| of_alias(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_known_by_whatever_a_shipper_calls_it() {
        for text in [
            "conn",
            "conn.log",
            "/opt/zeek/logs/current/conn.log",
            "C:\\zeek\\conn.log",
            "/nsm/zeek/2026-09-24/conn.10:00:00-11:00:00.log.gz",
            "conn.log-20260924",
            "conn-20260924.log",
            "zeek.conn",
            "zeek_conn",
            "bro-conn",
            "bro:conn:json",
            "corelight_conn",
            "zeek.connection",
            "var.log.zeek.current.conn.log",
            "CONN_LOG",
        ] {
            assert_eq!(Log::named(text), Some(Log::Used(Source::ZeekConn)), "{text}");
        }
        for text in ["", "zeek", "eve.json", "conn_summary_report", "/conn/other.txt"] {
            assert_eq!(Log::named(text), None, "{text}");
        }
        assert_eq!((Log::of_path("smb_cmd"), Log::of_path("weird")), (Log::OTHER, Log::Unused("zeek.weird")));
    }

    #[test]
    fn a_word_is_no_file() {
        assert_eq!(Log::in_file("HTTP"), None);
        assert_eq!(Log::in_file("\\\\nas\\software"), None);
        assert_eq!(Log::in_file("/logs/http.log"), Some(Log::Unused("zeek.http")));
    }
}
