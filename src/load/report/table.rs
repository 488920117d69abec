//! The result for people: 80 columns.

use std::fmt;

use super::{Arrivals, FREEZE, Mishaps, OneStream, Place, Report, Server, Times, Totals};

/// How many of the worst streams are named.
const WORST: usize = 5;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} in {}, {:.1} s measured",
            self.url,
            many(self.people, "person", "people"),
            many(usize::try_from(self.rooms).unwrap_or(0), "room", "rooms"),
            self.seconds
        )?;
        let kinds = [("video", &self.video), ("audio", &self.audio)];
        let kinds: Vec<_> = kinds.into_iter().filter(|(_, totals)| totals.streams > 0).collect();
        if kinds.is_empty() {
            let why = match (self.publishers, self.subscribers) {
                (0, _) => ": nobody sends (--publishers)",
                (1, 0) => ": nobody is there to receive (--subscribers)",
                _ => "",
            };
            writeln!(f, "\nNothing was received{why}.")?;
        } else {
            counts(f, &kinds)?;
            self.unseen(f)?;
            times(f, &kinds)?;
        }
        if self.blind > 0 {
            writeln!(f, "\n{} saw and heard nothing.", many(self.blind, "person", "people"))?;
        }
        if self.too_much_media > 0 {
            writeln!(
                f,
                "\nThe server dropped media that was more than it asks for ({} told so).",
                many(usize::try_from(self.too_much_media).unwrap_or(usize::MAX), "time", "times")
            )?;
        }
        if let Some(arrivals) = &self.arrivals {
            of_arrivals(f, arrivals)?;
        }
        of_mishaps(f, &self.mishaps)?;
        worst(f, &self.streams)?;
        where_people_are(f, &self.places)?;
        writeln!(f)?;
        if let Some(server) = &self.server {
            of_server(f, server)?;
        }
        if self.server_ended {
            writeln!(f, "Server: its process (--pid) ended while it was measured")?;
        }
        self.of_generator(f)
    }
}

fn many(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

fn counts(f: &mut fmt::Formatter<'_>, kinds: &[(&str, &Totals)]) -> fmt::Result {
    writeln!(
        f,
        "\n{:<6}{:>8}{:>11}{:>10}{:>9}{:>9}{:>8}{:>8}{:>9}",
        "", "streams", "packets/s", "Mbit/s", "loss %", "resent", "reord.", "torn", "freezes"
    )?;
    for (kind, totals) in kinds {
        writeln!(
            f,
            "{kind:<6}{:>8}{:>11.0}{:>10.1}{:>9.3}{:>9}{:>8}{:>8}{:>9}",
            totals.streams,
            totals.packets_per_second,
            totals.bits_per_second / 1_000_000.0,
            totals.loss_percent,
            totals.resent,
            totals.reordered,
            totals.torn,
            totals.freezes
        )?;
    }
    for (_, totals) in kinds.iter().filter(|(_, totals)| totals.freezes > 0) {
        writeln!(
            f,
            "      frozen for {:.1} s in all, {:.0} ms at most (more than {} ms is a freeze)",
            totals.frozen_seconds,
            totals.longest_freeze_ms,
            FREEZE.as_millis()
        )?;
    }
    Ok(())
}

fn times(f: &mut fmt::Formatter<'_>, kinds: &[(&str, &Totals)]) -> fmt::Result {
    writeln!(f, "\n{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}", "ms", "p50", "p95", "p99", "p99.9", "max")?;
    for (kind, totals) in kinds {
        row(f, &format!("{kind} delay"), &totals.delay_ms)?;
        row(f, &format!("{kind} first packet"), &totals.first_packet_ms)?;
        if *kind == "video" {
            row(f, "video first picture", &totals.first_picture_ms)?;
        }
    }
    Ok(())
}

fn row(f: &mut fmt::Formatter<'_>, what: &str, times: &Times) -> fmt::Result {
    let Times { p50, p95, p99, p999, max } = times;
    if *max == 0.0 {
        // There is none: what is measured is a microsecond at least.
        return writeln!(f, "{what:<24}{0:>10}{0:>10}{0:>10}{0:>10}{0:>10}", "-");
    }
    writeln!(f, "{what:<24}{p50:>10.1}{p95:>10.1}{p99:>10.1}{p999:>10.1}{max:>10.1}")
}

fn of_arrivals(f: &mut fmt::Formatter<'_>, told: &Arrivals) -> fmt::Result {
    let Arrivals { people, entered, connected, saw, .. } = told;
    writeln!(
        f,
        "\n{} came while it was measured; {entered} were let in, {connected} connected, {saw} saw:",
        many(*people, "person", "people")
    )?;
    writeln!(f, "{:<24}{:>10}{:>10}{:>10}{:>10}{:>10}", "ms", "p50", "p95", "p99", "p99.9", "max")?;
    row(f, "let in", &told.entered_ms)?;
    row(f, "connected", &told.connected_ms)?;
    row(f, "first picture", &told.first_picture_ms)
}

fn of_mishaps(f: &mut fmt::Formatter<'_>, mishaps: &Mishaps) -> fmt::Result {
    let Mishaps { sockets, connections, refused, first_refusal } = mishaps;
    if sockets + connections + refused > 0 {
        writeln!(
            f,
            "\n{sockets} sockets and {connections} connections ended, {refused} requests were refused."
        )?;
    }
    first_refusal.iter().try_for_each(|text| writeln!(f, "  The first: {text}"))
}

/// Which of the server's addresses people send to, and what they get there.
fn where_people_are(f: &mut fmt::Formatter<'_>, places: &[Place]) -> fmt::Result {
    if places.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\n{:<26}{:>7}{:>7}{:>8}{:>10}{:>7}{:>7}{:>8}",
        "where people are", "people", "send", "streams", "Mbit/s", "p50", "p99", "max, ms"
    )?;
    for Place { address, people, publishers, video, audio } in places {
        let totals = if video.streams > 0 { video } else { audio };
        let Times { p50, p99, max, .. } = totals.delay_ms;
        writeln!(
            f,
            "{:<26}{people:>7}{publishers:>7}{:>8}{:>10.1}{p50:>7.2}{p99:>7.2}{max:>8.1}",
            address.to_string(),
            totals.streams,
            totals.bits_per_second / 1_000_000.0
        )?;
    }
    Ok(())
}

/// Those who lost most, were torn or froze.
fn worst(f: &mut fmt::Formatter<'_>, streams: &[OneStream]) -> fmt::Result {
    let mut bad: Vec<&OneStream> = streams
        .iter()
        .filter(|stream| stream.totals.lost + stream.totals.torn + stream.totals.freezes > 0)
        .collect();
    bad.sort_by(|a, b| {
        let key = |one: &OneStream| (one.totals.freezes, one.totals.torn, one.totals.lost);
        key(b).cmp(&key(a))
    });
    if bad.is_empty() {
        return Ok(());
    }
    writeln!(
        f,
        "\nThe worst of {} with loss, torn frames or freezes:",
        many(bad.len(), "stream", "streams")
    )?;
    writeln!(
        f,
        "{:<6}{:>6}{:>8}{:>8}{:>10}{:>9}{:>8}{:>9}{:>14}",
        "", "room", "from", "to", "lost", "loss %", "torn", "freezes", "longest, ms"
    )?;
    for OneStream { kind, room, from, to, totals } in bad.into_iter().take(WORST) {
        writeln!(
            f,
            "{kind:<6}{room:>6}{from:>8}{to:>8}{:>10}{:>9.3}{:>8}{:>9}{:>14.0}",
            totals.lost, totals.loss_percent, totals.torn, totals.freezes, totals.longest_freeze_ms
        )?;
    }
    Ok(())
}

fn of_server(f: &mut fmt::Formatter<'_>, server: &Server) -> fmt::Result {
    let mebi = |bytes: u64| bytes as f64 / (1_024.0 * 1_024.0);
    writeln!(
        f,
        "Server, process {}: {:.1} us of CPU a packet, {:.0} % of a core",
        server.pid, server.micros_per_packet, server.cpu_percent
    )?;
    writeln!(
        f,
        "  {:.0} MiB in memory, {:.2} MiB more for each person",
        mebi(server.resident_bytes),
        mebi(server.bytes_per_person)
    )?;
    match server.datagrams_per_call {
        Some(datagrams) => writeln!(f, "  {datagrams:.1} datagrams in each call that sends"),
        None => writeln!(f, "  it tells no numbers (its flag --metrics): datagrams a call are not known"),
    }
}

impl Report {
    /// Pictures of which nothing was shown: without it they would look as if nothing was wrong with them.
    fn unseen(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_unseen = |stream: &&OneStream| stream.kind == "video" && stream.totals.frames == 0;
        match self.streams.iter().filter(is_unseen).count() {
            0 => Ok(()),
            unseen => {
                writeln!(f, "      {unseen} of {} streams of video showed no picture", self.video.streams)
            }
        }
    }

    fn of_generator(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = &self.generator;
        let cpu = own.cpu_percent.map_or("an unknown share".to_owned(), |percent| format!("{percent:.0} %"));
        writeln!(
            f,
            "Generator: {cpu} of a core for {:.0} datagrams/s, {:.1} in each call that receives;\
             \n  packets left {:.1} ms late at p99, its longest turn took {:.1} ms",
            own.datagrams_per_second, own.datagrams_per_receive_call, own.late_p99_ms, own.longest_turn_ms
        )?;
        if own.bottlenecks.is_empty() {
            return writeln!(f, "  It was not the bottleneck.");
        }
        writeln!(f, "  IT WAS THE BOTTLENECK, so what is above says more of it than of the server:")?;
        own.bottlenecks.iter().try_for_each(|why| writeln!(f, "  - {why}"))
    }
}
