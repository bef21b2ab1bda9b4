//! What happens by itself.

use std::{convert::Infallible, time::Duration};

use auth::Context;
use runtime::Shutdown;

use crate::app::{App, forget};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Every hour, and soon after the start, forgets what has been kept long enough. With several replicas each does it; the
/// second finds nothing left. `cx` is the service's own.
pub async fn forget_hourly(app: App, cx: Context, shutdown: Shutdown) -> Result<(), Infallible> {
    while shutdown.sleep(HOUR / 60).await {
        match forget(&app, &cx).await {
            Ok(forgotten) => tracing::debug!(name: "monitor.forgotten", ?forgotten, "removed what was kept long enough"),
            Err(error) => tracing::warn!(name: "monitor.not_forgotten", error = %error.chain(), "old rows not removed, will retry"),
        }
        if !shutdown.sleep(HOUR).await {
            break;
        }
    }
    Ok(())
}
