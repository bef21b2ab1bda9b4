//! Where sessions are kept, in turn: in the process, and in the real Redis of all replicas.

/// Writes a test once and runs it with sessions kept in the process and in the real Redis.
macro_rules! in_both_caches {
    ($($(#[$attribute:meta])* async fn $name:ident($town:ident: Town) $body:block)+) => {$(
        $(#[$attribute])*
        mod $name {
            use super::*;

            async fn run($town: Town) $body

            #[tokio::test]
            async fn in_process() {
                run(Town::new().await).await;
            }

            #[tokio::test]
            async fn in_redis() {
                if let Some(redis) = crate::caches::redis() {
                    run(Town::with_sessions_in(&redis).await).await;
                }
            }
        }
    )+};
}
pub(crate) use in_both_caches;

/// The Redis that tests share; without one, this says so. Sessions keep apart by themselves.
pub fn redis() -> Option<String> {
    let variable = testkit::servers::REDIS.variable;
    let given = std::env::var(variable).ok();
    if given.is_none() {
        testkit::skip(&format!("{variable} is not set; `cargo xtask test` starts Redis and sets it"));
    }
    given
}
