//! Kinds of devices, and what goes with each.

/// What a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Server,
    Nas,
    Printer,
    Camera,
    AccessPoint,
    /// Of a teacher or of the office.
    Laptop,
    /// In a computer room.
    Desktop,
    Chromebook,
    Tablet,
    /// Of a person: it hides its address behind a random one.
    Phone,
}

impl Kind {
    /// On day and night.
    pub const fn is_always_on(self) -> bool {
        matches!(self, Self::Server | Self::Nas | Self::Printer | Self::Camera | Self::AccessPoint)
    }

    /// Follows the pupils' lessons rather than the staff's working day.
    pub const fn is_for_pupils(self) -> bool {
        matches!(self, Self::Desktop | Self::Chromebook | Self::Tablet)
    }

    /// The third part of its address: each group has its own network.
    pub const fn vlan(self) -> u8 {
        match self {
            Self::Server | Self::Nas => 10,
            Self::Laptop => 20,
            Self::Desktop | Self::Chromebook | Self::Tablet => 30,
            Self::Printer | Self::Camera | Self::AccessPoint => 40,
            Self::Phone => 50,
        }
    }

    /// Address blocks of makers of such devices, as the IEEE gives them out.
    pub const fn blocks(self) -> &'static [[u8; 3]] {
        match self {
            Self::Server => &[[0xac, 0xb4, 0x80], [0x00, 0x50, 0x56], [0xec, 0x1b, 0x5f]],
            Self::Nas => &[[0x90, 0x09, 0xd0], [0x00, 0x11, 0x32]],
            Self::Printer => &[[0x94, 0xdd, 0xf8], [0x6c, 0xf2, 0xd8], [0x58, 0x38, 0x79]],
            Self::Camera => &[[0xb8, 0xa4, 0x4f], [0xe8, 0x27, 0x25]],
            Self::AccessPoint => &[[0x84, 0x78, 0x48], [0x9c, 0x05, 0xd6]],
            Self::Laptop => &[[0xd0, 0xc1, 0xb5], [0x2c, 0x58, 0xb9], [0xc4, 0xef, 0xbb], [0xe8, 0xf6, 0x73]],
            Self::Desktop => &[[0x24, 0x6a, 0x0e], [0x10, 0x98, 0x19]],
            Self::Chromebook => &[[0x94, 0xbb, 0x43], [0x24, 0xb2, 0xb9], [0x08, 0xa1, 0x36]],
            Self::Tablet => &[[0xf0, 0x27, 0xa0], [0xc8, 0x1f, 0xe8]],
            Self::Phone => &[],
        }
    }
}
