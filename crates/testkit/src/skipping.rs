//! Tests that are skipped for want of a server or a file.

/// Whether tests on real servers run: on every server, or on none with a printed reason.
pub fn has_servers() -> bool {
    let missing: Vec<&str> = servers::ALL.iter().filter(|server| !server.is_given()).map(|server| server.variable).collect();
    if !missing.is_empty() {
        skip(&format!("{} not set; `cargo xtask test` starts the servers and sets them", missing.join(", ")));
    }
    missing.is_empty()
}

/// Prints why a test is skipped. In a run that brings everything, nothing may be: then the test fails ([`servers::STRICT`]).
pub fn skip(reason: &str) {
    assert!(std::env::var_os(servers::STRICT).is_none(), "nothing may be skipped in this run: {reason}");
    eprintln!("skipped: {reason}");
}

/// The reference data beside the checkout, or `None` (with a printed reason) where it is absent.
pub fn shared_data(path: &str) -> Option<std::path::PathBuf> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(path);
    if file.exists() {
        return Some(file);
    }
    eprintln!("skipped: reference data {path} is not beside the checkout (../shared/data)");
    None
}
