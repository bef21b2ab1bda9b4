//! Finds the issuer's address, and the secrets that a system on this machine keeps for its own commands.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, anyhow, ensure};
use auth::ClientCredentials;
use identity::{demo::DemoGateway, issuer::client_secret_file};
use runtime::config::{Secret, is_loopback};
use url::Url;

use crate::{cli::Access, demo, send::SendOptions, system::Where};

/// Without the configuration's prefix: it belongs to one command, not to a service.
const SECRET_VARIABLE: &str = "GATEWAY_SECRET";

/// The gateway that `send` acts as.
pub fn of_gateway(options: &SendOptions) -> Result<ClientCredentials> {
    let issuer = issuer(&options.system)?;
    let id = options.gateway.trim();
    if let Some(file) = &options.secret_file {
        return Ok(ClientCredentials { issuer, client_id: client_id(id), secret: read_secret(file)? });
    }
    if let Ok(secret) = std::env::var(SECRET_VARIABLE) {
        return Ok(ClientCredentials { issuer, client_id: client_id(id), secret: Secret::new(secret) });
    }
    let known = identity::demo::gateways(&options.system.data_dir)?;
    let gateway = known.into_iter().find(|gateway| is_meant(gateway, id)).with_context(|| {
        format!(
            "no secret for gateway {id}, which is none of the demo's in the data folder {}: is its name right (`gateways list`)? The secret \
             of any other is given with --secret-file or {SECRET_VARIABLE}",
            options.system.data_dir.display()
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
    let issuer = issuer(&access.system)?;
    let file = access.secret_file.clone().unwrap_or_else(|| client_secret_file(&access.system.data_dir, &access.client_id));
    let secret = read_secret(&file).with_context(|| {
        format!("no secret for {}: give --data-dir of a system on this machine, or --client-id and --secret-file", access.client_id)
    })?;
    Ok(ClientCredentials { issuer, client_id: access.client_id.clone(), secret })
}

/// The issuer's address, by default where a system with the development issuer has it. Refuses to send a secret, a token or events to another
/// machine in clear.
pub fn issuer(system: &Where) -> Result<Url> {
    let Where { at, issuer, mesh, .. } = system;
    let issuer = match issuer {
        Some(issuer) => issuer.clone(),
        None => at.join("/issuer").map_err(|error| anyhow!("{at} is no address: {error}"))?,
    };
    for (option, url) in [("--at", at), ("--issuer", &issuer)] {
        let is_safe = url.scheme() == "https" || is_loopback(url) || *mesh;
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
    use clap::{CommandFactory as _, Parser as _};
    use runtime::Ids;

    use super::*;
    use crate::cli::Cli;

    fn system(at: &Url, issuer: Option<&Url>, mesh: bool) -> Where {
        Where { at: at.clone(), issuer: issuer.cloned(), mesh, data_dir: "var".into() }
    }

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
        assert_eq!(issuer(&system(&at, None, false)).unwrap().as_str(), "http://127.0.0.1:8080/issuer");
        let given = Url::parse("https://id.example/realms/schildwacht").unwrap();
        assert_eq!(issuer(&system(&at, Some(&given), false)).unwrap(), given);
    }

    #[test]
    fn nothing_goes_to_another_machine_in_clear() {
        let [here, safe, plain] =
            ["http://localhost:8080/", "https://schildwacht.example/", "http://10.0.0.7:8080/"].map(|url| Url::parse(url).unwrap());
        for (given, at, option) in [(None, &plain, "--at"), (Some(&safe), &plain, "--at"), (Some(&plain), &here, "--issuer")] {
            let refused = issuer(&system(at, given, false)).unwrap_err().to_string();
            assert!(
                refused.starts_with(&format!("{option}: {plain}")) && refused.contains("https://") && refused.contains("--mesh"),
                "{refused}"
            );
            issuer(&system(at, given, true)).unwrap();
        }
        for at in [&here, &safe] {
            issuer(&system(at, None, false)).unwrap();
        }
    }

    #[tokio::test]
    async fn every_command_that_speaks_to_a_running_system_refuses_it() {
        let commands = those_with_at(&Cli::command());
        assert!(commands.len() > 10, "{commands:?}");
        for command in commands {
            let cli = Cli::try_parse_from(command.iter().map(String::as_str).chain(["--at", "http://10.0.0.7:8080"])).unwrap();
            let refused = crate::run(cli).await.expect_err("it would speak in clear");
            assert!(refused.to_string().contains("in clear"), "{command:?}: {refused:#}");
        }
    }

    /// Commands that take `--at`, this one or below it, with something for each argument that they need.
    fn those_with_at(command: &clap::Command) -> Vec<Vec<String>> {
        let name = command.get_name().to_owned();
        let mut found: Vec<Vec<String>> = Vec::new();
        if command.get_arguments().any(|argument| argument.get_id() == "at") {
            let needed = command.get_arguments().filter(|argument| argument.is_required_set());
            found.push(
                needed
                    .flat_map(|argument| argument.get_long().map(|long| format!("--{long}")).into_iter().chain([something_for(argument)]))
                    .collect(),
            );
        }
        found.extend(command.get_subcommands().flat_map(those_with_at));
        found.into_iter().map(|arguments| [vec![name.clone()], arguments].concat()).collect()
    }

    /// A file that can be read, a moment, or what may be an id and a text.
    fn something_for(argument: &clap::Arg) -> String {
        match argument.get_id().as_str() {
            "file" => concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            "subject" => "school:0199c0de-0000-7000-8000-000000000001",
            "until" => "2027-06-30T00:00:00Z",
            _ => "0199c0de-0000-7000-8000-000000000001",
        }
        .to_owned()
    }
}
