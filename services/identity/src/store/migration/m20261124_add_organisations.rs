//! Boards, schools and sites.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, ForeignKey, ForeignKeyAction, Index, Table},
    schema::{integer, string, text, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddOrganisations;

impl MigrationName for AddOrganisations {
    fn name(&self) -> &'static str {
        "m20261124_add_organisations"
    }
}

#[derive(DeriveIden)]
enum Board {
    Table,
    BoardId,
    BoardNumber,
    Name,
    Kind,
}

#[derive(DeriveIden)]
enum School {
    Table,
    SchoolId,
    InstitutionNumber,
    Name,
    Municipality,
    BoardId,
    SortName,
    SearchText,
}

#[derive(DeriveIden)]
enum Site {
    Table,
    SiteId,
    SchoolId,
    SiteNumber,
    Name,
    Street,
    PostalCode,
    Municipality,
}

#[async_trait::async_trait]
impl MigrationTrait for AddOrganisations {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let boards = Table::create()
            .table(Board::Table)
            .col(uuid(Board::BoardId).primary_key())
            .col(string(Board::BoardNumber).unique_key())
            .col(string(Board::Name))
            .col(string(Board::Kind))
            .to_owned();
        manager.create_table(boards).await?;

        let board_of_school = ForeignKey::create().from(School::Table, School::BoardId).to(Board::Table, Board::BoardId).to_owned();
        let schools = Table::create()
            .table(School::Table)
            .col(uuid(School::SchoolId).primary_key())
            .col(string(School::InstitutionNumber).unique_key())
            .col(string(School::Name))
            .col(string(School::Municipality))
            .col(uuid(School::BoardId))
            .col(string(School::SortName))
            .col(text(School::SearchText))
            .foreign_key(&mut board_of_school.clone())
            .to_owned();
        manager.create_table(schools).await?;
        let by_name = Index::create().name("school_by_name").table(School::Table).col(School::SortName).col(School::SchoolId).to_owned();
        manager.create_index(by_name).await?;
        let by_board = Index::create().name("school_by_board").table(School::Table).col(School::BoardId).to_owned();
        manager.create_index(by_board).await?;

        let school_of_site = ForeignKey::create()
            .from(Site::Table, Site::SchoolId)
            .to(School::Table, School::SchoolId)
            .on_delete(ForeignKeyAction::Cascade)
            .to_owned();
        let sites = Table::create()
            .table(Site::Table)
            .col(uuid(Site::SiteId).primary_key())
            .col(uuid(Site::SchoolId))
            .col(integer(Site::SiteNumber))
            .col(string(Site::Name))
            .col(string(Site::Street))
            .col(string(Site::PostalCode))
            .col(string(Site::Municipality))
            .foreign_key(&mut school_of_site.clone())
            .to_owned();
        manager.create_table(sites).await?;
        let by_number =
            Index::create().name("site_by_number").table(Site::Table).col(Site::SchoolId).col(Site::SiteNumber).unique().to_owned();
        manager.create_index(by_number).await
    }
}
