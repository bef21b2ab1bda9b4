//! Live and ready.
//!
//! *Live* says only that the process runs. *Ready* asks every probe at once, each with a deadline, and turns false as soon as
//! a shutdown is requested, so that a load balancer looks elsewhere while open requests finish. Answers are cached for a
//! moment, because the gRPC health service is on the gRPC port, where anybody may ask as often as they like.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::Shutdown;

/// How long an answer of the probes is cached.
const FRESH: Duration = Duration::from_millis(500);
const PROBE_DEADLINE: Duration = Duration::from_secs(2);

type ProbeFuture = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type ProbeFn = Arc<dyn Fn() -> ProbeFuture + Send + Sync>;

/// The probes of a process.
#[derive(Clone)]
pub struct Health {
    shutdown: Shutdown,
    probes: Arc<Mutex<Vec<(String, ProbeFn)>>>,
    // Held during a check, so that only one runs at a time.
    latest: Arc<tokio::sync::Mutex<Option<Latest>>>,
}

struct Latest {
    answered: Instant,
    readiness: Readiness,
}

impl std::fmt::Debug for Health {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Health").finish_non_exhaustive()
    }
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Readiness {
    /// Whether the process may get traffic.
    pub ready: bool,
    /// Each probe by name: `ok` or what is wrong.
    pub probes: Vec<(String, String)>,
}

impl Health {
    /// No probes yet.
    pub fn new(shutdown: Shutdown) -> Self {
        Self { shutdown, probes: Arc::default(), latest: Arc::default() }
    }

    /// Adds a probe: `identity.database`, `telemetry-ingest.directory`.
    pub fn add_probe<F, R>(&self, name: impl Into<String>, probe: F)
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let probe: ProbeFn = Arc::new(move || Box::pin(probe()));
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).push((name.into(), probe));
    }

    /// Waits, or returns `false` at once when the process is told to stop.
    pub async fn wait(&self, pause: Duration) -> bool {
        self.shutdown.sleep(pause).await
    }

    /// Asks every probe concurrently, unless a cached answer is fresh.
    pub async fn readiness(&self) -> Readiness {
        if self.shutdown.is_requested() {
            return Readiness { ready: false, probes: vec![("process".into(), "shutting down".into())] };
        }
        let mut latest = self.latest.lock().await;
        let probes = self.probes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let just_asked = |known: &&Latest| known.answered.elapsed() < FRESH && known.readiness.probes.len() == probes.len();
        if let Some(known) = latest.as_ref().filter(just_asked) {
            return known.readiness.clone();
        }
        let readiness = ask(probes).await;
        *latest = Some(Latest { answered: Instant::now(), readiness: readiness.clone() });
        readiness
    }
}

async fn ask(probes: Vec<(String, ProbeFn)>) -> Readiness {
    let answers = futures::future::join_all(probes.into_iter().map(|(name, probe)| async move {
        let answer = match tokio::time::timeout(PROBE_DEADLINE, probe()).await {
            Ok(Ok(())) => "ok".to_owned(),
            Ok(Err(problem)) => problem,
            Err(_elapsed) => format!("no answer within {} s", PROBE_DEADLINE.as_secs()),
        };
        (name, answer)
    }))
    .await;
    Readiness { ready: answers.iter().all(|(_, answer)| answer == "ok"), probes: answers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_failing_probe_makes_the_process_not_ready() {
        let health = Health::new(Shutdown::default());
        health.add_probe("log", || async { Ok(()) });
        health.add_probe("database", || async { Err("connection refused".to_owned()) });
        let readiness = health.readiness().await;
        assert!(!readiness.ready);
        assert_eq!(readiness.probes[1], ("database".to_owned(), "connection refused".to_owned()));
    }

    #[tokio::test]
    async fn probes_are_not_asked_more_often_than_is_useful() {
        let health = Health::new(Shutdown::default());
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        health.add_probe("database", move || {
            count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            async { Ok(()) }
        });
        futures::future::join_all((0..50).map(|_| health.readiness())).await;
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 1);
        tokio::time::sleep(FRESH).await;
        health.readiness().await;
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_process_that_stops_is_not_ready() {
        let shutdown = Shutdown::default();
        let health = Health::new(shutdown.clone());
        assert!(health.readiness().await.ready);
        shutdown.request();
        assert!(!health.readiness().await.ready);
    }
}
