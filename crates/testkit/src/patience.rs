//! Waiting for asynchronous effects.

use std::time::Duration;

/// Time-out of every wait in tests. Long, because the machine may be busy; a wait ends as soon as the condition holds.
pub const PATIENCE: Duration = Duration::from_secs(60);

const BETWEEN: Duration = Duration::from_millis(25);

/// Polls until there is an answer, and returns it. Panics with what was awaited after the time-out.
pub async fn eventually<T>(awaited: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(BETWEEN).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_elapsed| panic!("waited in vain: {awaited}"))
}
