//! What a socket sends and receives: several datagrams a call, and what the kernel refuses.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use super::*;

fn receive_all(udp: &mut Udp, wanted: usize) -> Vec<Vec<u8>> {
    let deadline = Instant::now() + Duration::from_secs(5);
    let mut got = Vec::new();
    while got.len() < wanted && Instant::now() < deadline {
        udp.receive(usize::MAX, |_, _, datagram| got.push(datagram.to_vec()));
        std::thread::yield_now();
    }
    got
}

#[test]
fn a_frame_goes_out_in_one_call_and_arrives_as_its_packets() {
    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let to = (Ipv4Addr::LOCALHOST, b.port().expect("bound")).into();
    let mut packets: Vec<Vec<u8>> = (0..20).map(|n| vec![n; 1_200]).collect();
    packets.push(vec![99; 300]);
    a.send(to, Some(Ipv4Addr::LOCALHOST.into()), &packets.concat(), 1_200);
    assert_eq!(receive_all(&mut b, packets.len()), packets);
    assert_eq!(a.counters().sends, 1);
}

/// Where they fit the network, as here, they arrive all the same.
#[test]
fn datagrams_that_no_ethernet_frame_holds_never_leave_as_a_run() {
    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let to = (Ipv4Addr::LOCALHOST, b.port().expect("bound")).into();
    let packets: Vec<Vec<u8>> = (0..5).map(|n| vec![n; 1_453]).collect();
    a.send(to, None, &packets.concat(), 1_453);
    assert_eq!(receive_all(&mut b, packets.len()), packets);
    assert_eq!((a.counters().sends, a.counters().sent), (5, 5));
}

#[test]
fn single_datagrams_for_several_leave_in_one_call_from_the_address_they_are_to_leave_from() {
    for (local, src_ip) in [
        (Ipv4Addr::LOCALHOST.into(), None),
        (Ipv4Addr::LOCALHOST.into(), Some(Ipv4Addr::new(127, 0, 0, 9).into())),
    ] {
        let mut to: [Udp; 3] = std::array::from_fn(|_| Udp::v4(0).expect("a socket"));
        sends_a_batch(Udp::v4(0).expect("a socket"), &mut to, local, src_ip);
    }
    let mut to: [Udp; 3] = std::array::from_fn(|_| Udp::v6(0).expect("a socket"));
    let local = Ipv6Addr::LOCALHOST.into();
    sends_a_batch(Udp::v6(0).expect("a socket"), &mut to, local, Some(local));
}

fn sends_a_batch(mut from: Udp, to: &mut [Udp; 3], local: IpAddr, src_ip: Option<IpAddr>) {
    let mut batch = Batch::new();
    for round in 0..2_u8 {
        for (n, to) in (0_u8..).zip(&*to) {
            let destination = SocketAddr::new(local, to.port().expect("bound"));
            assert!(batch.takes(destination, src_ip));
            batch.push(destination, src_ip, &mut vec![round * 10 + n; 1_000 + usize::from(n)]);
        }
        from.send_batch(&mut batch);
    }
    let counters = from.counters();
    assert_eq!((counters.sent, counters.sends, counters.failed), (6, 2, 0));
    for (n, to) in (0_u8..).zip(to) {
        let (mut got, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(5));
        while got.len() < 2 && Instant::now() < deadline {
            to.receive(usize::MAX, |by, _, datagram| got.push((by.ip(), datagram.to_vec())));
            std::thread::yield_now();
        }
        let packet = |round: u8| (src_ip.unwrap_or(local), vec![round * 10 + n; 1_000 + usize::from(n)]);
        assert_eq!(got, [packet(0), packet(1)]);
    }
}

/// The second of four goes where nothing can go.
#[test]
fn of_a_batch_only_what_the_kernel_refuses_does_not_leave() {
    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let mut batch = Batch::new();
    let port = b.port().expect("bound");
    for (n, port) in [(0, port), (1, 0), (2, port), (3, port)] {
        batch.push((Ipv4Addr::LOCALHOST, port).into(), None, &mut vec![n; 900]);
    }
    a.send_batch(&mut batch);
    assert_eq!(receive_all(&mut b, 3), [vec![0; 900], vec![2; 900], vec![3; 900]]);
    let counters = a.counters();
    assert_eq!((counters.sent, counters.sends, counters.failed), (3, 2, 1));
}

#[test]
fn a_batch_is_full_has_one_address_of_ours_and_one_family() {
    let mut batch = Batch::new();
    let (v4, v6) = ((Ipv4Addr::LOCALHOST, 9).into(), (Ipv6Addr::LOCALHOST, 9).into());
    batch.push(v4, None, &mut vec![1; 100]);
    assert!(batch.takes(v4, None) && !batch.takes(v6, None));
    assert!(!batch.takes(v4, Some(Ipv4Addr::LOCALHOST.into())));
    while batch.takes(v4, None) {
        batch.push(v4, None, &mut vec![1; 100]);
    }
    assert_eq!(batch.iter().count(), crate::worker::batch::MOST);
}

#[test]
fn more_than_one_call_can_hold_is_split() {
    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let to = (Ipv4Addr::LOCALHOST, b.port().expect("bound")).into();
    let packets: Vec<Vec<u8>> = (0..100).map(|n| vec![n; 600]).collect();
    a.send(to, None, &packets.concat(), 600);
    assert_eq!(receive_all(&mut b, 100), packets);
    assert_eq!((a.counters().failed, a.counters().sends), (0, 2), "64 are the most there can be");
}

#[test]
fn a_send_the_kernel_refuses_costs_the_next_one_nothing() {
    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let to = (Ipv4Addr::LOCALHOST, b.port().expect("bound")).into();
    let foreign: IpAddr = Ipv4Addr::new(203, 0, 113, 9).into();
    let packet = vec![7; 1_200];
    a.send(to, Some(foreign), &[packet.as_slice(); 3].concat(), 1_200);
    assert_eq!(a.counters().failed, 3);
    a.send(to, None, &packet, 1_200);
    assert_eq!(receive_all(&mut b, 1).len(), 1);
}

#[cfg(feature = "faults")]
#[test]
fn whatever_error_a_send_ends_with_it_is_counted_and_the_next_one_arrives() {
    use crate::worker::fault::Errno;

    let (mut a, mut b) = (Udp::v4(0).expect("a socket"), Udp::v4(0).expect("a socket"));
    let to = (Ipv4Addr::LOCALHOST, b.port().expect("bound")).into();
    let frame = vec![5; 1_000];
    for (errno, moved) in [
        (Errno::Enetunreach, UdpCounters { failed: 3, unreachable: 3, ..UdpCounters::default() }),
        (Errno::Eperm, UdpCounters { failed: 3, forbidden: 3, ..UdpCounters::default() }),
        (Errno::Emsgsize, UdpCounters { failed: 3, too_large: 3, ..UdpCounters::default() }),
        (Errno::Eio, UdpCounters { failed: 3, ..UdpCounters::default() }),
        (Errno::Eagain, UdpCounters { dropped: 3, ..UdpCounters::default() }),
    ] {
        a.counters = UdpCounters::default();
        // One for the call with all three, and one for each alone; a full queue is not tried again.
        a.failing().sends(errno, if errno == Errno::Eagain { 1 } else { 4 });
        a.send(to, None, &[frame.as_slice(); 3].concat(), 1_000);
        assert_eq!(a.counters(), moved, "{errno:?}");
        a.send(to, None, &[frame.as_slice(); 3].concat(), 1_000);
        assert_eq!(receive_all(&mut b, 3).len(), 3, "{errno:?}");
        assert_eq!(a.counters().sends, 1, "{errno:?}: segmentation is as it was");
    }
}

#[test]
fn segmentation_that_a_bad_destination_switched_off_comes_back() {
    let mut a = Udp::v4(0).expect("a socket");
    let packet = vec![7; 1_000];
    let nowhere = (Ipv4Addr::LOCALHOST, 0).into();
    a.send(nowhere, None, &[packet.as_slice(); 3].concat(), 1_000);
    assert_eq!(a.state.max_gso_segments(), 1, "the library gave it up");
    let now = Instant::now();
    a.maintain(now);
    a.maintain(now + REVIVE_AFTER);
    assert_eq!((a.state.max_gso_segments(), a.counters().revived), (a.most_segments, 1));
}
