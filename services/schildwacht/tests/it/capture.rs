//! A capture as tcpdump writes it, of traffic that is made up here frame by frame, for a real sensor to read.

use std::net::Ipv4Addr;

/// An end of a conversation.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    pub mac: [u8; 6],
    pub ip: Ipv4Addr,
}

/// Who says a part of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const BROADCAST: Host = Host { mac: [0xff; 6], ip: Ipv4Addr::BROADCAST };

/// Between two frames.
const STEP_MICROS: u64 = 5_000;

/// Frames, each a little after the one before.
#[derive(Debug)]
pub struct Capture {
    bytes: Vec<u8>,
    at_micros: u64,
}

impl Capture {
    /// Begins so many microseconds after 1970.
    pub fn begin(at_micros: u64) -> Self {
        // pcap 2.4 in the writer's byte order: no zone, no accuracy, frames of at most 64 KiB, Ethernet.
        let header = [0xa1b2_c3d4, 0x0004_0002, 0, 0, 65_535, 1_u32];
        Self { bytes: header.into_iter().flat_map(u32::to_le_bytes).collect(), at_micros }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// A device asks for an address by DHCP, saying its name and its vendor class, and is given it.
    pub fn lease(&mut self, device: Host, server: Host, name: &str, vendor_class: &str) {
        const REQUEST: u8 = 3;
        const ACK: u8 = 5;
        let unknown = Ipv4Addr::UNSPECIFIED;
        let said =
            [option(53, &[REQUEST]), option(50, &device.ip.octets()), option(12, name.as_bytes()), option(60, vendor_class.as_bytes())];
        let request = bootp(1, unknown, device, &said.concat());
        self.datagram(Host { ip: unknown, ..device }, 68, BROADCAST, 67, &request);
        let given = [option(53, &[ACK]), option(54, &server.ip.octets()), option(51, &86_400_u32.to_be_bytes())];
        let ack = bootp(2, device.ip, device, &given.concat());
        self.datagram(server, 67, device, 68, &ack);
    }

    /// A device asks which card has an address, and is answered.
    pub fn arp(&mut self, asking: Host, asked: Host) {
        let packet = |operation: u8, from: Host, to_mac: [u8; 6], to: Ipv4Addr| {
            // Of Ethernet and IPv4.
            let header = [0, 1, 8, 0, 6, 4, 0, operation];
            [&header[..], &from.mac, &from.ip.octets(), &to_mac, &to.octets()].concat()
        };
        self.frame(asking.mac, BROADCAST.mac, 0x0806, &packet(1, asking, [0; 6], asked.ip));
        self.frame(asked.mac, asking.mac, 0x0806, &packet(2, asked, asking.mac, asking.ip));
    }

    pub fn datagram(&mut self, from: Host, from_port: u16, to: Host, to_port: u16, content: &[u8]) {
        let length = u16::try_from(8 + content.len()).unwrap();
        // Without a checksum, as UDP allows.
        let header = [from_port, to_port, length, 0].map(u16::to_be_bytes).concat();
        self.packet(from, to, UDP, &[&header, content].concat());
    }

    /// A whole TCP connection, from the handshake to both ends' farewell.
    pub fn conversation(&mut self, client: Host, port: u16, server: Host, server_port: u16, said: &[(Side, Vec<u8>)]) {
        const FIN_ACK: u8 = 0x11;
        const SYN: u8 = 0x02;
        const SYN_ACK: u8 = 0x12;
        const ACK: u8 = 0x10;
        const PUSH_ACK: u8 = 0x18;
        let mut sent = [1_000_u32, 2_000];
        let mut segment = |side: Side, flags: u8, content: &[u8]| {
            let (from, from_port, to, to_port) = match side {
                Side::Client => (client, port, server, server_port),
                Side::Server => (server, server_port, client, port),
            };
            let (mine, theirs) = if side == Side::Client { (0, 1) } else { (1, 0) };
            let acknowledged = if flags & ACK == 0 { 0 } else { sent[theirs] };
            let ports = [from_port, to_port].map(u16::to_be_bytes).concat();
            let numbers = [sent[mine], acknowledged].map(u32::to_be_bytes).concat();
            // Five words of header, a window of 64 KiB; Suricata is told not to look at checksums.
            let rest = [0x50, flags, 0xff, 0xff, 0, 0, 0, 0];
            self.packet(from, to, TCP, &[&ports[..], &numbers, &rest, content].concat());
            sent[mine] += u32::try_from(content.len()).unwrap() + u32::from(flags & 0x03 != 0);
        };
        segment(Side::Client, SYN, b"");
        segment(Side::Server, SYN_ACK, b"");
        segment(Side::Client, ACK, b"");
        for (side, content) in said {
            segment(*side, PUSH_ACK, content);
            segment(if *side == Side::Client { Side::Server } else { Side::Client }, ACK, b"");
        }
        segment(Side::Client, FIN_ACK, b"");
        segment(Side::Server, FIN_ACK, b"");
        segment(Side::Client, ACK, b"");
    }

    fn packet(&mut self, from: Host, to: Host, protocol: u8, content: &[u8]) {
        let length = u16::try_from(20 + content.len()).unwrap().to_be_bytes();
        let mut header = [0x45, 0, length[0], length[1], 0, 0, 0x40, 0, 64, protocol, 0, 0].to_vec();
        header.extend([from.ip.octets(), to.ip.octets()].concat());
        self.frame(from.mac, to.mac, 0x0800, &[&header, content].concat());
    }

    fn frame(&mut self, from: [u8; 6], to: [u8; 6], kind: u16, content: &[u8]) {
        let frame = [&to[..], &from, &kind.to_be_bytes(), content].concat();
        let length = u32::try_from(frame.len()).unwrap();
        let [seconds, micros] = [self.at_micros / 1_000_000, self.at_micros % 1_000_000].map(|part| u32::try_from(part).unwrap());
        self.bytes.extend([seconds, micros, length, length].into_iter().flat_map(u32::to_le_bytes));
        self.bytes.extend(frame);
        self.at_micros += STEP_MICROS;
    }
}

fn option(code: u8, value: &[u8]) -> Vec<u8> {
    [&[code, u8::try_from(value.len()).unwrap()], value].concat()
}

/// A DHCP message (RFC 2131): `operation` is 1 from a client, 2 from a server.
fn bootp(operation: u8, given: Ipv4Addr, client: Host, options: &[u8]) -> Vec<u8> {
    let mut message = vec![operation, 1, 6, 0, 0x5c, 0x41, 0xd0, 0x01, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend(given.octets());
    message.extend([0; 8]);
    message.extend(client.mac);
    message.resize(236, 0);
    message.extend([0x63, 0x82, 0x53, 0x63]);
    message.extend(options);
    message.push(255);
    message
}

/// A question for an address (RFC 1035), and with `answer` its answer; mDNS writes the same.
pub fn name_lookup(name: &str, answer: Option<Ipv4Addr>) -> Vec<u8> {
    let flags: [u8; 2] = if answer.is_some() { [0x81, 0x80] } else { [0x01, 0x00] };
    let mut message = [&[0x12, 0x34], &flags[..], &[0, 1, 0, u8::from(answer.is_some()), 0, 0, 0, 0]].concat();
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).unwrap());
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    if let Some(ip) = answer {
        // The name asked for, an address of the internet, for a minute.
        message.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        message.extend(ip.octets());
    }
    message
}

/// What is said until a TLS 1.3 handshake is over (RFC 8446), with the server's name in the clear and the rest as good as encrypted.
pub fn tls_handshake(server_name: &str) -> [(Side, Vec<u8>); 3] {
    const CIPHER: [u8; 2] = [0x13, 0x01];
    const TLS_1_3: [u8; 2] = [3, 4];
    let name = with_length(&[&[0][..], &with_length(server_name.as_bytes())].concat());
    let offered = extension(43, &[&[2][..], &TLS_1_3].concat());
    let client_extensions = with_length(&[extension(0, &name), offered].concat());
    let client = [&[3, 3][..], &[7; 32], &[0], &with_length(&CIPHER), &[1, 0], &client_extensions].concat();
    let server = [&[3, 3][..], &[9; 32], &[0], &CIPHER, &[0], &with_length(&extension(43, &TLS_1_3))].concat();
    let hello = |kind: u8, hello: &[u8]| record(22, &[&[kind, 0][..], &with_length(hello)].concat());
    let rest = [record(20, &[1]), record(23, &[5; 64])].concat();
    [(Side::Client, hello(1, &client)), (Side::Server, [hello(2, &server), rest.clone()].concat()), (Side::Client, rest)]
}

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3][..], &with_length(content)].concat()
}

fn extension(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[0, kind][..], &with_length(content)].concat()
}

fn with_length(content: &[u8]) -> Vec<u8> {
    [&u16::try_from(content.len()).unwrap().to_be_bytes(), content].concat()
}
