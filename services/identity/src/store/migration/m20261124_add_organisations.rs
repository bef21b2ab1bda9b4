//! Boards, schools and sites.

use sea_orm_migration::{
    prelude::{DbErr, ForeignKey, Index, Table},
    schema::{integer, string, text, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddOrganisations;

impl MigrationName for AddOrganisations {
    fn name(&self) -> &'static str {
        "m20261124_add_organisations"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddOrganisations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let boards = Table::create()
            .table("board")
            .col(uuid("board_id").primary_key())
            .col(string("board_number").unique_key())
            .col(string("name"))
            .col(string("kind"))
            .to_owned();
        manager.create_table(boards).await?;

        let schools = Table::create()
            .table("school")
            .col(uuid("school_id").primary_key())
            .col(string("institution_number").unique_key())
            .col(string("name"))
            .col(string("municipality"))
            .col(uuid("board_id"))
            .col(string("sort_name"))
            .col(text("search_text"))
            .foreign_key(ForeignKey::create().from("school", "board_id").to("board", "board_id"))
            .to_owned();
        manager.create_table(schools).await?;
        let by_name = Index::create().name("school_by_name").table("school").col("sort_name").col("school_id").to_owned();
        manager.create_index(by_name).await?;
        let by_board = Index::create().name("school_by_board").table("school").col("board_id").to_owned();
        manager.create_index(by_board).await?;

        let sites = Table::create()
            .table("site")
            .col(uuid("site_id").primary_key())
            .col(uuid("school_id"))
            .col(integer("site_number"))
            .col(string("name"))
            .col(string("street"))
            .col(string("postal_code"))
            .col(string("municipality"))
            .foreign_key(ForeignKey::create().from("site", "school_id").to("school", "school_id"))
            .to_owned();
        manager.create_table(sites).await?;
        let by_number = Index::create().name("site_by_number").table("site").col("school_id").col("site_number").unique().to_owned();
        manager.create_index(by_number).await
    }
}
