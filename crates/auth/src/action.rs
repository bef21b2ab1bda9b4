//! Everything that can be asked of the platform, by the name that policies and audit rows use. `build.rs` writes the enum from the actions in
//! `policies/*.cedarschema`: the action `gateway.revoke` is the variant `GatewayRevoke`.

use crate::{Access, DataKind};

include!(concat!(env!("OUT_DIR"), "/action.rs"));

impl Action {
    /// All actions.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name in policies and audit rows.
    pub fn name(self) -> &'static str {
        self.into()
    }
}
