//! Finds the issuer's address, and the secrets that a system on this machine keeps for its own commands.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, anyhow, ensure};
use auth::ClientCredentials;
use identity::{demo::DemoGateway, issuer::client_secret_file};
use runtime::config::{Secret, is_loopback};
use url::Url;

use crate::{cli::Access, demo, send::SendOptions};

/// Without the configuration's prefix: it belongs to one command, not to a service.
const SECRET_VARIABLE: &str = "GATEWAY_SECRET";

/// The gateway that `send` acts as.
pub fn of_gateway(options: &SendOptions) -> Result<ClientCredentials> {
    let issuer = issuer(options.issuer.as_ref(), &options.at, options.mesh)?;
    let id = options.gateway.trim();
    if let Some(file) = &options.secret_file {
        return Ok(ClientCredentials { issuer, client_id: client_id(id), secret: read_secret(file)? });
    }
    if let Ok(secret) = std::env::var(SECRET_VARIABLE) {
        return Ok(ClientCredentials { issuer, client_id: client_id(id), secret: Secret::new(secret) });
    }
    let known = identity::demo::gateways(&options.data_dir)?;
    let gateway = known.into_iter().find(|gateway| is_meant(gateway, id)).with_context(|| {
        format!(
            "no secret for gateway {id}, which is none of the demo's in the data folder {}: is its name right (`gateways list`)? The secret \
             of any other is given with --secret-file or {SECRET_VARIABLE}",
            options.data_dir.display()
        )
    })?;
    Ok(of_demo_gateway(issuer, gateway))
}

/// A gateway of the demo.
pub fn of_demo_gateway(issuer: Url, gateway: DemoGateway) -> ClientCredentials {
    ClientCredentials { issuer, client_id: gateway.client_id, secret: Secret::new(gateway.client_secret) }
}

/// The operator that commands act as.
pub fn of_operator(access: &Access) -> Result<ClientCredentials> {
    let issuer = issuer(access.issuer.as_ref(), &access.at, access.mesh)?;
    let file = access.secret_file.clone().unwrap_or_else(|| client_secret_file(&access.data_dir, &access.client_id));
    let secret = read_secret(&file).with_context(|| {
        format!("no secret for {}: give --data-dir of a system on this machine, or --client-id and --secret-file", access.client_id)
    })?;
    Ok(ClientCredentials { issuer, client_id: access.client_id.clone(), secret })
}

/// The issuer's address, by default where a system with the development issuer has it. Refuses to send a secret, a token or events to another
/// machine in clear.
pub fn issuer(given: Option<&Url>, at: &Url, mesh: bool) -> Result<Url> {
    let issuer = match given {
        Some(issuer) => issuer.clone(),
        None => at.join("/issuer").map_err(|error| anyhow!("{at} is no address: {error}"))?,
    };
    for (option, url) in [("--at", at), ("--issuer", &issuer)] {
        let is_safe = url.scheme() == "https" || is_loopback(url) || mesh;
        ensure!(is_safe, "{option}: {url} would be spoken to in clear; give an address with https://, or --mesh where a mesh encrypts it");
    }
    Ok(issuer)
}

fn client_id(gateway: &str) -> String {
    if gateway.starts_with("gateway-") { gateway.to_owned() } else { format!("gateway-{gateway}") }
}

fn is_meant(gateway: &DemoGateway, id: &str) -> bool {
    let by_name = || demo::school(id).is_some_and(|school| school.institution_number == gateway.institution_number);
    gateway.client_id == client_id(id) || gateway.institution_number == id || by_name()
}

fn read_secret(file: &Path) -> Result<Secret> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Secret::new(text.trim()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use runtime::Ids;

    use super::*;
    use crate::cli::{Cli, Command, SchoolCommand};

    #[test]
    fn a_gateway_of_the_demo_is_found_by_id_number_and_name() {
        let ids = Ids::counted();
        let gateway_id: runtime::GatewayId = ids.next();
        let gateway = DemoGateway {
            gateway_id,
            client_id: format!("gateway-{gateway_id}"),
            client_secret: String::new(),
            school_id: ids.next(),
            institution_number: "990101".to_owned(),
        };
        for id in [gateway_id.to_string(), gateway.client_id.clone(), "990101".to_owned(), "zandloper".to_owned()] {
            assert!(is_meant(&gateway, &id), "{id}");
        }
        for id in ["merel", "990102", ""] {
            assert!(!is_meant(&gateway, id), "{id}");
        }
    }

    #[test]
    fn the_issuer_is_beside_the_pages_unless_told_otherwise() {
        let at = Url::parse("http://127.0.0.1:8080/").unwrap();
        assert_eq!(issuer(None, &at, false).unwrap().as_str(), "http://127.0.0.1:8080/issuer");
        let given = Url::parse("https://id.example/realms/schildwacht").unwrap();
        assert_eq!(issuer(Some(&given), &at, false).unwrap(), given);
    }

    #[test]
    fn nothing_goes_to_another_machine_in_clear() {
        let [here, safe, plain] =
            ["http://localhost:8080/", "https://schildwacht.example/", "http://10.0.0.7:8080/"].map(|url| Url::parse(url).unwrap());
        for (given, at, option) in [(None, &plain, "--at"), (Some(&safe), &plain, "--at"), (Some(&plain), &here, "--issuer")] {
            let refused = issuer(given, at, false).unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("{option}: {plain}")) && refused.contains("https://") && refused.contains("--mesh"),
                "{refused}"
            );
            issuer(given, at, true).unwrap();
        }
        for at in [&here, &safe] {
            issuer(None, at, false).unwrap();
        }
    }

    #[test]
    fn every_command_that_speaks_to_a_running_system_refuses_it() {
        let plain = ["--at", "http://10.0.0.7:8080"];
        let access = |command: &[&str]| match Cli::try_parse_from([&["schildwacht"], command, &plain].concat()).unwrap().command {
            Some(Command::Schools(SchoolCommand::List { access, .. })) => of_operator(&access).unwrap_err(),
            Some(Command::Send(options)) => of_gateway(&options).unwrap_err(),
            other => panic!("{other:?}"),
        };
        for command in [&["schools", "list"][..], &["send", "--file", "x", "--gateway", "y"]] {
            assert!(access(command).to_string().contains("in clear"), "{command:?}");
        }
    }
}
