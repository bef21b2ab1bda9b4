//! The text printed at start: addresses, and people to sign in as.

use std::{
    io::{IsTerminal as _, Write as _},
    net::SocketAddr,
    path::Path,
};

use super::{Config, data_dir::DataDir};
use crate::cli::Service;

/// Prints it to standard output; logs go to standard error.
pub fn print(service: Service, config: &Config, data_dir: &DataDir, admin: SocketAddr, ports: &[(&str, SocketAddr)]) {
    let text = compose(service, config, data_dir.path(), admin, ports, std::io::stdout().is_terminal());
    // A closed standard output must not stop the product.
    let _unheard = std::io::stdout().write_all(text.as_bytes());
}

fn compose(service: Service, config: &Config, data_dir: &Path, admin: SocketAddr, ports: &[(&str, SocketAddr)], color: bool) -> String {
    let (strong, plain) = if color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let mut text = format!("\n  {strong}Schildwacht{plain} serves {}.\n\n", service.name());
    let mut line = |what: &str, value: String| text.push_str(&format!("  {what:<12}{value}\n"));
    let has_pages = service.services().contains(&Service::Portal);
    if has_pages {
        line("Pages", format!("{strong}{}{plain}", config.listen.public_url));
    }
    for (what, address) in ports {
        line(what, address.to_string());
    }
    line("Admin", format!("http://{admin}/ready, /metrics"));
    line("Data", data_dir.display().to_string());
    if config.identity.demo_data {
        text.push_str(
            "\n  Sign in as     to see\n  Noor Claes     the response team's queue, cases and evidence\n  Hilde Peeters  the same, as the team's lead\n  Els Vermeulen  her school's devices, as its director\n  \
             Karim Benali   the same school, as its ICT coordinator\n  Bram Janssens  gateways and schools, as who runs the platform\n\n  These people and schools are made up, and their sensors come alive within a minute.\n",
        );
    }
    text.push_str("  Ctrl-C stops; nothing is lost, users must sign in again.\n\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_named_by_a_process_that_has_them() {
        let said = |service| {
            let config = Config::load(None).unwrap();
            let ports = [("gRPC", config.listen.grpc())];
            compose(service, &config, Path::new("/data"), ([127, 0, 0, 1], 9090).into(), &ports, false)
        };
        assert!(said(Service::All).contains("  Pages ") && said(Service::Portal).contains("  Pages "));
        let monitor = said(Service::NetworkMonitor);
        assert!(!monitor.contains("Pages") && monitor.contains("  gRPC        127.0.0.1:8081\n"), "{monitor}");
    }
}
