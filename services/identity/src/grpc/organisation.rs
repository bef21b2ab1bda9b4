//! `schildwacht.identity.v1.OrganisationService`.

use std::time::Duration;

use auth::Context;
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt as _, stream, stream::BoxStream};
use proto::{
    count,
    identity::v1::{
        self as wire, GetSchoolRequest, ImportFormat, ImportOrganisationsRequest, ImportOrganisationsResponse, ListSchoolsRequest,
        ListSchoolsResponse, School, import_organisations_response::Update, organisation_service_server::OrganisationService,
    },
};
use runtime::{Error, ErrorKind, Violations};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::{
    app::{App, Import, ImportReport, ListSchools, Outcome, Progress, get_school, list_schools},
    domain::import::Format,
};

/// Most schools that a list may be asked for by id: as many as fit on a page.
const MOST_SCHOOLS_NAMED: usize = 200;
/// Words of progress that wait to be sent.
const PROGRESS_AT_MOST: usize = 16;
/// A caller who sends nothing for this long has gone, and keeps others waiting.
const SILENCE_AT_MOST: Duration = Duration::from_secs(30);

#[tonic::async_trait]
impl OrganisationService for App {
    type ImportOrganisationsStream = BoxStream<'static, Result<ImportOrganisationsResponse, Status>>;

    async fn import_organisations(
        &self,
        request: Request<Streaming<ImportOrganisationsRequest>>,
    ) -> Result<Response<Self::ImportOrganisationsStream>, Status> {
        let cx = Context::of(&request)?;
        let import = Import::permit(self, cx)?;
        Ok(Response::new(updates(import, request.into_inner()).boxed()))
    }

    async fn get_school(&self, request: Request<GetSchoolRequest>) -> Result<Response<School>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("school_id", &asked.school_id))?;
        let school = get_school(self, &cx, id).await?;
        Ok(Response::new((&school).into()))
    }

    async fn list_schools(&self, request: Request<ListSchoolsRequest>) -> Result<Response<ListSchoolsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_schools(self, &cx, asked).await?;
        let schools = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListSchoolsResponse { schools, next_page_token: page.next_page_token, total_size: page.total }))
    }
}

impl TryFrom<ListSchoolsRequest> for ListSchools {
    type Error = Error;

    fn try_from(request: ListSchoolsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let query = fields.search("query", &request.query);
        let ids = fields.ids("school_ids", &request.school_ids, MOST_SCHOOLS_NAMED);
        fields.build(|| Some(Self { query, ids: ids?, page: (request.page_size, request.page_token).into() }))
    }
}

/// Progress while the import runs, then its report. The import lives in this stream: a caller who goes away ends it, and what
/// was not committed never happened.
fn updates(
    import: Import,
    messages: Streaming<ImportOrganisationsRequest>,
) -> impl Stream<Item = Result<ImportOrganisationsResponse, Status>> + Send {
    let (progress, heard) = mpsc::channel(PROGRESS_AT_MOST);
    let (ended, report) = tokio::sync::oneshot::channel();
    let work = async move {
        let outcome = import_file(import, messages, progress).await;
        // Nobody waits for it any more: the caller has gone.
        let _unheard = ended.send(outcome);
    };
    let words = ReceiverStream::new(heard).map(|progress| Ok(Update::Progress(progress.into())));
    // Ends without an item, but is what drives the work while words are waited for.
    let driven = stream::once(work).filter_map(|()| async { None });
    let at_last = stream::once(report).filter_map(|outcome| async { outcome.ok() });
    stream::select(words, driven).chain(at_last).map(|update| match update {
        Ok(update) => Ok(ImportOrganisationsResponse { update: Some(update) }),
        Err(error) => Err(Status::from(error)),
    })
}

async fn import_file(
    import: Import,
    mut messages: Streaming<ImportOrganisationsRequest>,
    progress: mpsc::Sender<Progress>,
) -> Result<Update, Error> {
    // Nobody listening is no reason to stop.
    let _unheard = progress.try_send(Progress { phase: "receiving", lines_read: 0, lines_total: 0 });
    let first = next(&mut messages).await?;
    let first = first.ok_or_else(|| Error::invalid_field("format", "the first message must name the format and begin the file"))?;
    let format = match first.format() {
        ImportFormat::Csv => Format::Csv,
        ImportFormat::Json => Format::Json,
        ImportFormat::Unspecified => {
            return Err(Error::invalid_field("format", "say in the first message whether the file is CSV or JSON"));
        }
    };
    let file = receive(first.chunk, &mut messages).await?;
    let report = import.run(format, first.validate_only, file, progress).await?;
    Ok(Update::Report(report.into()))
}

async fn receive(first: Vec<u8>, messages: &mut Streaming<ImportOrganisationsRequest>) -> Result<Bytes, Error> {
    let mut file = BytesMut::from(first.as_slice());
    while let Some(message) = next(messages).await? {
        if file.len() + message.chunk.len() > Import::FILE_AT_MOST {
            let message = "a file may have at most 64 MiB; split it by board";
            return Err(Error::new(ErrorKind::InvalidArgument, "file_too_large", message));
        }
        file.extend_from_slice(&message.chunk);
    }
    Ok(file.freeze())
}

async fn next(messages: &mut Streaming<ImportOrganisationsRequest>) -> Result<Option<ImportOrganisationsRequest>, Error> {
    let incomplete = || Error::new(ErrorKind::InvalidArgument, "file_incomplete", "the file did not arrive whole; send it again");
    match tokio::time::timeout(SILENCE_AT_MOST, messages.message()).await {
        Ok(Err(status)) if status.code() == Code::OutOfRange => {
            let message = format!("a message is at most {} KiB; send the file in smaller chunks", service::MAX_REQUEST_BYTES / 1024);
            Err(Error::new(ErrorKind::InvalidArgument, "chunk_too_large", message).with_source(status))
        }
        Ok(message) => message.map_err(|status| incomplete().with_source(status)),
        Err(silence) => Err(incomplete().with_source(silence)),
    }
}

impl From<Progress> for wire::ImportProgress {
    fn from(progress: Progress) -> Self {
        Self { phase: progress.phase.to_owned(), lines_read: count(progress.lines_read), lines_total: count(progress.lines_total) }
    }
}

impl From<ImportReport> for wire::ImportReport {
    fn from(report: ImportReport) -> Self {
        let found = Self { boards: count(report.boards), schools: count(report.schools), sites: count(report.sites), ..Self::default() };
        match report.outcome {
            Outcome::Good { written, created, updated, unchanged } => Self {
                imported: written,
                schools_created: count(created),
                schools_updated: count(updated),
                schools_unchanged: count(unchanged),
                ..found
            },
            Outcome::Refused(bad_lines) => {
                Self { bad_lines_total: count(bad_lines.total()), bad_lines: bad_lines.shown().iter().map(Into::into).collect(), ..found }
            }
        }
    }
}
