//! Schools as operators name them, and as they read them.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use proto::identity::v1::{GetSchoolRequest, ListSchoolsRequest, School, organisation_service_client::OrganisationServiceClient};
use runtime::SchoolId;

use super::connection::{Connection, refused};

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

    /// `990101 Basisschool De Zandloper, Aalter`.
    pub async fn name_of(&mut self, school_id: &str) -> Result<String> {
        if let Some(name) = self.known.get(school_id) {
            return Ok(name.clone());
        }
        let request = GetSchoolRequest { school_id: school_id.to_owned() };
        let School { institution_number, name, municipality, .. } = self.client.get_school(request).await.map_err(refused)?.into_inner();
        let name = format!("{institution_number} {name}, {municipality}");
        self.known.insert(school_id.to_owned(), name.clone());
        Ok(name)
    }
}
