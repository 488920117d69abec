"""One way of a line: a queue, a rate, a distance, and what is lost on it. It knows no device and no clock: times are
arguments, in seconds."""

from collections import deque
from random import Random


class Line:
    """Packets wait in a queue, leave one after the other at the line's rate, and arrive after its delay, in their order."""

    def __init__(self, seed: str) -> None:
        self.rate: float | None = None
        """Bits a second, of whole IP packets; None is a line without a limit."""
        self.delay = 0.0
        """Seconds on the way."""
        self.jitter = 0.0
        """So many seconds more at most, for each packet anew; who comes behind a late one waits."""
        self.loss = 0.0
        """The share of packets that is lost on the way, each by itself."""
        self.queue = 0.3
        """Who would wait longer than so many seconds for the line is dropped."""
        self.counts = {"came": 0, "bytes": 0, "arrived": 0, "lost": 0, "dropped": 0}
        self._random = Random(seed)
        self._waiting: deque[tuple[float, bytes]] = deque()
        self._waiting_bytes = 0
        self._free = 0.0
        self._travelling: deque[tuple[float, bytes]] = deque()
        self._last = 0.0

    def change(self, **changes: float | None) -> None:
        """From now on it is like this; what already travels arrives as before."""
        for name, value in changes.items():
            if name not in ("rate", "delay", "jitter", "loss", "queue"):
                raise ValueError(f"a line has no {name}")
            setattr(self, name, value)

    def take(self, now: float, packet: bytes) -> None:
        """A packet comes to the line."""
        self._leave(now)
        self.counts["came"] += 1
        if self.rate and self._waiting_bytes * 8 / self.rate > self.queue:
            self.counts["dropped"] += 1
            return
        self._waiting.append((now, packet))
        self._waiting_bytes += len(packet)
        self._leave(now)

    def _leave(self, now: float) -> None:
        """Who waits goes, as far as the line was free for it until now."""
        while self._waiting:
            came, packet = self._waiting[0]
            start = max(self._free, came)
            if start > now:
                return
            self._waiting.popleft()
            self._waiting_bytes -= len(packet)
            self._free = start + (len(packet) * 8 / self.rate if self.rate else 0.0)
            if self._random.random() < self.loss:
                self.counts["lost"] += 1
                continue
            self._last = max(self._last, self._free + self.delay + self._random.uniform(0, self.jitter))
            self._travelling.append((self._last, packet))

    def arrived(self, now: float) -> list[bytes]:
        """Who has arrived by now."""
        self._leave(now)
        packets = []
        while self._travelling and self._travelling[0][0] <= now:
            packets.append(self._travelling.popleft()[1])
        self.counts["arrived"] += len(packets)
        self.counts["bytes"] += sum(map(len, packets))
        return packets

    def next(self) -> float | None:
        """When something happens, if nothing comes."""
        times = [self._travelling[0][0]] if self._travelling else []
        if self._waiting:
            times.append(max(self._free, self._waiting[0][0]))
        return min(times, default=None)
