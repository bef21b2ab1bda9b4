//! The tables, and the hash that chains the rows.

use runtime::AuditId;
use sha2::{Digest as _, Sha256};

pub(crate) mod row {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_log")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: String,
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        #[sea_orm(unique)]
        pub audit_id: Uuid,
        pub at: DateTimeUtc,
        pub actor: String,
        pub action: String,
        pub resource: String,
        #[sea_orm(column_type = "Text")]
        pub detail: String,
        /// Eight bytes of the SHA-256 of each column from `audit_id` to `detail`: they say which column was changed. What proves that
        /// a row is whole is `hash`.
        pub column_digests: Vec<u8>,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    crate::classified! { Audit {
        Internal: Chain, Seq, AuditId, At, Action, ColumnDigests, Hash;
        Personal: Actor, Resource;
        Special: Detail;
    }}
}

pub(crate) mod head {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_head")]
    pub struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub chain: String,
        pub seq: i64,
        pub hash: Vec<u8>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    crate::classified! { Audit { Internal: Chain, Seq, Hash; }}
}

/// People who acted, by what their last token said of them. In no chain: a name must be erasable.
pub(crate) mod actor {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "audit_actor")]
    pub struct Model {
        /// As in `audit_log`.
        #[sea_orm(primary_key, auto_increment = false)]
        pub actor: String,
        pub name: String,
        /// The name in small letters: searches look in it.
        pub search_name: String,
        /// As in tokens, with a space between: `responder director@<school id>`.
        #[sea_orm(column_type = "Text")]
        pub functions: String,
        /// They were erased: nothing is kept of who they are, also not when they act again.
        pub is_erased: bool,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}

    crate::classified! { AuditNames { Personal: Actor, Name, SearchName, Functions, IsErased; }}

    /// Those of [`Model::functions`] that this release knows.
    pub(crate) fn functions(text: &str) -> Vec<auth::Function> {
        text.split_whitespace().filter_map(|function| function.parse().ok()).collect()
    }
}

/// Bytes of a column's digest. Enough to tell columns apart; nobody gains by finding another text with the same eight bytes, since the
/// row's own hash is whole.
const DIGEST: usize = 8;

impl row::Model {
    /// SHA-256 over the hash before it and every column that says something, each with its length before it.
    pub(crate) fn chained_to(&self, previous: &[u8]) -> Vec<u8> {
        let mut hasher = Sha256::new();
        let mut field = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        field(previous);
        field(self.chain.as_bytes());
        field(&self.seq.to_be_bytes());
        for (_, value) in self.columns() {
            field(&value);
        }
        hasher.finalize().to_vec()
    }

    /// What [`row::Model::column_digests`] holds of a row that is whole.
    pub(crate) fn digests(&self) -> Vec<u8> {
        self.columns().iter().flat_map(|(_, value)| Sha256::digest(value).into_iter().take(DIGEST)).collect()
    }

    /// The columns that are not as their digests say.
    pub(crate) fn changed_columns(&self) -> Vec<&'static str> {
        let found = self.digests();
        let names = self.columns().map(|(name, _)| name);
        let kept = |at: usize| self.column_digests.get(at * DIGEST..(at + 1) * DIGEST);
        names
            .into_iter()
            .enumerate()
            .filter(|(at, _)| kept(*at) != found.get(at * DIGEST..(at + 1) * DIGEST))
            .map(|(_, name)| name)
            .collect()
    }

    /// In the order in which they are hashed.
    fn columns(&self) -> [(&'static str, Vec<u8>); 6] {
        let text = |text: &str| text.as_bytes().to_vec();
        [
            ("audit_id", AuditId::from(self.audit_id).as_uuid().as_bytes().to_vec()),
            // PostgreSQL keeps microseconds.
            ("at", self.at.timestamp_micros().to_be_bytes().to_vec()),
            ("actor", text(&self.actor)),
            ("action", text(&self.action)),
            ("resource", text(&self.resource)),
            ("detail", text(&self.detail)),
        ]
    }
}
