//! Waiting for what happens in its own time.

use std::time::Duration;

/// How long a test waits before it gives up. Long, because a machine may be busy with other things; nobody waits longer than
/// it takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

const BETWEEN: Duration = Duration::from_millis(25);

/// Asks again and again until there is an answer, and returns it. Fails with what was awaited when there is none in time.
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
