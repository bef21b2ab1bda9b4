//! Background tasks with an owner, and the shutdown they listen to.
//!
//! A process has one [`Tasks`]. Each service spawns its loops on it, each loop watches its [`Shutdown`]; when the process is
//! told to stop, the listeners finish open requests, the loops return, and `drain` waits for all of them, no longer than
//! its deadline. A task that ends with an error, or panics, stops the process.

use std::{
    borrow::Cow,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

/// The shutdown signal.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// Returns when the process has been told to stop.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Whether the process has been told to stop.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Tells the process to stop.
    pub fn request(&self) {
        self.0.cancel();
    }

    /// Tells the process to stop when the guard is dropped: also when a start fails half-way.
    pub fn request_on_drop(&self) -> DropGuard {
        self.0.clone().drop_guard()
    }

    /// Sleeps, or returns `false` at once when told to stop.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.requested() => false,
            () = tokio::time::sleep(duration) => true,
        }
    }

    /// Runs a future until it is done, or `None` when told to stop first.
    pub async fn or_stop<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.run_until_cancelled(future).await
    }
}

/// The tasks of a process.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    shutdown: Shutdown,
    tracker: TaskTracker,
    failure: Arc<Mutex<Option<String>>>,
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The shutdown signal of these tasks.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Runs a loop until it returns. An error or a panic stops the process and makes it exit with a failure.
    #[expect(clippy::disallowed_methods, reason = "the one place that spawns: the tracker awaits the task")]
    pub fn spawn<E>(&self, name: impl Into<Cow<'static, str>>, task: impl Future<Output = Result<(), E>> + Send + 'static)
    where
        E: std::error::Error + Send + 'static,
    {
        let (name, inner) = (name.into(), tokio::spawn(task));
        let this = self.clone();
        self.tracker.spawn(async move {
            let failure = match inner.await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => crate::error::chain(&error),
                Err(panic) => panic.to_string(),
            };
            tracing::error!(name: "task.failed", task = %name, error = %failure, "background task failed, stopping the process");
            let mut first = this.failure.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| format!("{name}: {failure}"));
            this.shutdown.request();
        });
    }

    /// Waits for all tasks after a shutdown, at most `deadline`. Returns the first failure, or that the deadline passed.
    pub async fn drain(&self, deadline: Duration) -> Result<(), String> {
        self.tracker.close();
        let in_time = tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok();
        if let Some(failure) = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        if in_time { Ok(()) } else { Err(format!("{} background tasks did not end within {} s", self.tracker.len(), deadline.as_secs())) }
    }
}

/// Returns at the first SIGTERM or SIGINT.
///
/// # Errors
/// When the process may not listen to signals.
pub async fn stop_signal() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let name = tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    };
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failing_task_stops_the_others_and_is_reported() {
        let tasks = Tasks::new();
        let shutdown = tasks.shutdown();
        tasks.spawn("waits", async move {
            shutdown.requested().await;
            Ok::<_, std::io::Error>(())
        });
        tasks.spawn("fails", async { Err(std::io::Error::other("disk is full")) });
        let failure = tasks.drain(Duration::from_secs(5)).await.unwrap_err();
        assert_eq!(failure, "fails: disk is full");
    }

    #[tokio::test]
    async fn a_panicking_task_is_a_failure() {
        let tasks = Tasks::new();
        tasks.spawn::<std::io::Error>("panics", async { panic!("a bug") });
        let failure = tasks.drain(Duration::from_secs(5)).await.unwrap_err();
        assert!(failure.starts_with("panics:"), "{failure}");
    }

    #[tokio::test]
    async fn a_task_that_will_not_end_is_reported_after_the_deadline() {
        let tasks = Tasks::new();
        tasks.spawn::<std::io::Error>("stuck", std::future::pending());
        tasks.shutdown().request();
        let failure = tasks.drain(Duration::from_millis(20)).await.unwrap_err();
        assert!(failure.contains("1 background tasks"), "{failure}");
    }
}
