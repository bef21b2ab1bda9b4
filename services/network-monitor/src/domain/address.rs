//! Which network addresses can be a device of the school.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address belongs to the school's own side of the line.
///
/// Private (RFC 1918), unique local (RFC 4193) and link-local (RFC 3927, RFC 4291) addresses. Public addresses are never
/// the school's by themselves: the sensor has to say so (Zeek's `local_orig`, DHCP, ARP).
pub fn is_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether one device can have the address: unicast, and neither "this host" nor "nobody yet".
pub fn is_one_device(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            let this_network = v4.octets()[0] == 0;
            let reserved = v4.octets()[0] >= 240;
            !(this_network || reserved || v4.is_multicast() || v4.is_loopback())
        }
        IpAddr::V6(v6) => !(v6.is_unspecified() || v6.is_loopback() || v6.is_multicast()),
    }
}

/// Reads an address as sensors write it: brackets, a zone (`%eth0`) and IPv4 inside IPv6 are undone.
pub fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    let without_zone = bare.split('%').next()?;
    if let Ok(v4) = without_zone.parse::<Ipv4Addr>() {
        return Some(IpAddr::V4(v4));
    }
    without_zone.parse::<Ipv6Addr>().ok().map(|v6| IpAddr::V6(v6).to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        parse(text).unwrap()
    }

    #[test]
    fn only_the_schools_own_side_is_local() {
        for local in
            ["10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.20", "169.254.3.4", "fd00::1", "fe80::1%eth0", "::ffff:10.1.2.3"]
        {
            assert!(is_local(ip(local)), "{local}");
        }
        for other in
            ["8.8.8.8", "172.32.0.1", "192.169.0.1", "224.0.0.251", "255.255.255.255", "0.0.0.0", "127.0.0.1", "ff02::fb", "::", "2a02::1"]
        {
            assert!(!is_local(ip(other)), "{other}");
        }
    }

    #[test]
    fn groups_and_placeholders_are_no_device() {
        for none in ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.251", "239.255.255.250", "255.255.255.255", "::", "::1", "ff02::1"] {
            assert!(!is_one_device(ip(none)), "{none}");
        }
        for one in ["10.0.0.1", "8.8.8.8", "2a02::1", "fe80::1"] {
            assert!(is_one_device(ip(one)), "{one}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "-", "gw1", "10.0.0", "10.0.0.256", "10.0.0.1:53"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
