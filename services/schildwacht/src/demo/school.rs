//! The schools of the demo whose sensors send: some of those in `content/demo/organisations.json`, by institution number.

use super::{
    eve::{Sensor, Version},
    kind::Kind::{self, AccessPoint, Camera, Chromebook, Desktop, Laptop, Nas, Phone, Printer, Server, Tablet},
};

/// A school and what its network looks like.
#[derive(Debug)]
pub struct School {
    /// Short and stable; names the school in commands.
    pub key: &'static str,
    /// Six digits (instellingsnummer).
    pub institution_number: &'static str,
    /// As people call it.
    pub name: &'static str,
    /// The second part of its addresses, `10.<network>.0.0/16`.
    pub network: u8,
    /// How many devices of each kind.
    pub devices: &'static [(Kind, u8)],
    /// What listens on its network.
    pub sensor: Sensor,
}

/// All of them.
pub const SCHOOLS: &[School] = &[
    School {
        key: "zandloper",
        institution_number: "990101",
        name: "Basisschool De Zandloper",
        network: 21,
        devices: &[
            (Server, 1),
            (Nas, 1),
            (Printer, 2),
            (Camera, 2),
            (AccessPoint, 4),
            (Laptop, 14),
            (Chromebook, 24),
            (Tablet, 16),
            (Phone, 12),
        ],
        sensor: Sensor { version: Version::Seven, interface: "eth1", offset_minutes: None, logs_ethernet: true },
    },
    School {
        key: "sint-barbara",
        institution_number: "990106",
        name: "Technisch Instituut Sint-Barbara",
        network: 22,
        devices: &[
            (Server, 4),
            (Nas, 2),
            (Printer, 6),
            (Camera, 8),
            (AccessPoint, 12),
            (Laptop, 30),
            (Desktop, 44),
            (Chromebook, 20),
            (Phone, 36),
        ],
        sensor: Sensor { version: Version::Six, interface: "enp3s0", offset_minutes: None, logs_ethernet: false },
    },
    School {
        key: "ter-leie",
        institution_number: "990104",
        name: "Lyceum Ter Leie",
        network: 23,
        devices: &[
            (Server, 2),
            (Nas, 1),
            (Printer, 4),
            (Camera, 4),
            (AccessPoint, 8),
            (Laptop, 22),
            (Desktop, 12),
            (Chromebook, 40),
            (Phone, 30),
        ],
        sensor: Sensor { version: Version::Eight, interface: "ens18", offset_minutes: None, logs_ethernet: true },
    },
    School {
        key: "merel",
        institution_number: "990105",
        name: "Atheneum De Merel",
        network: 24,
        devices: &[
            (Server, 3),
            (Nas, 1),
            (Printer, 5),
            (Camera, 6),
            (AccessPoint, 9),
            (Laptop, 26),
            (Desktop, 20),
            (Tablet, 24),
            (Phone, 28),
        ],
        // Its clock was never set: the zone is still that of the factory.
        sensor: Sensor { version: Version::Seven, interface: "bond0", offset_minutes: Some(-6 * 60), logs_ethernet: false },
    },
    School {
        key: "hagelkruis",
        institution_number: "990108",
        name: "Provinciale Tuinbouwschool Het Hagelkruis",
        network: 25,
        devices: &[
            (Server, 2),
            (Nas, 1),
            (Printer, 3),
            (Camera, 3),
            (AccessPoint, 6),
            (Laptop, 18),
            (Desktop, 24),
            (Chromebook, 12),
            (Phone, 16),
        ],
        sensor: Sensor { version: Version::Six, interface: "eth0", offset_minutes: Some(5 * 60 + 30), logs_ethernet: true },
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn schools_are_those_of_the_organisations_and_differ_from_each_other() {
        let keys: BTreeSet<_> = SCHOOLS.iter().map(|school| (school.key, school.institution_number, school.network)).collect();
        assert_eq!(keys.len(), SCHOOLS.len());
        let organisations = include_str!("../../../../content/demo/organisations.json");
        for school in SCHOOLS {
            let known = format!("\"number\": \"{}\", \"name\": \"{}\"", school.institution_number, school.name);
            assert!(organisations.contains(&known), "{} is not among the demo's organisations", school.name);
        }
        assert_eq!(SCHOOLS.iter().map(|school| school.network).collect::<BTreeSet<_>>().len(), SCHOOLS.len());
    }
}
