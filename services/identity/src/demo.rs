//! Fictional schools for a first look, each with a gateway.
//!
//! The secrets of these gateways are kept where a real platform never keeps one, in a file of the data folder that only its
//! owner can read, so that `schildwacht send` and `schildwacht demo` can post as a gateway would. Every step can be done
//! again: a process that is killed half-way takes up where it was.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use auth::Context;
use runtime::{
    GatewayId, RequestId, SchoolId,
    private_file::{self, PrivateFileError},
};
use serde::{Deserialize, Serialize};
use storage::{Database, Reach};
use tokio::sync::mpsc;

use crate::{
    app::{App, EnrolGateway, HandedOver, Import, Outcome, RotateGatewaySecret, enrol_gateway, rotate_gateway_secret},
    domain::{GatewayName, InstitutionNumber, import, import::Format},
    store,
};

/// The service that policies let fill in the demo.
pub(crate) const NAME: &str = "demo";
const ORGANISATIONS: &[u8] = include_bytes!("../../../content/demo/organisations.json");

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The file with the gateways' secrets.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// The file with the gateways' secrets.
    #[error("{} is not readable ({problem}); remove it to have the demo gateways given new secrets", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The fictional schools themselves.
    #[error("content/demo/organisations.json has {0} bad lines")]
    BadContent(u64),
    /// A use case.
    #[error("demo schools and gateways not made")]
    Refused(#[from] runtime::Error),
    #[error("demo schools not looked up")]
    Store(#[from] storage::StoreError),
}

/// A gateway of the demo, with what it needs to post.
#[derive(Clone, Serialize, Deserialize)]
pub struct DemoGateway {
    pub gateway_id: GatewayId,
    /// Its client id at the issuer.
    pub client_id: String,
    pub client_secret: String,
    pub school_id: SchoolId,
    /// Its school, for people.
    pub institution_number: String,
}

/// The gateways of the demo; empty where there is none.
pub fn gateways(data_dir: &Path) -> Result<Vec<DemoGateway>, DemoError> {
    let path = gateway_file(data_dir);
    match private_file::read(&path)? {
        None => Ok(Vec::new()),
        Some(text) => serde_json::from_str(&text).map_err(|error| DemoError::Unreadable { path, problem: error.to_string() }),
    }
}

/// Fills an empty database, and sees to it that each fictional school has a gateway whose secret is known.
pub(crate) async fn seed(app: &App, database: &Database, cx: &Context, data_dir: &Path) -> Result<(), DemoError> {
    let is_empty = store::school::is_empty(&database.reader_within(Reach::Everything).await?).await?;
    if is_empty {
        import_schools(app, cx).await?;
    }
    let schools = store::school::ids_of(&database.reader_within(Reach::Everything).await?, &demo_schools()?).await?;
    let mut known = gateways(data_dir)?;
    for (number, school_id) in schools {
        if known.iter().any(|gateway| gateway.school_id == school_id) {
            continue;
        }
        known.push(gateway_with_secret(app, cx, number, school_id).await?);
        let text = serde_json::to_string_pretty(&known).map_err(runtime::Error::internal)?;
        private_file::write(&gateway_file(data_dir), &text)?;
    }
    Ok(())
}

fn gateway_file(data_dir: &Path) -> PathBuf {
    data_dir.join("demo").join("gateways.json")
}

fn demo_schools() -> Result<BTreeSet<InstitutionNumber>, DemoError> {
    let organisations = import::read(Format::Json, ORGANISATIONS, &mut |_| {}).map_err(|bad| DemoError::BadContent(bad.total()))?;
    Ok(organisations.schools.into_keys().collect())
}

async fn import_schools(app: &App, cx: &Context) -> Result<(), DemoError> {
    let (progress, _unheard) = mpsc::channel(1);
    let import = Import::permit(app, cx.clone())?;
    let report = import.run(Format::Json, false, ORGANISATIONS.into(), progress).await?;
    match report.outcome {
        Outcome::Refused(bad_lines) => Err(DemoError::BadContent(bad_lines.total())),
        Outcome::Good { created, .. } => {
            tracing::info!(name: "demo.schools_imported", schools = created, "fictional schools imported");
            Ok(())
        }
    }
}

async fn gateway_with_secret(app: &App, cx: &Context, number: InstitutionNumber, school_id: SchoolId) -> Result<DemoGateway, DemoError> {
    let name = GatewayName::try_from("demo").map_err(|error| runtime::Error::internal(error.to_string()))?;
    // The school's id as the request's: after a crash this finds the gateway whose secret was never written down.
    let asked = EnrolGateway { school_id, site_id: None, name, request_id: Some(RequestId::from(school_id.as_uuid())), with_code: false };
    let enrolled = enrol_gateway(app, cx, asked).await?;
    let (gateway, secret) = match enrolled.handed_over {
        Some(HandedOver::Secret(secret)) => (enrolled.gateway, secret),
        Some(HandedOver::Code(_)) | None => {
            let asked = RotateGatewaySecret { gateway_id: enrolled.gateway.id, etag: enrolled.gateway.etag() };
            rotate_gateway_secret(app, cx, asked).await?
        }
    };
    Ok(DemoGateway {
        gateway_id: gateway.id,
        client_id: gateway.client_id(),
        client_secret: secret.reveal().to_owned(),
        school_id,
        institution_number: number.to_string(),
    })
}
