use proptest::prelude::*;

use super::*;
use crate::media::rtc::read_check;

const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5_000);
const ID: Transaction = *b"abcdefghijkl";

/// A binding request with these attributes.
fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = [&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &ID].concat();
    for (kind, value) in attributes {
        bytes.extend(kind.to_be_bytes());
        bytes.extend((value.len() as u16).to_be_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    let length = (bytes.len() - HEADER) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// The same with its fingerprint at the end.
fn fingerprinted(attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let with = |value: &[u8]| request(&[attributes, &[(FINGERPRINT, value)]].concat());
    let unsigned = with(&[0; 4]);
    with(&fingerprint(&unsigned[..unsigned.len() - 8]))
}

fn remote(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[test]
fn requests_of_browsers_are_plain() {
    for plain in [
        request(&[]),
        // SOFTWARE, and one of a browser's own.
        request(&[(0x8022, b"some agent"), (0xff00, &[0, 0, 0, 1])]),
        fingerprinted(&[]),
        fingerprinted(&[(0x8022, b"x")]),
    ] {
        assert_eq!(read(&plain), Some(ID), "{plain:02x?}");
    }
}

#[test]
fn nothing_else_is() {
    let mut other = request(&[]);
    other[0..2].copy_from_slice(&[1, 1]);
    let (mut cookie, mut long, mut cut) = (request(&[]), request(&[]), request(&[(0x8022, &[7; 8])]));
    cookie[7] ^= 1;
    long[3] = 4;
    cut.truncate(cut.len() - 4);
    let mut wrong = fingerprinted(&[]);
    *wrong.last_mut().unwrap() ^= 1;
    let early = request(&[(FINGERPRINT, &fingerprint(&fingerprinted(&[])[..HEADER])), (0x8022, &[])]);
    for (what, bytes) in [
        ("an answer, which two servers would send each other for ever", other),
        ("STUN of before there was a cookie", cookie),
        ("longer than it is", long),
        ("cut short", cut),
        ("another fingerprint", wrong),
        ("a fingerprint that is not the last", early),
        ("a user name", request(&[(0x0006, b"them:us")])),
        ("integrity", request(&[(0x0008, &[0; 20])])),
        ("asking for an answer from elsewhere (CHANGE-REQUEST)", request(&[(0x0003, &[0, 0, 0, 6])])),
        ("longer than browsers say anything", request(&[(0x8022, &[7; 120])])),
        ("nothing", Vec::new()),
    ] {
        assert_eq!(read(&bytes), None, "{what}");
    }
}

/// The transaction of the samples of RFC 5769.
const SAMPLE: Transaction = [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

#[test]
fn an_answer_says_the_address_as_others_read_it_and_nothing_else() {
    // RFC 5769 sections 2.2 and 2.3.
    let v4 = [0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43];
    let v6 = [
        [0, 0x20, 0, 20, 0, 2, 0xa1, 0x47],
        [0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79],
        [0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9],
    ];
    for (address, attribute) in
        [("192.0.2.1:32853", &v4[..]), ("[2001:db8:1234:5678:11:2233:4455:6677]:32853", v6.as_flattened())]
    {
        let mut answer = Vec::new();
        write(&SAMPLE, remote(address), &mut answer);
        let header = [1, 1, 0, attribute.len() as u8, 0x21, 0x12, 0xa4, 0x42];
        assert_eq!(answer, [&header[..], &SAMPLE, attribute].concat());
        assert!(answer.len() <= ANSWER);
    }
}

#[test]
fn fingerprints_are_those_of_others() {
    // RFC 5769 section 2.2.
    let sample = [
        &[0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42][..],
        &SAMPLE,
        b"\x80\x22\x00\x0btest vector ",
        &[0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43],
        &[0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3],
        &[0x8c, 0x74, 0x89, 0xf9, 0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7],
    ];
    assert_eq!(fingerprint(&sample.concat()), [0xc0, 0x7d, 0x4c, 0x96]);
}

/// Asks so often in so many milliseconds, and counts the answers.
fn answered(mirror: &mut Mirror, start: Instant, from: &str, times: u32, millis: u32) -> usize {
    let (mut tally, path) = (Tally::default(), Path::udp(remote(from), HERE));
    let at = |number: u32| start + Duration::from_millis(millis.into()) * number / times;
    (0..times).filter(|number| mirror.ask(at(*number), path, ID, &mut tally)).count()
}

#[test]
fn one_source_gets_its_rate_and_others_get_theirs() {
    let limits = Limits::default().with(Limit::StunPerSecondPerAddress, 5);
    let (mut mirror, start) = (Mirror::new(&limits), Instant::now());
    assert_eq!(answered(&mut mirror, start, "192.0.2.7:1000", 100, 0), 50, "ten seconds' worth at once");
    assert_eq!(answered(&mut mirror, start, "192.0.2.7:1001", 100, 0), 0, "from another port, too");
    assert_eq!(answered(&mut mirror, start, "192.0.2.8:1000", 5, 0), 5);
    assert_eq!(answered(&mut mirror, start, "[2001:db8:1:2::7]:1000", 100, 0), 50);
    assert_eq!(answered(&mut mirror, start, "[2001:db8:1:2:ffff::]:1000", 100, 0), 0, "a network is one");
    let later = start + Duration::from_secs(1);
    assert_eq!(answered(&mut mirror, later, "192.0.2.7:1000", 200, 2_000), 14);
}

#[test]
fn all_together_get_what_there_is_and_no_more_waits() {
    let limits = Limits::default().with(Limit::StunPerSecond, 100);
    let (mut mirror, start, mut tally) = (Mirror::new(&limits), Instant::now(), Tally::default());
    let asked = (0..5_000_u32).filter(|number| {
        let from = SocketAddr::from((std::net::Ipv4Addr::from(0x0a00_0000 + number), 1_000));
        mirror.ask(start, Path::udp(from, HERE), ID, &mut tally)
    });
    assert_eq!(asked.count(), 100);
    assert_eq!((tally.count(Limit::StunPerSecond), mirror.cells.len()), (4_900, CELLS));
    let mut out = Vec::new();
    let left = std::iter::from_fn(|| {
        out.clear();
        mirror.poll(&mut out).inspect(|run| assert_eq!((run.segment, out.len()), (32, 32)))
    });
    assert_eq!(left.count(), 100);
    let kept = mirror.answers.capacity();
    assert_eq!(answered(&mut mirror, start + Duration::from_secs(1), "192.0.2.7:1000", 100, 0), 100);
    assert_eq!(mirror.answers.capacity(), kept, "an answer allocates nothing");
}

#[test]
fn a_limit_of_zero_answers_nobody() {
    for limit in [Limit::StunPerSecond, Limit::StunPerSecondPerAddress] {
        let mut mirror = Mirror::new(&Limits::default().with(limit, 0));
        assert_eq!(answered(&mut mirror, Instant::now(), "192.0.2.7:1000", 10, 1_000), 0);
    }
}

proptest! {
    /// Nothing that a connection would take is read as a plain request.
    #[test]
    fn any_bytes_are_read_or_not(mut bytes in prop::collection::vec(any::<u8>(), 0..200), whole in any::<bool>()) {
        if whole && bytes.len() >= HEADER {
            let length = ((bytes.len() - HEADER) as u16).to_be_bytes();
            bytes[..8].copy_from_slice(&[0, 1, length[0], length[1], 0x21, 0x12, 0xa4, 0x42]);
        }
        if read(&bytes).is_some() {
            prop_assert!(bytes.len() <= LONGEST && read_check(&bytes).is_none());
        }
    }

    #[test]
    fn attributes_of_any_kind_and_length_are_plain_if_they_may_be_passed_over(
        attributes in prop::collection::vec((any::<u16>(), prop::collection::vec(any::<u8>(), 0..12)), 0..5),
        fingered in any::<bool>(),
    ) {
        let named: Vec<(u16, &[u8])> = attributes.iter().filter(|it| it.0 != FINGERPRINT).map(|(kind, value)| (*kind, &value[..])).collect();
        let bytes = if fingered { fingerprinted(&named) } else { request(&named) };
        let plain = named.iter().all(|(kind, _)| *kind >= OPTIONAL);
        prop_assert_eq!(read(&bytes).is_some(), plain);
    }

    #[test]
    fn whoever_asks_nobody_gets_more_than_their_rate(asked in prop::collection::vec((0..40_u64, 0..4_u8), 1..1_000)) {
        let limits = Limits::default().with(Limit::StunPerSecondPerAddress, 7).with(Limit::StunPerSecond, 20);
        let (mut mirror, mut now, mut tally) = (Mirror::new(&limits), Instant::now(), Tally::default());
        let (start, mut granted) = (now, [0_u32; 4]);
        for (wait, who) in asked {
            now += Duration::from_millis(wait);
            let path = Path::udp(SocketAddr::from(([192, 0, 2, who], 1_000)), HERE);
            granted[usize::from(who)] += u32::from(mirror.ask(now, path, ID, &mut tally));
            let most = |rate: f64, burst: u32| rate * (f64::from(burst) + (now - start).as_secs_f64()) + 0.01;
            prop_assert!(f64::from(granted[usize::from(who)]) <= most(7.0, SOURCE_AT_ONCE));
            prop_assert!(f64::from(granted.iter().sum::<u32>()) <= most(20.0, ALL_AT_ONCE));
        }
    }
}
