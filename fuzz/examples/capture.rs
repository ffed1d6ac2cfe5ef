//! Makes seeds from messages of a real kernel and a real xenstored; `fuzz/capture` runs it.
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

/// The ip(8) commands of each capture.
const EVENTS: [(&str, &[&str]); 6] = [
    (
        "veth",
        &[
            "link add va type veth peer name vb",
            "link set va up",
            "link set vb up",
            "addr add 192.0.2.1/24 dev va",
            "addr add 192.0.2.2/24 dev va",
            "addr del 192.0.2.1/24 dev va",
            "link del va",
        ],
    ),
    (
        "bridge",
        &[
            "link add vn type veth peer name vo",
            "link add top0 type bridge",
            "link set vn master top0 up",
            "link set top0 up",
            "addr add 198.51.100.1/24 dev top0",
            "link set vn nomaster",
            "link del top0",
        ],
    ),
    (
        "macvlan",
        &[
            "link add vn type veth peer name vo",
            "link add link vn name vm type macvlan",
            "link set vn up",
            "link set vm up",
            "addr add 203.0.113.1/24 dev vm",
            "link del vm",
        ],
    ),
    (
        "tentative",
        &[
            "link add va type veth peer name vb",
            "link set vb up",
            "link set va up",
            "addr add 2001:db8::1/64 dev va",
            "addr add 2001:db8::2/64 dev va nodad preferred_lft 0",
            "addr del 2001:db8::2/64 dev va",
        ],
    ),
    (
        "point-to-point",
        &[
            "link add vn type veth peer name vo",
            "link set vn up",
            "addr add 192.0.2.1 peer 192.0.2.9/32 dev vn",
            "link set vn down",
            "link set vn name other",
        ],
    ),
    (
        "standing",
        &[
            "link set lo up",
            "link add vn type veth peer name vo",
            "link set vn up",
            "addr add 192.0.2.7/24 dev vn",
            "addr add 2001:db8::7/64 dev vn nodad",
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

/// The events of each scenario, then the dumps and the default route after the last one.
fn rtnetlink(directory: &Path) -> io::Result<()> {
    // RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR
    let groups = Groups::new_groups(&[1, 5, 9]);
    let socket = NlSocket::connect(NlFamily::Route, None, groups)?;
    for (name, commands) in EVENTS {
        for (n, command) in commands.iter().enumerate() {
            let done = Command::new("ip").args(command.split(' ')).status()?;
            assert!(done.success(), "ip {command}");
            let events = waiting(&socket)?;
            if (2..=4096).contains(&events.len()) {
                fs::write(directory.join(format!("{name}-{n}")), events)?;
            }
        }
        if name != "standing" {
            for link in ["va", "vn", "top0", "other"] {
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

/// The unread datagrams, in the format of the target.
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

/// One exchange in the format of the target: the requests, no pieces, and all replies.
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
