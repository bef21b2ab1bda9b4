//! Devices, read and written for a batch.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    ops::RangeInclusive,
};

use auth::Scope;
use chrono::{DateTime, NaiveDate, Utc};
use runtime::{DeviceId, SchoolId};
use sea_orm::{
    ActiveValue::Set, Condition, ConnectionTrait, QueryOrder as _, QuerySelect as _, entity::prelude::*, sea_query::ExprTrait as _,
};
use storage::{StoreError, StoreResult, Txn, chunks, or_update, within};

use super::{device_address, device_day};
use crate::domain::{
    address,
    device::{Address, CLAIM_LASTS, CLAIM_REACHES_BACK, Claimed, Device, DeviceKey},
    fact::Facts,
    mac::Mac,
    roster::DeviceChange,
    usage::{self, DaySlots},
};

/// Table `device`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: Uuid,
    pub school_id: Uuid,
    /// The hardware address, or the network address of a device without one. Unique within the school.
    pub device_key: String,
    /// JSON lists of facts.
    #[sea_orm(column_type = "Text")]
    pub names: String,
    #[sea_orm(column_type = "Text")]
    pub software: String,
    #[sea_orm(column_type = "Text")]
    pub services: String,
    pub first_seen_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    /// When we last heard of it, whenever that happened.
    pub heard_at: DateTimeUtc,
    /// What lists are sorted by: devices with a name of their own first.
    pub sort_name: String,
    /// Names, addresses and vendor in small letters: searches look in it.
    #[sea_orm(column_type = "Text")]
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Devices {
    Internal: DeviceId, SchoolId;
    Personal: DeviceKey, Names, Software, Services, FirstSeenAt, LastSeenAt, HeardAt, SortName, SearchText;
}}

/// What a batch wants to know of a school's devices.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Devices with these cards.
    pub macs: BTreeSet<Mac>,
    /// Devices known by these addresses only, and those whose cards may have held them.
    pub ips: BTreeSet<IpAddr>,
    /// From the first moment in the batch to the last.
    pub moments: RangeInclusive<DateTime<Utc>>,
    /// Their use is read from this day on.
    pub first_kept: NaiveDate,
}

/// The devices a batch is about. The school must be locked.
pub async fn load(txn: &Txn, school: SchoolId, wanted: &Wanted) -> StoreResult<Vec<Device>> {
    let mut ids: BTreeSet<Uuid> = BTreeSet::new();
    let keys = wanted.macs.iter().copied().map(DeviceKey::Mac).chain(wanted.ips.iter().copied().map(DeviceKey::Ip));
    let mut rows: Vec<Model> = Vec::new();
    for some in chunks(keys.map(|key| key.to_string())) {
        let query = Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(Column::DeviceKey.is_in(some));
        rows.extend(query.all(&**txn).await?);
    }
    ids.extend(rows.iter().map(|row| row.device_id));

    let claimed_until = *wanted.moments.start() - CLAIM_LASTS;
    let claimed_from = *wanted.moments.end() + CLAIM_REACHES_BACK;
    let mut holders: BTreeSet<Uuid> = BTreeSet::new();
    for some in chunks(wanted.ips.iter().map(ToString::to_string)) {
        use device_address::Column;
        let query = device_address::Entity::find()
            .select_only()
            .column(Column::DeviceId)
            .filter(Column::SchoolId.eq(school.as_uuid()))
            .filter(Column::Ip.is_in(some))
            .filter(Column::ClaimedLastAt.gte(claimed_until))
            .filter(Column::ClaimedFirstAt.lte(claimed_from));
        let found: Vec<Uuid> = query.into_tuple().all(&**txn).await?;
        holders.extend(found);
    }
    for some in chunks(holders.difference(&ids).copied()) {
        rows.extend(Entity::find().filter(Column::DeviceId.is_in(some)).all(&**txn).await?);
    }
    let (first, last) = (usage::day_of(*wanted.moments.start()), usage::day_of(*wanted.moments.end()));
    let days = Ord::max(first, wanted.first_kept)..=last;
    with_details(&**txn, rows, Some(&days)).await
}

/// How many devices of a school are kept.
pub async fn count(txn: &Txn, school: SchoolId) -> StoreResult<u32> {
    let count = Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).count(&**txn).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A device of a school within the caller's scope.
pub async fn find(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    id: DeviceId,
) -> StoreResult<Option<Device>> {
    let query = of_school(scope, school).filter(Column::DeviceId.eq(id.as_uuid()));
    let rows = query.all(connection).await?;
    Ok(with_details(connection, rows, None).await?.pop())
}

/// The devices of a school, as far as they are within the caller's scope.
pub(super) fn of_school(scope: &Scope<SchoolId>, school: SchoolId) -> Select<Entity> {
    within(Entity::find(), Column::SchoolId, scope).filter(Column::SchoolId.eq(school.as_uuid()))
}

/// Rows with their addresses and, where days are named, their use on these days.
pub(super) async fn with_details(
    connection: &impl ConnectionTrait,
    rows: Vec<Model>,
    days: Option<&RangeInclusive<NaiveDate>>,
) -> StoreResult<Vec<Device>> {
    let mut addresses: HashMap<Uuid, Vec<Address>> = HashMap::new();
    let mut uses: HashMap<Uuid, BTreeMap<NaiveDate, DaySlots>> = HashMap::new();
    for some in chunks(rows.iter().map(|row| row.device_id)) {
        let found = device_address::Entity::find()
            .filter(device_address::Column::DeviceId.is_in(some.iter().copied()))
            .order_by_desc(device_address::Column::ObservedAt)
            .all(connection)
            .await?;
        for row in found {
            addresses.entry(row.device_id).or_default().push(read_address(row)?);
        }
        let Some(days) = days else { continue };
        let found = device_day::Entity::find()
            .filter(device_day::Column::DeviceId.is_in(some))
            .filter(device_day::Column::Day.between(*days.start(), *days.end()))
            .all(connection)
            .await?;
        for row in found {
            uses.entry(row.device_id).or_default().insert(row.day, DaySlots::from_halves(row.slots_low, row.slots_high));
        }
    }
    let devices = rows.into_iter().map(|row| {
        let (addresses, days) = (addresses.remove(&row.device_id), uses.remove(&row.device_id));
        read(row, addresses.unwrap_or_default(), days.unwrap_or_default())
    });
    devices.collect()
}

/// Writes what a batch changed. The school must be locked.
pub async fn save(txn: &Txn, school: SchoolId, changes: &[DeviceChange]) -> StoreResult<()> {
    let mut devices = Vec::new();
    let mut addresses = Vec::new();
    let mut forgotten_addresses = Vec::new();
    let mut days: BTreeMap<(Uuid, NaiveDate), DaySlots> = BTreeMap::new();
    let mut absorbed: BTreeMap<Uuid, Uuid> = BTreeMap::new();
    for change in changes {
        let (before, device) = match change {
            DeviceChange::Appeared(device) => (None, device),
            DeviceChange::Updated { before, after } => (Some(before.as_ref()), after),
            DeviceChange::Absorbed { from, into } => {
                absorbed.insert(from.as_uuid(), into.as_uuid());
                continue;
            }
        };
        devices.push(write(school, device)?);
        let known: &[Address] = before.map_or(&[], |before| &before.addresses);
        addresses.extend(
            device.addresses.iter().filter(|address| !known.contains(address)).map(|address| write_address(school, device.id, address)),
        );
        for gone in known.iter().filter(|known| device.addresses.iter().all(|address| address.ip != known.ip)) {
            forgotten_addresses
                .push(device_address::Column::DeviceId.eq(device.id.as_uuid()).and(device_address::Column::Ip.eq(gone.ip.to_string())));
        }
        let new_days = device.days.iter().filter(|(day, slots)| before.and_then(|before| before.days.get(*day)) != Some(*slots));
        days.extend(new_days.map(|(day, slots)| ((device.id.as_uuid(), *day), *slots)));
    }

    // A card may take the place of a device known by its address only, under the same key never: so first what goes.
    take_over_days(txn, &absorbed, &mut days).await?;
    for some in chunks(absorbed.into_keys()) {
        Entity::delete_many().filter(Column::DeviceId.is_in(some)).exec(&**txn).await?;
    }
    for some in chunks(forgotten_addresses) {
        let any_of_them = some.into_iter().fold(Condition::any(), Condition::add);
        device_address::Entity::delete_many().filter(any_of_them).exec(&**txn).await?;
    }
    for some in chunks(devices) {
        Entity::insert_many(some)
            .on_conflict(or_update::<Entity>(&[Column::SchoolId, Column::DeviceKey]))
            .exec_without_returning(&**txn)
            .await?;
    }
    for some in chunks(addresses) {
        device_address::Entity::insert_many(some)
            .on_conflict(or_update::<device_address::Entity>(&[device_address::Column::SchoolId]))
            .exec_without_returning(&**txn)
            .await?;
    }
    for some in chunks(days.into_iter().map(|((device, day), slots)| write_day(school, device, day, slots))) {
        device_day::Entity::insert_many(some)
            .on_conflict(or_update::<device_day::Entity>(&[device_day::Column::SchoolId]))
            .exec_without_returning(&**txn)
            .await?;
    }
    Ok(())
}

/// Adds all use of devices that go to what is written of those that stay. The batch knows only the days it touches.
async fn take_over_days(txn: &Txn, absorbed: &BTreeMap<Uuid, Uuid>, days: &mut BTreeMap<(Uuid, NaiveDate), DaySlots>) -> StoreResult<()> {
    let both: BTreeSet<Uuid> = absorbed.iter().flat_map(|(from, into)| [*from, *into]).collect();
    let mut stored: BTreeMap<(Uuid, NaiveDate), DaySlots> = BTreeMap::new();
    for some in chunks(both) {
        let found = device_day::Entity::find().filter(device_day::Column::DeviceId.is_in(some)).all(&**txn).await?;
        stored.extend(found.into_iter().map(|row| ((row.device_id, row.day), DaySlots::from_halves(row.slots_low, row.slots_high))));
    }
    for ((from, day), slots) in &stored {
        let Some(into) = absorbed.get(from) else { continue };
        let of_both = days.entry((*into, *day)).or_default();
        of_both.join(*slots);
        of_both.join(stored.get(&(*into, *day)).copied().unwrap_or_default());
    }
    Ok(())
}

fn write(school: SchoolId, device: &Device) -> StoreResult<ActiveModel> {
    let json = |what: &'static str, facts: &Facts| serde_json::to_string(facts).map_err(|error| StoreError::unreadable(what, error));
    let name = device.display_name().to_lowercase();
    let rank = if device.own_name().is_some() { 0 } else { 1 };
    let mut search_text = device.key.to_string();
    let words = device.names.iter().map(|fact| fact.value.clone());
    let words = words.chain(device.addresses.iter().map(|address| address.ip.to_string())).chain(device.vendor().map(str::to_owned));
    for word in words {
        search_text.push(' ');
        search_text.push_str(&word.to_lowercase());
    }
    Ok(ActiveModel {
        device_id: Set(device.id.as_uuid()),
        school_id: Set(school.as_uuid()),
        device_key: Set(device.key.to_string()),
        names: Set(json("device.names", &device.names)?),
        software: Set(json("device.software", &device.software)?),
        services: Set(json("device.services", &device.services)?),
        first_seen_at: Set(device.first_seen),
        last_seen_at: Set(device.last_seen),
        heard_at: Set(device.heard),
        sort_name: Set(format!("{rank} {}", name.chars().take(200).collect::<String>())),
        search_text: Set(search_text),
    })
}

fn write_address(school: SchoolId, device: DeviceId, address: &Address) -> device_address::ActiveModel {
    device_address::ActiveModel {
        device_id: Set(device.as_uuid()),
        ip: Set(address.ip.to_string()),
        school_id: Set(school.as_uuid()),
        source: Set(address.source.to_string()),
        observed_at: Set(address.observed),
        claimed_first_at: Set(address.claimed.map(|claimed| claimed.first)),
        claimed_last_at: Set(address.claimed.map(|claimed| claimed.last)),
    }
}

fn write_day(school: SchoolId, device: Uuid, day: NaiveDate, slots: DaySlots) -> device_day::ActiveModel {
    let (low, high) = slots.halves();
    device_day::ActiveModel {
        device_id: Set(device),
        day: Set(day),
        school_id: Set(school.as_uuid()),
        slots_low: Set(low),
        slots_high: Set(high),
        slot_count: Set(slots.count().cast_signed()),
    }
}

fn read(row: Model, addresses: Vec<Address>, days: BTreeMap<NaiveDate, DaySlots>) -> StoreResult<Device> {
    let facts = |what: &'static str, json: &str| serde_json::from_str(json).map_err(|error| StoreError::unreadable(what, error));
    Ok(Device {
        id: row.device_id.into(),
        key: read_key(&row.device_key)?,
        addresses,
        names: facts("device.names", &row.names)?,
        software: facts("device.software", &row.software)?,
        services: facts("device.services", &row.services)?,
        first_seen: row.first_seen_at,
        last_seen: row.last_seen_at,
        heard: row.heard_at,
        days,
    })
}

fn read_key(text: &str) -> StoreResult<DeviceKey> {
    // A network address never reads as a hardware address, nor the other way round: six groups of two digits are no IPv6.
    let key = text.parse().map(DeviceKey::Mac).ok().or_else(|| address::parse(text).map(DeviceKey::Ip));
    key.ok_or_else(|| StoreError::unreadable("device.device_key", "neither a hardware nor a network address"))
}

fn read_address(row: device_address::Model) -> StoreResult<Address> {
    let unreadable = |what| StoreError::unreadable(what, "not one of ours");
    Ok(Address {
        ip: address::parse(&row.ip).ok_or_else(|| unreadable("device_address.ip"))?,
        source: row.source.parse().map_err(|_| unreadable("device_address.source"))?,
        observed: row.observed_at,
        claimed: row.claimed_first_at.zip(row.claimed_last_at).map(|(first, last)| Claimed { first, last }),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_key_survives_its_text(octets: [u8; 6], v4: u32, v6: u128) {
            let keys = [DeviceKey::Mac(Mac::new(octets)), DeviceKey::Ip(IpAddr::V4(v4.into())), DeviceKey::Ip(IpAddr::V6(v6.into()).to_canonical())];
            for key in keys {
                prop_assert_eq!(read_key(&key.to_string()).unwrap(), key);
            }
        }
    }
}
