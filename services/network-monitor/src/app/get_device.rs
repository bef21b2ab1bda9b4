//! Shows a device.

use auth::{Action, Context};
use runtime::{DeviceId, Error, Result, SchoolId};

use super::{
    App,
    show_devices::{ShownDevice, show_devices},
};
use crate::store;

/// `NotFound` also when the caller may not see it.
pub async fn get_device(app: &App, cx: &Context, school: SchoolId, id: DeviceId) -> Result<ShownDevice> {
    cx.require(Action::DeviceRead, school)?;
    let scope = cx.scope(Action::DeviceRead)?;
    let device = store::device::find(app.database.reader(), &scope, school, id).await?;
    let shown = show_devices(app, cx, &scope, device.into_iter().collect()).await?;
    shown.into_iter().next().ok_or_else(|| Error::not_found("device"))
}
