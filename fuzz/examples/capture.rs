//! Makes seeds out of what a real kernel and a real xenstored say; run by `fuzz/capture`.
//!
//!     capture rtnetlink DIRECTORY    runs ip(8), so in a network namespace of its own
//!     capture xenstore SOCKET FILE   speaks to the xenstored at a socket, as dom0

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::{env, fs, io};

use neli::consts::socket::{Msg, NlFamily};
use neli::socket::NlSocket;
use neli::utils::Groups;

/// What happens in each capture: commands of ip(8).
const EVENTS: [(&str, &[&str]); 6] = [
    (
        "veth",
        &[
            "link add a type veth peer name b",
            "link set a up",
            "link set b up",
            "addr add 192.0.2.1/24 dev a",
            "addr add 192.0.2.2/24 dev a",
            "addr del 192.0.2.1/24 dev a",
            "link del a",
        ],
    ),
    (
        "bridge",
        &[
            "link add n type dummy",
            "link add br type bridge",
            "link set n master br up",
            "link set br up",
            "addr add 198.51.100.1/24 dev br",
            "link set n nomaster",
            "link del br",
        ],
    ),
    (
        "macvlan-and-vlan",
        &[
            "link add n type dummy",
            "link add link n name m type macvlan",
            "link add link n name v type vlan id 7",
            "link set n up",
            "link set m up",
            "addr add 203.0.113.1/24 dev m",
            "link del v",
        ],
    ),
    (
        "tentative",
        &[
            "link add a type veth peer name b",
            "link set b up",
            "link set a up",
            "addr add 2001:db8::1/64 dev a",
            "addr add 2001:db8::2/64 dev a nodad preferred_lft 0",
            "addr del 2001:db8::2/64 dev a",
        ],
    ),
    (
        "point-to-point",
        &[
            "link add n type dummy",
            "link set n up",
            "addr add 192.0.2.1 peer 192.0.2.9/32 dev n",
            "link set n down",
            "link set n name other",
        ],
    ),
    (
        "standing",
        &[
            "link set lo up",
            "link add n type dummy",
            "link set n up",
            "addr add 192.0.2.7/24 dev n",
            "addr add 2001:db8::7/64 dev n nodad",
            "route add default via 192.0.2.254",
        ],
    ),
];

fn main() -> io::Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["rtnetlink", directory] => rtnetlink(Path::new(directory)),
        ["xenstore", socket, file] => xenstore(Path::new(socket), Path::new(file)),
        _ => Err(io::Error::other("rtnetlink DIRECTORY | xenstore SOCKET FILE")),
    }
}

/// The events of each scenario, then dumps and the way out as they are with the last one standing.
fn rtnetlink(directory: &Path) -> io::Result<()> {
    // RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR
    let groups = Groups::new_groups(&[1, 5, 9]);
    let socket = NlSocket::connect(NlFamily::Route, None, groups)?;
    for (name, commands) in EVENTS {
        for command in commands {
            let done = Command::new("ip").args(command.split(' ')).status()?;
            assert!(done.success(), "ip {command}");
        }
        fs::write(directory.join(format!("events-of-{name}")), waiting(&socket)?)?;
        if name != "standing" {
            for link in ["a", "n", "m", "br", "other"] {
                Command::new("ip")
                    .args(["link", "del", link])
                    .stderr(std::process::Stdio::null())
                    .status()?;
            }
            waiting(&socket)?;
        }
    }
    // RTM_GETLINK and RTM_GETADDR with NLM_F_DUMP, RTM_GETROUTE to 192.88.99.1.
    let dump = [0; 16];
    let route = [2, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 1, 0, 192, 88, 99, 1];
    let mut all = vec![255];
    for (kind, flags, body) in [(18, 0x301, &dump[..]), (22, 0x301, &dump), (26, 1, &route)] {
        let mut request = (16 + body.len() as u32).to_ne_bytes().to_vec();
        request.extend([kind, 0]);
        request.extend(u16::to_ne_bytes(flags));
        request.extend([1, 0, 0, 0, 0, 0, 0, 0]);
        request.extend(body);
        socket.send(request, Msg::empty())?;
        all.extend(waiting(&socket)?.split_off(1));
    }
    fs::write(directory.join("dumps-and-route"), all)
}

/// The datagrams that wait, as the target reads them.
fn waiting(socket: &NlSocket) -> io::Result<Vec<u8>> {
    let (mut seed, mut buffer) = (vec![255], vec![0; 32 * 1024]);
    loop {
        match socket.recv(&mut buffer[..], Msg::DONTWAIT) {
            Ok((length, _)) => {
                seed.extend((length as u16).to_le_bytes());
                seed.extend(&buffer[..length]);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(seed),
            Err(error) => return Err(error),
        }
    }
}

/// One exchange: what was asked, no pieces, and all that the store said.
fn xenstore(socket: &Path, file: &Path) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    let exchange: [(u8, u32, &[u8]); 9] = [
        (2, 4, b"/seed\0token\0"),
        (1, 2, b"/seed/absent\0"),
        (3, 11, b"/seed/a\x001"),
        (3, 11, b"/seed/b/c\x00two words"),
        (1, 2, b"/seed/b/c\0"),
        (0, 1, b"/seed\0"),
        (1, 2, b"/seed/not.legal\0"),
        (4, 13, b"/seed\0"),
        (0, 1, b"/seed\0"),
    ];
    let (mut operations, mut said) = (Vec::new(), Vec::new());
    for (id, (operation, kind, payload)) in (1_u32..).zip(exchange) {
        let header = [kind, id, 0, payload.len() as u32].map(u32::to_ne_bytes).concat();
        stream.write_all(&[&header, payload].concat())?;
        operations.push(operation);
        loop {
            let mut header = [0; 16];
            stream.read_exact(&mut header)?;
            let length = u32::from_ne_bytes(header[12..].try_into().unwrap());
            let mut payload = vec![0; length as usize];
            stream.read_exact(&mut payload)?;
            said.extend(header);
            said.extend(payload);
            if header[..4] != 15_u32.to_ne_bytes() {
                break;
            }
        }
    }
    operations.push(6);
    fs::write(file, [&[operations.len() as u8][..], &operations, &[0], &said].concat())
}
