//! Requests made from the descriptors of the `.proto` files, so that a new method or field is tried without a line here; and what each of
//! their fields stands for, which has to be said once.

use std::sync::LazyLock;

use prost::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind as FieldKind, MessageDescriptor, MethodDescriptor, Value,
};

use super::tenant::{Kind, Tenant};

/// What a field stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    /// Something of a tenant.
    For(Kind),
    /// The revision of what the request is about.
    Etag,
    /// No tenant's; as good as any.
    Text(&'static str),
    /// A day from now.
    Tomorrow,
    /// Left out.
    Nothing,
}

/// By `Message.field`, else by `field`. Numbers, switches and the values of enumerations are no tenant's and need no line.
const FIELDS: &[(&str, Stands)] = &[
    ("school_id", Stands::For(Kind::School)),
    ("school_ids", Stands::For(Kind::School)),
    ("site_id", Stands::For(Kind::Site)),
    ("board_id", Stands::For(Kind::Board)),
    ("vendor_id", Stands::For(Kind::Vendor)),
    ("gateway_id", Stands::For(Kind::Gateway)),
    ("gateway_ids", Stands::For(Kind::Gateway)),
    ("contact_id", Stands::For(Kind::Contact)),
    ("appointment_id", Stands::For(Kind::Appointment)),
    ("invitation_id", Stands::For(Kind::Invitation)),
    ("person_id", Stands::For(Kind::Person)),
    ("assignee", Stands::For(Kind::Person)),
    // Of the response team, or nobody: who may assign may see all schools.
    ("AssignCaseRequest.assignee", Stands::Text("me")),
    ("function", Stands::For(Kind::Function)),
    ("case_id", Stands::For(Kind::Case)),
    ("case_ids", Stands::For(Kind::Case)),
    ("alert_id", Stands::For(Kind::Alert)),
    ("alerts", Stands::For(Kind::Alerts)),
    ("device_id", Stands::For(Kind::Device)),
    ("suppression_id", Stands::For(Kind::Suppression)),
    ("override_id", Stands::For(Kind::Override)),
    ("erasure_id", Stands::For(Kind::Erasure)),
    ("dead_letter_id", Stands::For(Kind::DeadLetter)),
    ("dead_letter_ids", Stands::For(Kind::DeadLetter)),
    ("request_id", Stands::For(Kind::Request)),
    ("query", Stands::For(Kind::Name)),
    ("page_token", Stands::For(Kind::PageToken)),
    // Of the link in a mail, which is for anyone who has it.
    ("token", Stands::Text("0000000000000000000000000000000000000000000")),
    ("etag", Stands::Etag),
    ("expire_time", Stands::Tomorrow),
    ("ProposeOverrideRequest.end_time", Stands::Tomorrow),
    ("ends_before_time", Stands::Nothing),
    ("start_time", Stands::Nothing),
    ("end_time", Stands::Nothing),
    ("confirm_before_time", Stands::Nothing),
    ("opened_after", Stands::Nothing),
    ("acr", Stands::Text("urn:schildwacht:aal2")),
    ("service", Stands::Text("network-monitor")),
    ("signature_id", Stands::Text("suricata:1:2027865")),
    ("email", Stands::Text("iemand@school.example")),
    ("name", Stands::Text("Nieuw")),
    ("phone", Stands::Text("09 374 12 34")),
    // Of the vendor of tenant 800, so that it is taken each time.
    ("enterprise_number", Stands::Text("0000.080.073")),
    ("domain", Stands::Text("leermaat.example")),
    ("security_contact", Stands::Text("security@leermaat.example")),
    ("text", Stands::Text("Een woord.")),
    ("reason", Stands::Text("Een reden.")),
    ("tlp", Stands::Text("TLP:AMBER")),
    ("chunk", Stands::Nothing),
];

/// Where in a request something of a tenant is named: the names of the fields that lead there.
pub type Position = Vec<String>;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap());

/// Every method of every service.
pub fn methods() -> Vec<MethodDescriptor> {
    POOL.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// `/schildwacht.identity.v1.GatewayService/EnrolGateway`.
pub fn path_of(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// What a field stands for; a field that may name something and has no line is an error of the test.
fn stands_for(field: &FieldDescriptor) -> Stands {
    let full = format!("{}.{}", field.parent_message().name(), field.name());
    let rule = |name: &str| FIELDS.iter().find(|(named, _)| *named == name).map(|(_, stands)| *stands);
    match field.kind() {
        FieldKind::String | FieldKind::Bytes | FieldKind::Message(_) => rule(&full)
            .or_else(|| rule(field.name()))
            .unwrap_or_else(|| panic!("{full} may name something of a tenant; say in FIELDS (tenancy/request.rs) what it stands for")),
        _ => Stands::Nothing,
    }
}

/// Whether its fields are looked at, rather than itself.
fn inner(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    let known = FIELDS.iter().any(|(name, _)| *name == field.name());
    match field.kind() {
        FieldKind::Message(message) if !known => Some(message),
        _ => None,
    }
}

/// Everywhere in a request where something of a tenant can be named.
pub fn positions(message: &MessageDescriptor) -> Vec<(Position, Kind)> {
    message
        .fields()
        .flat_map(|field| {
            let at = |rest: Position| [vec![field.name().to_owned()], rest].concat();
            match inner(&field) {
                Some(message) => positions(&message).into_iter().map(|(rest, kind)| (at(rest), kind)).collect(),
                None => match stands_for(&field) {
                    Stands::For(kind) => vec![(at(Vec::new()), kind)],
                    _ => Vec::new(),
                },
            }
        })
        .collect()
}

/// A request in which everything is `own`'s, but for what is named at `position`: that is `other`'s, and so is the etag that goes with it.
pub fn request(message: &MessageDescriptor, own: &Tenant, position: &[String], other: &Tenant) -> Vec<u8> {
    build(message, own, position, other).encode_to_vec()
}

fn build(message: &MessageDescriptor, own: &Tenant, position: &[String], other: &Tenant) -> DynamicMessage {
    let mut built = DynamicMessage::new(message.clone());
    let leads_to = |field: &FieldDescriptor| position.first().is_some_and(|name| name == field.name());
    // Of each choice the first, unless the position says another.
    let is_taken = |field: &FieldDescriptor| match field.containing_oneof() {
        None => true,
        Some(choice) if choice.fields().any(|one| leads_to(&one)) => leads_to(field),
        Some(choice) => choice.fields().next().as_ref() == Some(field),
    };
    for field in message.fields().filter(is_taken) {
        let here = leads_to(&field);
        if let Some(inner) = inner(&field) {
            let rest = if here { &position[1..] } else { &[] };
            built.set_field(&field, Value::Message(build(&inner, own, rest, other)));
            continue;
        }
        let value = match stands_for(&field) {
            Stands::For(kind) => value_of(&field, kind, if here { other } else { own }),
            Stands::Etag => {
                let subject = message.fields().find_map(|field| match stands_for(&field) {
                    Stands::For(kind) if own.etags.contains_key(&kind) => Some((kind, if leads_to(&field) { other } else { own })),
                    _ => None,
                });
                let (kind, tenant) = subject.unwrap_or_else(|| panic!("what is the etag of {} of?", message.full_name()));
                Some(Value::String(tenant.etags[&kind].clone()))
            }
            Stands::Text(text) => Some(Value::String(text.to_owned())),
            Stands::Tomorrow => Some(Value::Message(tomorrow(&field, own))),
            Stands::Nothing => first_value(&field),
        };
        if let Some(value) = value {
            built.set_field(&field, value);
        }
    }
    built
}

fn value_of(field: &FieldDescriptor, kind: Kind, tenant: &Tenant) -> Option<Value> {
    if kind == Kind::Alerts {
        let FieldKind::Message(message) = field.kind() else { panic!("{} are messages", field.full_name()) };
        let alerts = tenant
            .alerts
            .iter()
            .map(|alert| Value::Message(DynamicMessage::decode(message.clone(), alert.encode_to_vec().as_slice()).unwrap()));
        return Some(Value::List(alerts.collect()));
    }
    let one = Value::String(tenant.id(kind)?.to_owned());
    Some(if field.cardinality() == Cardinality::Repeated { Value::List(vec![one]) } else { one })
}

/// Of an enumeration the first that says something; nothing of the rest, and nothing that would narrow a list.
fn first_value(field: &FieldDescriptor) -> Option<Value> {
    match field.kind() {
        FieldKind::Enum(values) if !field.parent_message().name().starts_with("List") => {
            values.values().map(|value| value.number()).find(|number| *number > 0).map(Value::EnumNumber)
        }
        _ => None,
    }
}

fn tomorrow(field: &FieldDescriptor, own: &Tenant) -> DynamicMessage {
    let FieldKind::Message(message) = field.kind() else { panic!("{} is a moment", field.full_name()) };
    let moment = prost_types::Timestamp { seconds: own.tomorrow.timestamp(), nanos: 0 };
    DynamicMessage::decode(message, moment.encode_to_vec().as_slice()).unwrap()
}
