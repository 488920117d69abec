use super::*;
use proptest::prelude::*;

const CAMERA: Track = Track { stream: Stream::Camera, kind: Kind::Video };
const VOICE: Track = Track { stream: Stream::Camera, kind: Kind::Audio };
const SCREEN: Track = Track { stream: Stream::Screen, kind: Kind::Video };

/// What a camera is asked for in a small room and in a large one, kbit/s.
const SMALL: [u64; 3] = [150, 900, 1_500];
const LARGE: [u64; 3] = [80, 220, 0];

fn camera(kbps: [u64; 3]) -> TrackRates {
    let layers = Layer::ALL.into_iter().zip(kbps).filter(|(_, rate)| *rate > 0);
    TrackRates { track: CAMERA, layers: layers.map(|(layer, rate)| (layer, Bitrate::kbps(rate))).collect() }
}

fn one(track: Track, kbps: u64) -> TrackRates {
    TrackRates { track, layers: vec![(Layer::High, Bitrate::kbps(kbps))] }
}

/// A person who sends, in virtual time.
struct Sender {
    police: Police,
    start: Instant,
    now: Instant,
    passed: [u64; 3],
    dropped: [u64; 3],
    cuts: Vec<Layer>,
    /// A layer whose frame was passed on in part.
    torn: Vec<Layer>,
    warnings: Vec<(Duration, Warning)>,
}

impl Sender {
    fn asked(rates: Vec<TrackRates>) -> Sender {
        let now = Instant::now();
        let mut police = Police::new(now);
        police.ask(now, rates);
        Sender {
            police,
            start: now,
            now,
            passed: [0; 3],
            dropped: [0; 3],
            cuts: vec![],
            torn: vec![],
            warnings: vec![],
        }
    }

    fn warned(&mut self, warning: Option<Warning>) {
        self.warnings.extend(warning.map(|warning| (self.now - self.start, warning)));
    }

    /// A frame of so many bytes, in packets. Whether its layer waits for a key frame that would be passed on.
    fn frame(&mut self, track: Track, layer: Layer, bytes: usize, key: bool) -> bool {
        let (count, mut passed, mut asks) = (bytes.div_ceil(1_200), 0, false);
        for index in 0..count {
            let size = (bytes - index * 1_200).min(1_200);
            let warning = self.police.datagram(self.now, size, true);
            self.warned(warning);
            let start = index == 0;
            let frame =
                FrameInfo { start, end: index + 1 == count, key: key && start, ..FrameInfo::default() };
            let (verdict, warning) = self.police.packet(self.now, track, layer, size, &frame);
            self.warned(warning);
            let at = layer as usize;
            if verdict == Verdict::Pass {
                self.passed[at] += size as u64;
                passed += 1;
            } else {
                self.dropped[at] += size as u64;
            }
            self.cuts.extend((verdict == Verdict::Cut).then_some(layer));
            asks |= verdict == Verdict::Ask;
        }
        if passed != 0 && passed != count {
            self.torn.push(layer);
        }
        asks
    }

    /// A camera of 30 frames a second at these rates, for so many seconds; each layer that would be passed on again makes a
    /// key frame.
    fn camera(&mut self, kbps: [u64; 3], seconds: u32) {
        let mut keys = [false; 3];
        for _ in 0..30 * seconds {
            for layer in Layer::ALL.into_iter().filter(|layer| kbps[*layer as usize] > 0) {
                let at = layer as usize;
                let bytes = usize::try_from(kbps[at] * 1_000 / 8 / 30).expect("small");
                let key = std::mem::take(&mut keys[at]);
                keys[at] = self.frame(CAMERA, layer, bytes * if key { 2 } else { 1 }, key);
            }
            self.now += Duration::from_micros(33_333);
        }
    }

    fn dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }
}

#[test]
fn a_camera_that_does_what_it_was_asked_is_never_hit_whatever_its_key_frames() {
    for (asked, keys) in [(SMALL, [15_000, 50_000, 120_000]), (LARGE, [6_000, 20_000, 0])] {
        let mut sender = Sender::asked(vec![camera(asked), one(VOICE, 32), one(SCREEN, 2_500)]);
        for number in 0..30 * 60 {
            for layer in Layer::ALL.into_iter().filter(|layer| asked[*layer as usize] > 0) {
                // Everybody else arrives: a key frame of what is shown every 400 ms, then every second; of the others now
                // and then.
                let often = if number < 150 { 12 } else { 30 };
                let key = number % if layer == Layer::Middle { often } else { 150 } == 0;
                // Encoders make up for a key frame with what follows; a fifth more than asked all the same.
                let average = usize::try_from(asked[layer as usize] * 150 / 30).expect("small");
                let bytes = if key { keys[layer as usize] } else { average * 2 / 3 };
                sender.frame(CAMERA, layer, bytes, key);
            }
            sender.frame(VOICE, Layer::High, 250, true);
            if number % 6 == 0 {
                // A page with much on it that is scrolled.
                let key = number % 300 == 0;
                sender.frame(SCREEN, Layer::High, if key { 350_000 } else { 62_500 }, key);
            }
            sender.now += Duration::from_micros(33_333);
        }
        assert_eq!((sender.dropped(), &sender.warnings[..]), (0, &[][..]), "{asked:?}: {:?}", sender.cuts);
    }
}

#[test]
fn the_largest_picture_goes_first_and_no_frame_is_torn() {
    let mut sender = Sender::asked(vec![camera(SMALL)]);
    sender.camera([150, 900, 8_000], 10);
    assert!(
        sender.cuts.iter().all(|layer| *layer == Layer::High) && !sender.cuts.is_empty(),
        "{:?}",
        sender.cuts
    );
    assert_eq!((sender.dropped[0], sender.dropped[1], &sender.torn[..]), (0, 0, &[][..]));
}

#[test]
fn a_layer_that_is_over_is_cut_within_a_tenth_of_a_second_and_comes_back_at_a_key_frame() {
    let mut sender = Sender::asked(vec![camera(SMALL)]);
    sender.camera(SMALL, 1);
    sender.camera([150, 16_500, 1_500], 1);
    assert_eq!((sender.cuts.first(), &sender.torn[..]), (Some(&Layer::Middle), &[][..]));
    // Twice what was asked and what may come at once, of which a frame of 69 kB may be begun.
    assert!(sender.passed[1] < 900_000 / 8 * 3 + LAYER_AT_ONCE + 69_000, "{}", sender.passed[1]);
    sender.camera(SMALL, 2);
    let before = sender.passed[1];
    sender.camera(SMALL, 1);
    assert!(sender.passed[1] - before > 100_000, "it is not back");
}

#[test]
fn padding_counts_and_takes_everything_with_it() {
    let mut sender = Sender::asked(vec![camera(SMALL), one(VOICE, 32)]);
    for _ in 0..300 {
        for _ in 0..50 {
            let warning = sender.police.datagram(sender.now, 1_200, true);
            sender.warned(warning);
        }
        sender.camera(SMALL, 0);
        sender.frame(CAMERA, Layer::Middle, 3_750, false);
        sender.now += Duration::from_micros(33_333);
    }
    assert!(sender.cuts.contains(&Layer::Middle), "14 Mbit/s of padding are nothing");
    assert_eq!(sender.warnings.first().map(|(_, warning)| *warning), Some(Warning::Tell));
}

#[test]
fn whoever_goes_on_is_told_and_then_ended_and_coming_back_changes_nothing() {
    let mut sender = Sender::asked(vec![camera(SMALL)]);
    sender.camera([0, 16_500, 0], 60);
    let (told, ended) = (sender.warnings[0], sender.warnings[1]);
    println!("told after {:?}, ended after {:?}", told.0, ended.0);
    assert!(told.1 == Warning::Tell && told.0 < Duration::from_secs(2), "{told:?}");
    assert!(ended.1 == Warning::End && ended.0 < Duration::from_secs(20), "{ended:?}");
    // A new connection asks for the same.
    let now = sender.now;
    sender.police.ask(now, vec![camera(SMALL)]);
    sender.warnings.clear();
    sender.camera([0, 16_500, 0], 2);
    assert_eq!(
        sender.warnings.first().map(|(_, warning)| *warning),
        Some(Warning::End),
        "no patience is left"
    );
}

#[test]
fn what_was_asked_before_holds_for_three_seconds() {
    let mut sender = Sender::asked(vec![camera(SMALL)]);
    sender.camera(SMALL, 5);
    let now = sender.now;
    sender.police.ask(now, vec![camera(LARGE)]);
    sender.camera(SMALL, 2);
    assert_eq!(sender.dropped(), 0, "the page has not even heard of it");
    sender.camera(SMALL, 10);
    assert!(sender.dropped[2] > 0 && sender.dropped[1] > 0, "it does not hold for ever");
    assert_eq!(sender.dropped[0], 0, "the smallest picture fits, still");
}

#[test]
fn a_page_with_a_dead_socket_is_not_ended_before_it_knows() {
    let mut sender = Sender::asked(vec![camera([150, 700, 1_200])]);
    let now = sender.now;
    sender.police.ask(now, vec![camera([120, 450, 0])]);
    sender.camera([150, 700, 1_200], 35);
    assert_eq!((sender.dropped[0], sender.dropped[1]), (0, 0), "what is shown is shown");
    assert!(sender.warnings.iter().all(|(_, warning)| *warning == Warning::Tell), "{:?}", sender.warnings);
}

#[test]
fn who_was_asked_for_nothing_yet_is_not_judged() {
    let (now, mut police) = (Instant::now(), Police::new(Instant::now()));
    assert_eq!(police.datagram(now, 1_000_000, true), None);
    let verdict = police.packet(now, CAMERA, Layer::High, 1_000_000, &FrameInfo::default());
    assert_eq!(verdict, (Verdict::Pass, None));
}

/// A rate that is allowed, in packets as small as they can be.
#[test]
fn of_packets_that_are_small_no_more_pass_than_make_a_picture_or_a_voice() {
    for (track, asked, most) in [(CAMERA, camera(SMALL), 2_400), (VOICE, one(VOICE, 32), 300)] {
        let mut sender = Sender::asked(vec![asked]);
        let mut passed = 0;
        for _ in 0..150_000 {
            let warning = sender.police.datagram(sender.now, 42, true);
            sender.warned(warning);
            let frame = FrameInfo { start: true, end: true, key: true, ..FrameInfo::default() };
            let (verdict, warning) = sender.police.packet(sender.now, track, Layer::High, 42, &frame);
            sender.warned(warning);
            passed += u32::from(verdict == Verdict::Pass);
            sender.now += Duration::from_micros(100);
        }
        let each_second = passed / 15;
        println!("{each_second} packets a second of 10,000 pass");
        assert!(each_second <= most, "{track:?}: {each_second} packets a second pass");
        assert_eq!(sender.warnings.first().map(|(_, warning)| *warning), Some(Warning::Tell));
    }
}

/// Packets of the smallest picture and of a voice in pieces of 10 ms.
#[test]
fn honest_packets_that_are_small_pass() {
    let mut sender = Sender::asked(vec![camera(LARGE), one(VOICE, 32)]);
    for number in 0..6_000 {
        sender.frame(VOICE, Layer::High, 40, true);
        if number % 3 == 0 {
            sender.frame(CAMERA, Layer::Low, 60, number % 300 == 0);
        }
        sender.now += Duration::from_millis(10);
    }
    assert_eq!((sender.dropped(), &sender.warnings[..]), (0, &[][..]));
}

#[test]
fn a_viewer_who_sends_more_than_reports_is_told_and_ended_and_one_who_reports_is_not() {
    let run = |bytes: usize, times: u32| {
        let (mut now, mut warnings) = (Instant::now(), Vec::new());
        let mut police = Police::new(now);
        for _ in 0..times {
            warnings.extend(police.datagram(now, bytes, false));
            now += Duration::from_millis(10);
        }
        warnings
    };
    // 400 kbit/s for two minutes, and 8 Mbit/s for ten seconds.
    assert!(run(500, 12_000).is_empty());
    let warned = run(10_000, 1_000);
    assert_eq!(warned[..2], [Warning::Tell, Warning::End]);
}

proptest! {
    #[test]
    fn never_more_than_the_rate_and_what_may_come_at_once(
        frames in prop::collection::vec((0_usize..3, 1_usize..200_000, any::<bool>(), 0_u64..80), 1..300),
    ) {
        let mut sender = Sender::asked(vec![camera(SMALL)]);
        for (layer, bytes, key, wait) in frames {
            sender.frame(CAMERA, Layer::ALL[layer], bytes, key);
            sender.now += Duration::from_millis(wait);
            let passed = sender.now - sender.start;
            // A bucket may be owed for a frame that was begun.
            let most = |rate: Bitrate, depth: u64| rate.bytes_in(passed) + 2 * depth + 1_201;
            let (whole, depth) = at_once(&camera(SMALL));
            prop_assert!(sender.passed.iter().sum::<u64>() <= most(whole, depth));
            prop_assert!(sender.passed[1] <= most(Bitrate::kbps(1_800), LAYER_AT_ONCE));
            prop_assert!(sender.passed[0] <= most(Bitrate::kbps(300), LAYER_AT_ONCE));
        }
    }
}
