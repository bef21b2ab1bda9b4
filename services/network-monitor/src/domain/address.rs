//! Which network addresses can be a device of the school.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::mac::Mac;

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

/// The card in an IPv6 address that was made from it (RFC 4291, appendix A).
pub fn card_in(ip: IpAddr) -> Option<Mac> {
    let IpAddr::V6(v6) = ip else { return None };
    let [.., a, b, c, 0xff, 0xfe, d, e, f] = v6.octets() else { return None };
    Some(Mac::new([a ^ 0b10, b, c, d, e, f])).filter(|mac| mac.is_one_device())
}

/// Whether a device made the IPv6 address up, to be known by it for a day or on this network only (RFC 8981, RFC 7217).
///
/// Nearly every device has several of these beside its IPv4 address, so counting them would list each device many times.
/// Addresses that people give to servers have few digits after the prefix.
pub fn is_made_up(ip: IpAddr) -> bool {
    let IpAddr::V6(v6) = ip else { return false };
    let [.., first, second, _, _] = v6.segments();
    let is_given = first == 0 && second == 0;
    !is_given && card_in(ip).is_none()
}

/// Reads an address as sensors write it: brackets, a zone (`%eth0`) and IPv4 inside IPv6 are undone.
pub fn parse(text: &str) -> Option<IpAddr> {
    // Nearly all are this.
    if let Ok(v4) = text.parse::<Ipv4Addr>() {
        return Some(IpAddr::V4(v4));
    }
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
    fn an_address_made_from_a_card_names_the_card() {
        let mac: Mac = "00:1b:21:0a:bc:de".parse().unwrap();
        for address in ["fe80::21b:21ff:fe0a:bcde", "2a02:2c40::21b:21ff:fe0a:bcde"] {
            assert_eq!(card_in(ip(address)), Some(mac), "{address}");
            assert!(!is_made_up(ip(address)), "{address}");
        }
    }

    #[test]
    fn addresses_made_up_for_privacy_are_told_from_those_of_servers() {
        for made_up in ["fe80::8d1f:33c2:9a01:4410", "2a02:2c40::7c1e:1:2:3", "fd00::1:2:3"] {
            assert!(is_made_up(ip(made_up)), "{made_up}");
        }
        for given in ["fe80::1", "2a02:2c40::17", "fd00::53:1", "10.0.0.5"] {
            assert!(!is_made_up(ip(given)), "{given}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "-", "gw1", "10.0.0", "10.0.0.256", "10.0.0.1:53"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
