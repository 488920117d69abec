"""What is asked of a line is what comes out of it, in virtual time: `python3 -m unittest discover tests/system/link`."""

import unittest

from line import Line

PACKET = bytes(1_000)


def line(**settings: float | None) -> Line:
    made = Line("a test")
    made.change(**settings)
    return made


def run(way: Line, packets: int, every: float) -> list[float]:
    """Sends so many, one each `every` seconds, and tells when each arrived."""
    arrivals: list[float] = []
    sent = 0
    while sent < packets or way.next() is not None:
        due = sent * every if sent < packets else None
        at = min(time for time in (due, way.next()) if time is not None)
        if at == due:
            way.take(at, PACKET)
            sent += 1
        arrivals += [at] * len(way.arrived(at))
    return arrivals


class Rate(unittest.TestCase):
    def test_more_than_a_line_carries_leaves_at_its_rate(self) -> None:
        arrivals = run(line(rate=800_000, queue=10), 100, 0.001)
        for one, other in zip(arrivals, arrivals[1:]):
            self.assertAlmostEqual(other - one, 0.01)

    def test_less_than_it_carries_waits_for_its_own_length_only(self) -> None:
        arrivals = run(line(rate=800_000), 100, 0.05)
        for number, arrival in enumerate(arrivals):
            self.assertAlmostEqual(arrival - number * 0.05, 0.01)

    def test_a_line_without_a_limit_holds_nothing_up(self) -> None:
        self.assertEqual(run(line(), 100, 0.001), [number * 0.001 for number in range(100)])

    def test_another_rate_holds_from_the_next_packet_on(self) -> None:
        way = line(rate=80_000, queue=10)
        for _ in range(3):
            way.take(0.0, PACKET)
        way.change(rate=800_000)
        self.assertEqual([len(way.arrived(at)) for at in (0.099, 0.101, 0.109, 0.111, 0.121)], [0, 1, 0, 1, 1])


class Delay(unittest.TestCase):
    def test_everybody_comes_so_much_later(self) -> None:
        for number, arrival in enumerate(run(line(delay=0.02), 50, 0.004)):
            self.assertAlmostEqual(arrival - number * 0.004, 0.02)

    def test_jitter_delays_within_its_bound_and_nobody_overtakes(self) -> None:
        lates = [at - number * 0.1 - 0.02 for number, at in enumerate(run(line(delay=0.02, jitter=0.03), 500, 0.1))]
        self.assertGreaterEqual(min(lates), -1e-9)
        self.assertLessEqual(max(lates), 0.03 + 1e-9)
        self.assertAlmostEqual(sum(lates) / len(lates), 0.015, delta=0.002)
        way = line(delay=0.02, jitter=0.03)
        for number in range(200):
            way.take(number * 0.001, bytes([number]))
        self.assertEqual([packet[0] for packet in way.arrived(10.0)], list(range(200)))


class Loss(unittest.TestCase):
    def test_the_share_that_is_asked_for_is_lost(self) -> None:
        way = line(loss=0.03)
        arrivals = run(way, 10_000, 0.001)
        # Four standard deviations.
        self.assertAlmostEqual(way.counts["lost"], 300, delta=68)
        self.assertEqual(len(arrivals), 10_000 - way.counts["lost"])

    def test_what_is_lost_takes_the_time_of_the_line_all_the_same(self) -> None:
        arrivals = run(line(rate=800_000, loss=0.5, queue=10), 1_000, 0.0)
        self.assertAlmostEqual(arrivals[-1], 10.0, delta=0.1)


class Queue(unittest.TestCase):
    def test_who_would_wait_longer_is_dropped(self) -> None:
        way = line(rate=800_000, queue=0.3)
        arrivals = run(way, 100, 0.0)
        # One that leaves, and 300 ms of others, and the one that came when it was just not more.
        self.assertEqual([len(arrivals), way.counts["dropped"]], [32, 68])
        self.assertAlmostEqual(arrivals[-1], 0.32)

    def test_everybody_is_counted_once(self) -> None:
        way = line(rate=800_000, queue=0.1, loss=0.1)
        run(way, 1_000, 0.005)
        self.assertEqual(way.counts["came"], way.counts["arrived"] + way.counts["lost"] + way.counts["dropped"])
        self.assertEqual(way.counts["bytes"], way.counts["arrived"] * len(PACKET))


class Words(unittest.TestCase):
    def test_a_word_that_a_line_does_not_know_is_an_error(self) -> None:
        self.assertRaises(ValueError, line, speed=1)
