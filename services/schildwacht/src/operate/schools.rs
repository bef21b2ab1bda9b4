//! `schildwacht schools`, and schools as operators name and read them in other commands.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use proto::identity::v1::{ListSchoolsRequest, School, organisation_service_client::OrganisationServiceClient};
use runtime::SchoolId;
use serde_json::json;

use super::{
    connection::{Connection, connect, refused},
    say, say_json,
};
use crate::cli::SchoolCommand;

/// The most a list gives at once.
const PAGE: i32 = 200;

/// Lists schools.
pub async fn schools(SchoolCommand::List { query, json, access }: SchoolCommand) -> Result<()> {
    let mut client = OrganisationServiceClient::new(connect(&access).await?);
    let mut request = ListSchoolsRequest { query, page_size: PAGE, ..ListSchoolsRequest::default() };
    loop {
        let page = client.list_schools(request.clone()).await.map_err(refused)?.into_inner();
        for School { school_id, institution_number, name, municipality, board, .. } in page.schools {
            let board = board.unwrap_or_default();
            if json {
                say_json(&json!({
                    "school_id": school_id, "institution_number": institution_number, "name": name, "municipality": municipality,
                    "board_id": board.board_id, "board": board.name,
                }))?;
            } else {
                say(format!("{institution_number}  {school_id}  {name}, {municipality}"))?;
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(());
        }
        request.page_token = page.next_page_token;
    }
}

/// Looks schools up, each once.
pub struct Schools {
    client: OrganisationServiceClient<Connection>,
    known: BTreeMap<String, String>,
}

impl Schools {
    /// Nothing looked up yet.
    pub fn new(connection: Connection) -> Self {
        Self { client: OrganisationServiceClient::new(connection), known: BTreeMap::new() }
    }

    /// The id of a school that is named by its id or by its institution number.
    pub async fn id_of(&mut self, named: &str) -> Result<String> {
        if let Ok(id) = named.parse::<SchoolId>() {
            return Ok(id.to_string());
        }
        if named.is_empty() || !named.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("{named:?} is no school: give its institution number, such as 990101, or its id");
        }
        let number = named.trim_start_matches('0');
        let request = ListSchoolsRequest { query: number.to_owned(), ..ListSchoolsRequest::default() };
        let found = self.client.list_schools(request).await.map_err(refused)?.into_inner().schools;
        match found.into_iter().find(|school| school.institution_number.trim_start_matches('0') == number) {
            Some(school) => Ok(school.school_id),
            None => bail!("there is no school with the number {named}"),
        }
    }

    /// Looks up the names of these schools, those that are not known yet, in one question; at most 200.
    pub async fn learn(&mut self, ids: impl Iterator<Item = &str>) -> Result<()> {
        let unknown: BTreeSet<String> = ids.filter(|id| !self.known.contains_key(*id)).map(str::to_owned).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let request = ListSchoolsRequest { page_size: PAGE, school_ids: unknown.into_iter().collect(), ..Default::default() };
        for school in self.client.list_schools(request).await.map_err(refused)?.into_inner().schools {
            let School { school_id, institution_number, name, municipality, .. } = school;
            self.known.insert(school_id, format!("{institution_number} {name}, {municipality}"));
        }
        Ok(())
    }

    /// `990101 Basisschool De Zandloper, Aalter`, once it has been looked up; else the id.
    pub fn name_of<'s>(&'s self, school_id: &'s str) -> &'s str {
        self.known.get(school_id).map_or(school_id, String::as_str)
    }
}
