//! Which addresses a call may connect to: public ones, and what the target's configuration names. Pure. Names are
//! resolved in `resolver`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A block of addresses, as in `10.20.0.0/16`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// The text is not a block of addresses.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("is not a block of addresses such as 10.20.0.0/16, fd00:1::/32 or 10.1.2.3")]
pub struct BadNetwork;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Network, BadNetwork> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let whole = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => whole,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().map_err(|_| BadNetwork)?
            }
            Some(_) => return Err(BadNetwork),
        };
        if prefix > whole {
            return Err(BadNetwork);
        }
        Ok(Network { address, prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl Network {
    const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Network {
        Network {
            address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
            prefix,
        }
    }

    const fn v6(high: u16, next: u16, third: u16, prefix: u8) -> Network {
        Network {
            address: IpAddr::V6(Ipv6Addr::new(high, next, third, 0, 0, 0, 0, 0)),
            prefix,
        }
    }

    /// The machine itself, in both families.
    pub const LOOPBACK: [Network; 2] = [
        Network::v4(127, 0, 0, 0, 8),
        Network {
            address: IpAddr::V6(Ipv6Addr::LOCALHOST),
            prefix: 128,
        },
    ];

    /// Whether it contains an address.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => same_start(
                u128::from(net.to_bits()) << 96,
                u128::from(address.to_bits()) << 96,
                self.prefix,
            ),
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                same_start(net.to_bits(), address.to_bits(), self.prefix)
            }
            _ => false,
        }
    }
}

/// Whether two addresses, each beginning at the highest bit, agree in their first `bits` bits.
fn same_start(one: u128, other: u128, bits: u8) -> bool {
    bits == 0 || (one ^ other) >> (128 - u32::from(bits)) == 0
}

/// IPv4 blocks that are not public (IANA's registry of special-purpose addresses), and the one public address that
/// a cloud answers its own machines on.
const NOT_PUBLIC_V4: [Network; 17] = [
    Network::v4(0, 0, 0, 0, 8),
    Network::v4(10, 0, 0, 0, 8),
    Network::v4(100, 64, 0, 0, 10),
    Network::v4(127, 0, 0, 0, 8),
    // Link-local; 169.254.169.254 is where clouds keep their machines' credentials.
    Network::v4(169, 254, 0, 0, 16),
    Network::v4(172, 16, 0, 0, 12),
    Network::v4(192, 0, 0, 0, 24),
    Network::v4(192, 0, 2, 0, 24),
    Network::v4(192, 31, 196, 0, 24),
    Network::v4(192, 88, 99, 0, 24),
    Network::v4(192, 168, 0, 0, 16),
    Network::v4(198, 18, 0, 0, 15),
    Network::v4(198, 51, 100, 0, 24),
    Network::v4(203, 0, 113, 0, 24),
    // Azure's address for services to its own machines.
    Network::v4(168, 63, 129, 16, 32),
    Network::v4(224, 0, 0, 0, 4),
    Network::v4(240, 0, 0, 0, 4),
];

/// The IPv6 addresses that are allocated to the public.
const PUBLIC_V6: Network = Network::v6(0x2000, 0, 0, 3);

/// Blocks in [`PUBLIC_V6`] that are not public: protocol assignments with Teredo, documentation, 6to4.
const NOT_PUBLIC_V6: [Network; 4] = [
    Network::v6(0x2001, 0, 0, 23),
    Network::v6(0x2001, 0xdb8, 0, 32),
    Network::v6(0x2002, 0, 0, 16),
    Network::v6(0x3fff, 0, 0, 20),
];

/// Where NAT64 puts IPv4 addresses (RFC 6052): such an address leads to the same host as the one
/// inside it.
const NAT64: Network = Network::v6(0x64, 0xff9b, 0, 96);

/// Whether anybody on the internet may have this address.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(_) => !holds(&NOT_PUBLIC_V4, canonical(address)),
        IpAddr::V6(_) => PUBLIC_V6.holds(address) && !holds(&NOT_PUBLIC_V6, address),
    }
}

/// Whether a call may connect to an address, with these blocks allowed besides the public ones.
#[must_use]
pub fn admits(allowed: &[Network], address: IpAddr) -> bool {
    is_public(address) || holds(allowed, canonical(address))
}

/// The IPv4 address that an IPv6 address stands for (mapped, or in NAT64's well-known block), else the address itself.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if NAT64.holds(address) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other.to_canonical(),
    }
}

fn holds(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.holds(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_ends_of_each_block_are_in_it_and_their_neighbours_are_not() {
        for (block, first, last, before, after) in [
            (
                "10.0.0.0/8",
                "10.0.0.0",
                "10.255.255.255",
                "9.255.255.255",
                "11.0.0.0",
            ),
            (
                "100.64.0.0/10",
                "100.64.0.0",
                "100.127.255.255",
                "100.63.255.255",
                "100.128.0.0",
            ),
            (
                "172.16.0.0/12",
                "172.16.0.0",
                "172.31.255.255",
                "172.15.255.255",
                "172.32.0.0",
            ),
            (
                "192.168.0.0/16",
                "192.168.0.0",
                "192.168.255.255",
                "192.167.255.255",
                "192.169.0.0",
            ),
            (
                "169.254.0.0/16",
                "169.254.0.0",
                "169.254.255.255",
                "169.253.255.255",
                "169.255.0.0",
            ),
            (
                "198.18.0.0/15",
                "198.18.0.0",
                "198.19.255.255",
                "198.17.255.255",
                "198.20.0.0",
            ),
            (
                "2001:db8::/32",
                "2001:db8::",
                "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                "2001:db7:ffff::",
                "2001:db9::",
            ),
        ] {
            let network: Network = block.parse().unwrap();
            assert!(
                network.holds(address(first)) && network.holds(address(last)),
                "{block}"
            );
            assert!(
                !network.holds(address(before)) && !network.holds(address(after)),
                "{block}"
            );
            assert!(
                !is_public(address(first)) && !is_public(address(last)),
                "{block}"
            );
            assert!(
                is_public(address(before)) && is_public(address(after)),
                "{block}"
            );
        }
    }

    #[test]
    fn an_address_inside_another_is_judged_as_itself() {
        for denied in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "::127.0.0.1",
            "::",
            "::1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(address(denied)), "{denied}");
        }
        for public in [
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2606:4700::1",
            "8.8.8.8",
        ] {
            assert!(is_public(address(public)), "{public}");
        }
    }

    #[test]
    fn what_is_allowed_is_admitted_in_every_form() {
        let allowed = ["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()];
        for admitted in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "fd00::7",
            "8.8.8.8",
        ] {
            assert!(admits(&allowed, address(admitted)), "{admitted}");
        }
        for denied in ["10.2.0.1", "127.0.0.1", "::1", "fc00::1"] {
            assert!(!admits(&allowed, address(denied)), "{denied}");
        }
    }

    #[test]
    fn a_block_is_read_strictly() {
        for text in ["10.0.0.0/8", "10.1.2.3", "::/0", "fd00:1::/32", "0.0.0.0/0"] {
            assert!(text.parse::<Network>().is_ok(), "{text}");
        }
        for text in [
            "",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "::/129",
            "localhost",
            "010.0.0.1",
        ] {
            assert_eq!(text.parse::<Network>(), Err(BadNetwork), "{text}");
        }
        let everything: Network = "0.0.0.0/0".parse().unwrap();
        assert!(everything.holds(address("255.255.255.255")));
    }
}
