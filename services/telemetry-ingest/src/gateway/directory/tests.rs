use runtime::Ids;

use super::*;
use crate::limit::Rate;

const RATE: Rate = Rate { per_second: 1, burst: 1 };
const OF_GATEWAY: RateLimits = RateLimits { events: RATE, bytes: RATE };
const ENTITLEMENT: Entitlement = Entitlement { gateway: OF_GATEWAY, school: OF_GATEWAY.times(2), school_memory: 1, school_reading: 1 };

fn set(id: GatewayId, state: State) -> Change {
    Change::Set { id, school: Ids::counted().next(), state, partition: 0 }
}

fn outcome(directory: &Directory, id: GatewayId, now: Duration) -> Outcome {
    directory.admit(id, now).map_or_else(|refusal| refusal.outcome, |_gateway| Outcome::Accepted)
}

#[test]
fn nobody_is_admitted_before_the_directory_has_caught_up_or_when_it_is_out_of_date() {
    let directory = Directory::new(ENTITLEMENT);
    let (id, mut now) = (Ids::counted().next(), Duration::from_secs(1));
    assert_eq!(outcome(&directory, id, now), Outcome::DirectoryNotReady);
    directory.complete_as_of(vec![Some(now)]);
    directory.replace([set(id, State::Active)]);
    assert_eq!(outcome(&directory, id, now), Outcome::Accepted);
    now += OUT_OF_DATE_AFTER + Duration::from_millis(1);
    assert_eq!(outcome(&directory, id, now), Outcome::DirectoryStale);
    assert_eq!(directory.check(now), Err(OUT_OF_DATE));
    directory.complete_as_of(vec![Some(now)]);
    assert_eq!(outcome(&directory, id, now), Outcome::Accepted);
    assert_eq!(directory.check(now), Ok(()));
}

#[test]
fn a_partition_that_is_out_of_date_keeps_out_its_own_gateways_and_those_that_nobody_knows() {
    let directory = Directory::new(ENTITLEMENT);
    let (ids, began) = (Ids::counted(), Duration::from_secs(1));
    let [here, cut_off, revoked, unknown]: [GatewayId; 4] = std::array::from_fn(|_| ids.next());
    let of_partition = |id, state, partition| Change::Set { id, school: ids.next(), state, partition };
    directory.complete_as_of(vec![Some(began), Some(began)]);
    directory.replace([
        of_partition(here, State::Active, 0),
        of_partition(cut_off, State::Active, 1),
        of_partition(revoked, State::Revoked, 1),
    ]);
    let outcomes = |now| [here, cut_off, revoked, unknown].map(|id| outcome(&directory, id, now));
    use Outcome::{Accepted, DirectoryStale, GatewayRevoked, GatewayUnknown};
    assert_eq!(outcomes(began), [Accepted, Accepted, GatewayRevoked, GatewayUnknown]);

    let now = began + OUT_OF_DATE_AFTER + Duration::from_millis(1);
    directory.complete_as_of(vec![Some(now), Some(began)]);
    assert_eq!(outcomes(now), [Accepted, DirectoryStale, GatewayRevoked, DirectoryStale]);
    assert_eq!((directory.check(now), directory.stale(now)), (Ok(()), BTreeSet::from([1])));
    assert_eq!(directory.age(now), now - began, "the oldest partition's");

    directory.complete_as_of(vec![Some(now), None]);
    assert_eq!(outcomes(now), [Accepted, DirectoryStale, GatewayRevoked, DirectoryStale]);
    directory.complete_as_of(vec![Some(now), Some(now)]);
    assert_eq!(outcomes(now), [Accepted, Accepted, GatewayRevoked, GatewayUnknown]);
}

#[test]
fn each_entry_replaces_the_one_before() {
    let directory = Directory::new(ENTITLEMENT);
    let (ids, now) = (Ids::counted(), Duration::ZERO);
    let (one, other): (GatewayId, GatewayId) = (ids.next(), ids.next());
    directory.complete_as_of(vec![Some(now)]);
    directory.replace([set(one, State::Active)]);
    assert_eq!(outcome(&directory, other, now), Outcome::GatewayUnknown);
    directory.apply(set(other, State::Active));
    directory.apply(set(one, State::Revoked));
    assert_eq!((outcome(&directory, one, now), outcome(&directory, other, now)), (Outcome::GatewayRevoked, Outcome::Accepted));
    directory.apply(Change::Forget { id: other });
    assert_eq!(outcome(&directory, other, now), Outcome::GatewayUnknown);
    directory.replace([set(ids.next(), State::Active)]);
    assert_eq!(directory.len(), 1);
}

#[test]
fn what_a_gateway_has_sent_counts_on_when_its_entry_comes_again() {
    let (id, now) = (Ids::counted().next(), Duration::from_secs(1));
    let directory = Directory::new(ENTITLEMENT);
    directory.complete_as_of(vec![Some(now)]);
    directory.replace([set(id, State::Active)]);
    let gateway = directory.admit(id, now).unwrap();
    gateway.charge(60, 1, now);
    let changes: [fn(&Directory, Change); 2] = [Directory::apply, |directory, change| directory.replace([change])];
    for change in changes {
        change(&directory, set(id, State::Active));
        let gateway = directory.admit(id, now).unwrap();
        assert!(gateway.rates.check(now).is_err());
        assert!(gateway.school.rates.check(now).is_err(), "its school has sent it too");
        assert_eq!(directory.in_use(now).len(), 2, "the gateway and its school");
    }
}

#[test]
fn more_gateways_do_not_give_a_school_more() {
    let (ids, now) = (Ids::counted(), Duration::from_secs(1));
    let (school, elsewhere): (SchoolId, SchoolId) = (ids.next(), ids.next());
    let gateways: Vec<GatewayId> = (0..4).map(|_| ids.next()).collect();
    let set = |id: GatewayId, school| Change::Set { id, school, state: State::Active, partition: 0 };
    let directory = Directory::new(ENTITLEMENT);
    directory.complete_as_of(vec![Some(now)]);
    directory.replace(gateways.iter().map(|id| set(*id, if *id == gateways[3] { elsewhere } else { school })));
    let found: Vec<_> = gateways.iter().map(|id| directory.admit(*id, now).unwrap()).collect();
    // Each a little over its own limit; the third gateway finds the school's used up.
    found[0].charge(2, 0, now);
    found[1].charge(2, 0, now);
    assert_eq!((found[2].rates.check(now), found[2].school.rates.check(now)), (Ok(()), Err(Duration::from_secs(1))));
    assert_eq!(found[3].school.rates.check(now), Ok(()), "another school has its own");
    assert!(Arc::ptr_eq(&found[0].school, &found[2].school));
}

#[test]
fn a_school_without_gateways_is_forgotten() {
    let (ids, now) = (Ids::counted(), Duration::from_secs(1));
    let (first, last, school, elsewhere): (GatewayId, GatewayId, SchoolId, SchoolId) = (ids.next(), ids.next(), ids.next(), ids.next());
    let directory = Directory::new(ENTITLEMENT);
    directory.replace([Change::Set { id: first, school, state: State::Active, partition: 0 }]);
    directory.replace([Change::Set { id: last, school: elsewhere, state: State::Active, partition: 0 }]);
    directory.complete_as_of(vec![Some(now)]);
    let kept: Vec<SchoolId> = directory.known().schools.keys().copied().collect();
    assert_eq!(kept, [elsewhere]);
    assert!(directory.admit(last, now).is_ok());
}

#[test]
fn what_was_sent_while_the_other_replicas_could_not_be_told_is_told_later_only_as_far_as_it_is_owed() {
    let (id, now) = (Ids::counted().next(), Duration::from_secs(1));
    let directory = Directory::new(ENTITLEMENT);
    directory.complete_as_of(vec![Some(now)]);
    directory.replace([set(id, State::Active)]);
    let gateway = directory.admit(id, now).unwrap();
    let owed = |rates: &Rates| (rates.events.take_unsettled(), rates.bytes.take_unsettled());
    gateway.charge(30, 20, now);
    directory.keep_what_is_owed(now + Duration::from_secs(12));
    assert_eq!(owed(&gateway.rates), (Duration::from_secs(18), Duration::from_secs(8)));
    assert_eq!(owed(&gateway.school.rates), (Duration::from_secs(3), Duration::ZERO), "a school works it off twice as fast");

    gateway.charge(1, 1, now + Duration::from_secs(31));
    directory.keep_what_is_owed(now + Duration::from_secs(3_600));
    assert_eq!(owed(&gateway.rates), (Duration::ZERO, Duration::ZERO), "worked off");
}
