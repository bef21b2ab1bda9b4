//! What an import changes: the file compared with what is stored.

use std::collections::BTreeMap;

use runtime::Ids;

use super::{Organisations, SchoolEntry};
use crate::domain::{Board, BoardNumber, InstitutionNumber, School, Site, SiteNumber};

/// What is stored, by number.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    boards: BTreeMap<BoardNumber, Board>,
    schools: BTreeMap<InstitutionNumber, School>,
}

impl Stored {
    /// All boards and all schools there are.
    pub fn new(boards: impl IntoIterator<Item = Board>, schools: impl IntoIterator<Item = School>) -> Self {
        Self {
            boards: boards.into_iter().map(|board| (board.number, board)).collect(),
            schools: schools.into_iter().map(|school| (school.number, school)).collect(),
        }
    }
}

/// What to write, and what to tell. A school is updated when it, its board or one of its sites is: its state names all three.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Boards that are new or different.
    pub boards: Vec<Board>,
    /// Schools that are new.
    pub created: Vec<School>,
    /// Schools that are different.
    pub updated: Vec<School>,
    /// Schools of the file that are as they were.
    pub unchanged: usize,
}

impl Changes {
    /// Compares. Ids are minted for what is new and kept for what is known.
    pub fn between(stored: Stored, file: &Organisations, ids: &Ids) -> Self {
        let mut changes = Self::default();
        let boards = changes.merge_boards(stored.boards, file, ids);
        let mut schools = stored.schools;
        for (number, entry) in &file.schools {
            let Some(board) = boards.get(&entry.board) else { continue };
            match schools.remove(number) {
                None => changes.created.push(new_school(*number, entry, board, ids)),
                Some(before) => changes.compare(merged(&before, entry, board, ids), &before),
            }
        }
        changes.follow_boards(schools.into_values(), &boards);
        changes
    }

    fn merge_boards(&mut self, mut boards: BTreeMap<BoardNumber, Board>, file: &Organisations, ids: &Ids) -> BTreeMap<BoardNumber, Board> {
        for (number, entry) in &file.boards {
            let known = boards.get(number);
            let id = known.map_or_else(|| ids.next(), |board| board.id);
            let board = Board { id, number: *number, name: entry.name.clone(), kind: entry.kind };
            if known != Some(&board) {
                self.boards.push(board.clone());
                boards.insert(*number, board);
            }
        }
        boards
    }

    fn compare(&mut self, after: School, before: &School) {
        if after == *before {
            self.unchanged += 1;
        } else {
            self.updated.push(after);
        }
    }

    /// Schools that the file leaves out still carry the name of their board.
    fn follow_boards(&mut self, left_out: impl Iterator<Item = School>, boards: &BTreeMap<BoardNumber, Board>) {
        for mut school in left_out {
            match boards.get(&school.board.number) {
                Some(board) if *board != school.board => {
                    school.board = board.clone();
                    self.updated.push(school);
                }
                _ => {}
            }
        }
    }
}

fn new_school(number: InstitutionNumber, entry: &SchoolEntry, board: &Board, ids: &Ids) -> School {
    School {
        id: ids.next(),
        number,
        name: entry.name.clone(),
        municipality: entry.municipality.clone(),
        board: board.clone(),
        sites: merged_sites(&[], entry, ids),
    }
}

fn merged(before: &School, entry: &SchoolEntry, board: &Board, ids: &Ids) -> School {
    School {
        id: before.id,
        number: before.number,
        name: entry.name.clone(),
        municipality: entry.municipality.clone(),
        board: board.clone(),
        sites: merged_sites(&before.sites, entry, ids),
    }
}

/// Sites of the file, and those known before that it leaves out, by number.
fn merged_sites(before: &[Site], entry: &SchoolEntry, ids: &Ids) -> Vec<Site> {
    let mut sites: BTreeMap<SiteNumber, Site> = before.iter().map(|site| (site.number, site.clone())).collect();
    for (number, given) in &entry.sites {
        let id = sites.get(number).map_or_else(|| ids.next(), |site| site.id);
        let site = Site {
            id,
            number: *number,
            name: given.name.clone(),
            street: given.street.clone(),
            postal_code: given.postal_code.clone(),
            municipality: given.municipality.clone(),
        };
        sites.insert(*number, site);
    }
    sites.into_values().collect()
}
