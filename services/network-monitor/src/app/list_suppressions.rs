//! Lists what is kept quiet now.

use auth::{Action, Context};
use runtime::{Result, SchoolId};

use super::App;
use crate::{domain::suppression::Suppression, store};

/// Of a school (with those for every school), or of all the caller may see; newest first.
pub async fn list_suppressions(app: &App, cx: &Context, school: Option<SchoolId>) -> Result<Vec<Suppression>> {
    if let Some(school) = school {
        cx.require(Action::SuppressionRead, school)?;
    }
    let scope = cx.scope(Action::SuppressionRead)?;
    Ok(store::suppression::list(app.database.reader(), &scope, school, cx.clock.now()).await?)
}
