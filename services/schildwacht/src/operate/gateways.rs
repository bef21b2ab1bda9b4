//! `schildwacht gateways`.

use anyhow::Result;
use proto::identity::v1::{
    EnrolGatewayRequest, Gateway, GatewayState, GetGatewayRequest, IssueGatewayCodeRequest, ListGatewaysRequest, RevokeGatewayRequest,
    RotateGatewaySecretRequest, gateway_service_client::GatewayServiceClient,
};
use runtime::{Clock, Ids};
use serde_json::json;
use url::Url;

use super::{
    connection::{Connection, connect, connect_and_tell, refused},
    moment,
    redeem::redeem,
    say, say_json,
    schools::Schools,
};
use crate::cli::GatewayCommand;

const PAGE: i32 = 200;

/// Runs one of the commands.
pub async fn gateways(command: GatewayCommand) -> Result<()> {
    match command {
        GatewayCommand::List { school, revoked, json, access } => {
            let connection = connect(&access).await?;
            let mut schools = Schools::new(connection.clone());
            let school_id = match school {
                Some(school) => schools.id_of(&school).await?,
                None => String::new(),
            };
            list(&mut GatewayServiceClient::new(connection), &mut schools, school_id, revoked, json).await
        }
        GatewayCommand::Enrol { school, name, code, access } => {
            let (connection, token_url) = connect_and_tell(&access).await?;
            let school_id = Schools::new(connection.clone()).id_of(&school).await?;
            let request_id = Ids::random(Clock::system()).next::<runtime::EventId>().to_string();
            let request = EnrolGatewayRequest { school_id, site_id: String::new(), name, request_id, with_code: code };
            let enrolled = GatewayServiceClient::new(connection).enrol_gateway(request).await.map_err(refused)?.into_inner();
            match code {
                true => show_code(enrolled.gateway.as_ref(), &access.system.at, &enrolled.code),
                false => show_secret(enrolled.gateway.as_ref(), &token_url, &enrolled.client_secret),
            }
        }
        GatewayCommand::Rotate { gateway, code, access } => {
            let (connection, token_url) = connect_and_tell(&access).await?;
            let mut client = GatewayServiceClient::new(connection);
            let gateway_id = gateway.to_string();
            let etag = etag(&mut client, &gateway_id).await?;
            if code {
                let issued = client.issue_gateway_code(IssueGatewayCodeRequest { gateway_id, etag }).await.map_err(refused)?.into_inner();
                return show_code(issued.gateway.as_ref(), &access.system.at, &issued.code);
            }
            let rotated =
                client.rotate_gateway_secret(RotateGatewaySecretRequest { gateway_id, etag }).await.map_err(refused)?.into_inner();
            show_secret(rotated.gateway.as_ref(), &token_url, &rotated.client_secret)
        }
        GatewayCommand::Redeem(options) => redeem(&options).await,
        GatewayCommand::Revoke { gateway, reason, access } => {
            let mut client = GatewayServiceClient::new(connect(&access).await?);
            let gateway_id = gateway.to_string();
            let etag = etag(&mut client, &gateway_id).await?;
            let revoked = client.revoke_gateway(RevokeGatewayRequest { gateway_id, reason, etag }).await.map_err(refused)?.into_inner();
            say(format!("{} ({}) is revoked and may not post any more", revoked.gateway_id, revoked.name))
        }
    }
}

async fn list(
    client: &mut GatewayServiceClient<Connection>,
    schools: &mut Schools,
    school_id: String,
    include_revoked: bool,
    as_json: bool,
) -> Result<()> {
    let mut request = ListGatewaysRequest { school_id, page_size: PAGE, page_token: String::new(), include_revoked };
    loop {
        let page = client.list_gateways(request.clone()).await.map_err(refused)?.into_inner();
        if !as_json {
            schools.learn(page.gateways.iter().map(|gateway| gateway.school_id.as_str())).await?;
        }
        for gateway in &page.gateways {
            let state = if gateway.state() == GatewayState::Revoked { "revoked" } else { "active" };
            if as_json {
                let Gateway { gateway_id, school_id, site_id, name, client_id, .. } = gateway;
                say_json(&json!({
                    "gateway_id": gateway_id, "school_id": school_id, "site_id": site_id, "name": name, "client_id": client_id,
                    "state": state, "create_time": moment(gateway.create_time), "secret_time": moment(gateway.secret_time),
                    "revoke_time": moment(gateway.revoke_time), "revoke_reason": gateway.revoke_reason,
                }))?;
            } else {
                let school = schools.name_of(&gateway.school_id);
                say(format!("{}  {state:7}  {school}  {}", gateway.gateway_id, gateway.name))?;
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

async fn etag(client: &mut GatewayServiceClient<Connection>, gateway_id: &str) -> Result<String> {
    let request = GetGatewayRequest { gateway_id: gateway_id.to_owned() };
    Ok(client.get_gateway(request).await.map_err(refused)?.into_inner().etag)
}

fn show_code(gateway: Option<&Gateway>, at: &Url, code: &str) -> Result<()> {
    if let Some(gateway) = gateway {
        say(format!("gateway    {}", gateway.gateway_id))?;
        say(format!("client id  {}", gateway.client_id))?;
    }
    say(format!("code       {code}"))?;
    say(format!(
        "The code is shown only once. It works once, within 24 hours. On the machine at the school, with the address of the portal:\n\
        schildwacht gateways redeem {code} --url {at} --to /etc/schildwacht/gateway.env"
    ))
}

fn show_secret(gateway: Option<&Gateway>, token_url: &Url, secret: &str) -> Result<()> {
    if let Some(gateway) = gateway {
        say(format!("gateway        {}", gateway.gateway_id))?;
        say(format!("client id      {}", gateway.client_id))?;
    }
    say(format!("token url      {token_url}"))?;
    say(format!("client secret  {secret}"))?;
    say(
        "The client secret is shown only once. Put it in the configuration of the school's sensor, with the other values; the platform team knows the endpoint.",
    )
}
