//! Boards, schools and sites, kept.

use std::collections::{BTreeMap, BTreeSet};

use auth::Scope;
use runtime::SchoolId;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseBackend, QueryOrder as _, QuerySelect as _, entity::prelude::*};
use storage::{Page, Paging, StoreError, StoreResult, Txn, asc, chunks, holding, or_update, within};

use super::{board, site};
use crate::domain::{Board, InstitutionNumber, School, Site};

/// Table `school`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: Uuid,
    #[sea_orm(unique)]
    pub institution_number: String,
    pub name: String,
    pub municipality: String,
    pub board_id: Uuid,
    /// The name in small letters: lists are in its order.
    pub sort_name: String,
    /// Name, municipality and number in small letters: searches look in it.
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::board::Entity", from = "Column::BoardId", to = "super::board::Column::BoardId")]
    Board,
}

impl Related<super::board::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Board.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Organisations { Public: SchoolId, InstitutionNumber, Name, Municipality, BoardId, SortName, SearchText; }}

/// A school within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, id: SchoolId) -> StoreResult<Option<School>> {
    let query = within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope);
    let rows = query.find_also_related(board::Entity).all(connection).await?;
    Ok(with_sites(connection, rows).await?.pop())
}

/// The same, locked until the transaction ends.
pub async fn find_to_change(txn: &Txn, scope: &Scope<SchoolId>, id: SchoolId) -> StoreResult<Option<School>> {
    // Within the scope: nobody locks a school that they may not know of.
    let query = within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope).lock_exclusive();
    if query.one(&**txn).await?.is_none() {
        return Ok(None);
    }
    find(&**txn, scope, id).await
}

/// Schools within the caller's scope by name: those of which a name, a municipality or a number holds this text, and of these ids
/// when there are any.
pub async fn list(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    text: &str,
    ids: &[SchoolId],
    paging: &Paging,
) -> StoreResult<Page<School>> {
    let mut query = within(Entity::find(), Column::SchoolId, scope);
    if !ids.is_empty() {
        query = query.filter(Column::SchoolId.is_in(ids.iter().map(|id| id.as_uuid())));
    }
    if !text.is_empty() {
        query = query.filter(holding(Column::SearchText, text));
    }
    let mut page: Page<Model> = paging.read(connection, query, [asc(Column::SortName), asc(Column::SchoolId)]).await?;
    let rows = std::mem::take(&mut page.rows);
    let boards = rows.load_one(board::Entity, connection).await?;
    Ok(page.with_rows(with_sites(connection, rows.into_iter().zip(boards).collect()).await?))
}

/// The ids of these schools, those that are there.
pub async fn ids_of(
    connection: &impl ConnectionTrait,
    numbers: &BTreeSet<InstitutionNumber>,
) -> StoreResult<BTreeMap<InstitutionNumber, SchoolId>> {
    let numbers = numbers.iter().map(ToString::to_string);
    let rows = Entity::find().filter(Column::InstitutionNumber.is_in(numbers)).all(connection).await?;
    rows.into_iter().map(|row| Ok((institution_number(&row)?, row.school_id.into()))).collect()
}

/// Keeps other imports out until the transaction ends. On SQLite every write transaction does so by itself.
pub async fn lock(txn: &Txn) -> StoreResult<()> {
    if txn.get_database_backend() == DatabaseBackend::Postgres {
        txn.execute_unprepared("LOCK TABLE board, school, site IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

/// Every board there is, those without schools too.
pub async fn all_boards(txn: &Txn) -> StoreResult<Vec<Board>> {
    board::Entity::find().all(&**txn).await?.into_iter().map(read_board).collect()
}

/// Every school there is, for an import to compare with.
pub async fn all(txn: &Txn) -> StoreResult<Vec<School>> {
    let rows = Entity::find().find_also_related(board::Entity).all(&**txn).await?;
    let mut sites: BTreeMap<Uuid, Vec<Site>> = BTreeMap::new();
    for row in site::Entity::find().order_by_asc(site::Column::SiteNumber).all(&**txn).await? {
        sites.entry(row.school_id).or_default().push(read_site(row)?);
    }
    rows.into_iter()
        .map(|(row, board)| {
            let own_sites = sites.remove(&row.school_id).unwrap_or_default();
            read_school(row, board, own_sites)
        })
        .collect()
}

/// Whether there is any school.
pub async fn is_empty(connection: &impl ConnectionTrait) -> StoreResult<bool> {
    Ok(Entity::find().one(connection).await?.is_none())
}

/// Keeps boards, new or changed.
pub async fn save_boards(txn: &Txn, boards: &[Board]) -> StoreResult<()> {
    let rows = boards.iter().map(|board| board::ActiveModel {
        board_id: Set(board.id.as_uuid()),
        board_number: Set(board.number.to_string()),
        name: Set(board.name.clone()),
        kind: Set(board.kind.into_str().to_owned()),
    });
    for some in chunks(rows) {
        board::Entity::insert_many(some).on_conflict(or_update::<board::Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

/// Keeps schools and their sites, new or changed. Their boards must be there.
pub async fn save(txn: &Txn, schools: &[School]) -> StoreResult<()> {
    let rows = schools.iter().map(|school| ActiveModel {
        school_id: Set(school.id.as_uuid()),
        institution_number: Set(school.number.to_string()),
        name: Set(school.name.clone()),
        municipality: Set(school.municipality.clone()),
        board_id: Set(school.board.id.as_uuid()),
        sort_name: Set(school.name.to_lowercase()),
        search_text: Set(format!("{} {} {}", school.name, school.municipality, school.number).to_lowercase()),
    });
    for some in chunks(rows) {
        Entity::insert_many(some).on_conflict(or_update::<Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    save_sites(txn, schools).await
}

async fn save_sites(txn: &Txn, schools: &[School]) -> StoreResult<()> {
    let mut rows = Vec::new();
    for school in schools {
        for site in &school.sites {
            rows.push(site::ActiveModel {
                site_id: Set(site.id.as_uuid()),
                school_id: Set(school.id.as_uuid()),
                site_number: Set(i32::try_from(site.number.value()).map_err(|error| StoreError::unreadable("site.site_number", error))?),
                name: Set(site.name.clone()),
                street: Set(site.street.clone()),
                postal_code: Set(site.postal_code.clone()),
                municipality: Set(site.municipality.clone()),
            });
        }
    }
    for some in chunks(rows) {
        site::Entity::insert_many(some).on_conflict(or_update::<site::Entity>(&[])).exec_without_returning(&**txn).await?;
    }
    Ok(())
}

async fn with_sites(connection: &impl ConnectionTrait, rows: Vec<(Model, Option<board::Model>)>) -> StoreResult<Vec<School>> {
    let ids = rows.iter().map(|(row, _)| row.school_id);
    let found =
        site::Entity::find().filter(site::Column::SchoolId.is_in(ids)).order_by_asc(site::Column::SiteNumber).all(connection).await?;
    let mut sites: BTreeMap<Uuid, Vec<Site>> = BTreeMap::new();
    for row in found {
        sites.entry(row.school_id).or_default().push(read_site(row)?);
    }
    let schools = rows.into_iter().map(|(row, board)| {
        let own_sites = sites.remove(&row.school_id).unwrap_or_default();
        read_school(row, board, own_sites)
    });
    schools.collect()
}

fn institution_number(row: &Model) -> StoreResult<InstitutionNumber> {
    row.institution_number.parse().map_err(|error| StoreError::unreadable("school.institution_number", error))
}

fn read_school(row: Model, board: Option<board::Model>, sites: Vec<Site>) -> StoreResult<School> {
    let board = board.ok_or_else(|| StoreError::unreadable("school.board_id", "names no board"))?;
    Ok(School {
        id: row.school_id.into(),
        number: institution_number(&row)?,
        name: row.name,
        municipality: row.municipality,
        board: read_board(board)?,
        sites,
    })
}

fn read_board(row: board::Model) -> StoreResult<Board> {
    Ok(Board {
        id: row.board_id.into(),
        number: row.board_number.parse().map_err(|error| StoreError::unreadable("board.board_number", error))?,
        name: row.name,
        kind: row.kind.parse().map_err(|error| StoreError::unreadable("board.kind", error))?,
    })
}

fn read_site(row: site::Model) -> StoreResult<Site> {
    let number = row.site_number.to_string().parse().map_err(|error| StoreError::unreadable("site.site_number", error))?;
    Ok(Site {
        id: row.site_id.into(),
        number,
        name: row.name,
        street: row.street,
        postal_code: row.postal_code,
        municipality: row.municipality,
    })
}
