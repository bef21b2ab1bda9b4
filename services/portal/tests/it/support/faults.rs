//! What can go wrong between the portal and the services: a layer before the real ones that hears every call, fails those it is
//! told to fail, and edits the answers that no service of today would give.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use prost::Message;
use tonic::{Code, Status};

/// Shared by the layer and the test.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Told>>);

#[derive(Default)]
struct Told {
    /// What was asked, with the token it was asked with.
    asked: Vec<(String, String)>,
    /// What fails (everything, when empty), and how.
    fails: Option<(&'static str, Code)>,
    edits: Vec<(&'static str, Edit)>,
}

/// From one message in protobuf to another.
type Edit = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl Faults {
    /// These routes, with this before them.
    pub fn before(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), pass))
    }

    /// Every call fails like this from now on.
    pub fn fail_with(&self, code: Code) {
        self.told().fails = Some(("", code));
    }

    /// This call fails from now on: by its method, or by its whole path where several services have it.
    pub fn fail_only(&self, method: &'static str, code: Code) {
        self.told().fails = Some((method, code));
    }

    /// Nothing fails any more.
    pub fn work_again(&self) {
        self.told().fails = None;
    }

    /// What this call answers is changed from now on.
    pub fn edit<M: Message + Default>(&self, method: &'static str, change: impl Fn(&mut M) + Send + Sync + 'static) {
        let edit = move |answer: &[u8]| {
            let mut message = M::decode(answer).unwrap();
            change(&mut message);
            message.encode_to_vec()
        };
        self.told().edits.push((method, Arc::new(edit)));
    }

    /// Methods in the order of the calls, each with its token.
    pub fn asked(&self) -> Vec<(String, String)> {
        self.told().asked.clone()
    }

    /// Whether this was asked of a service.
    pub fn was_asked(&self, method: &str) -> bool {
        self.told().asked.iter().any(|(asked, _)| asked == method)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears a call: how it fails, or what is done to its answer.
    fn hear(&self, path: &str, token: String) -> Result<Vec<Edit>, Code> {
        let method = path.rsplit('/').next().unwrap_or_default();
        let mut told = self.told();
        told.asked.push((method.to_owned(), token));
        match told.fails {
            Some((failing, code)) if failing.is_empty() || failing == method || failing == path => Err(code),
            _ => Ok(told.edits.iter().filter(|(edited, _)| *edited == method).map(|(_, edit)| Arc::clone(edit)).collect()),
        }
    }
}

async fn pass(State(faults): State<Faults>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let token = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert!(token.starts_with("Bearer "), "{path} is asked on behalf of a person");
    match faults.hear(&path, token) {
        Err(code) => Status::new(code, "told to fail").into_http(),
        Ok(edits) if edits.is_empty() => next.run(request).await,
        Ok(edits) => edited(next.run(request).await, &edits).await,
    }
}

/// The only message of an answer, changed: a byte for compression, four for the length, then the message.
async fn edited(answer: Response, edits: &[Edit]) -> Response {
    const PREFIX: usize = 5;
    let (head, body) = answer.into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap();
    let trailers = body.trailers().cloned();
    let frame: Bytes = body.to_bytes();
    if frame.is_empty() {
        return Response::from_parts(head, Body::empty());
    }
    let message = edits.iter().fold(frame[PREFIX..].to_vec(), |message, edit| edit(&message));
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let frame = [&[0], length.as_slice(), &message].concat();
    let frames = [Some(http_body::Frame::data(Bytes::from(frame))), trailers.map(http_body::Frame::trailers)];
    let frames = frames.into_iter().flatten().map(Ok::<_, std::convert::Infallible>);
    Response::from_parts(head, Body::new(http_body_util::StreamBody::new(tokio_stream::iter(frames))))
}
