//! Schools: what each caller sees of them.

use auth::Principal;
use proto::identity::v1::{GetSchoolRequest, ListSchoolsRequest, School};
use testkit::on_both_stores;
use tonic::Code;

use crate::world::{World, director, ict_coordinator, operator, responder};

async fn names(world: &World, who: &Principal, query: &str) -> Vec<String> {
    let request = ListSchoolsRequest { query: query.to_owned(), ..Default::default() };
    let page = world.organisations().list_schools(world.by(who, request)).await.unwrap().into_inner();
    assert_eq!(page.total_size, page.schools.len() as i64);
    page.schools.into_iter().map(|school| school.name).collect()
}

async fn get(world: &World, who: &Principal, school: &School) -> Result<School, Code> {
    let request = GetSchoolRequest { school_id: school.school_id.clone() };
    let answer = world.organisations().get_school(world.by(who, request)).await;
    answer.map(|school| school.into_inner()).map_err(|status| status.code())
}

on_both_stores! {
    async fn a_school_sees_only_itself(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        for who in [director(&zandloper), ict_coordinator(&zandloper)] {
            assert_eq!(names(&world, &who, "").await, ["Basisschool De Zandloper"]);
            assert_eq!(names(&world, &who, "vuurvogel").await, [""; 0]);
            assert_eq!(get(&world, &who, &zandloper).await, Ok(zandloper.clone()));
            assert_eq!(get(&world, &who, &vuurvogel).await, Err(Code::NotFound));
        }
    }

    async fn a_school_that_does_not_exist_is_not_found_by_anyone(database: TestDatabase) {
        let world = World::start(&database).await;
        let nowhere = School { school_id: "0199c0de-0000-7000-8000-00000000ffff".into(), ..Default::default() };
        for who in [operator(), responder(), director(&nowhere)] {
            assert_eq!(get(&world, &who, &nowhere).await, Err(Code::NotFound));
        }
    }

    async fn schools_are_found_by_part_of_name_municipality_or_number(database: TestDatabase) {
        let world = World::start(&database).await;
        world.with_two_schools().await;
        assert_eq!(names(&world, &responder(), "").await, ["Basisschool De Vuurvogel", "Basisschool De Zandloper"]);
        for query in ["zandLOPER", "aalt", "990101", " De Z"] {
            assert_eq!(names(&world, &responder(), query).await, ["Basisschool De Zandloper"], "{query}");
        }
        for nothing in ["%", "_", "\\", "' or 1=1 --"] {
            assert_eq!(names(&world, &responder(), nothing).await, [""; 0], "{nothing}");
        }
        let unprintable = ListSchoolsRequest { query: "zand\0loper".to_owned(), ..Default::default() };
        let refused = world.organisations().list_schools(world.by(&responder(), unprintable)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }

    async fn schools_are_listed_by_id_within_what_the_caller_may_see(database: TestDatabase) {
        let world = World::start(&database).await;
        let (vuurvogel, zandloper) = world.with_two_schools().await;
        let list = async |who: &Principal, school_ids: Vec<String>| {
            let answer = world.organisations().list_schools(world.by(who, ListSchoolsRequest { school_ids, ..Default::default() })).await;
            answer.map(|answer| answer.into_inner().schools)
        };
        let both = vec![zandloper.school_id.clone(), vuurvogel.school_id.clone()];
        assert_eq!(list(&operator(), vec![zandloper.school_id.clone()]).await.unwrap(), std::slice::from_ref(&zandloper));
        assert_eq!(list(&operator(), both.clone()).await.unwrap().len(), 2);
        assert_eq!(list(&director(&zandloper), both).await.unwrap(), [zandloper]);
        assert_eq!(list(&operator(), vec!["990101".to_owned()]).await.unwrap_err().code(), Code::InvalidArgument);
        assert_eq!(list(&operator(), vec![vuurvogel.school_id; 201]).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn pages_follow_one_another_and_a_token_belongs_to_its_question(database: TestDatabase) {
        let world = World::start(&database).await;
        world.with_two_schools().await;
        let list = async |request: ListSchoolsRequest| world.organisations().list_schools(world.by(&operator(), request)).await;
        let first = list(ListSchoolsRequest { page_size: 1, ..Default::default() }).await.unwrap().into_inner();
        assert_eq!((first.schools.len(), first.total_size), (1, 2));
        let next = ListSchoolsRequest { page_size: 1, page_token: first.next_page_token.clone(), ..Default::default() };
        let second = list(next.clone()).await.unwrap().into_inner();
        assert_eq!((second.schools[0].name.as_str(), second.next_page_token.as_str()), ("Basisschool De Zandloper", ""));
        let other_question = ListSchoolsRequest { query: "lier".into(), ..next };
        assert_eq!(list(other_question).await.unwrap_err().code(), Code::InvalidArgument);
    }
}
