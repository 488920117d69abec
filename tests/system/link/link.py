"""A line between two network namespaces: carries packets from one TUN device to the other as a real line would.

Usage: link.py HOUSE STREET

Makes the two devices, says `{}` when both are there (whoever called may then move one into another namespace), and carries
IPv4 between them until its standard input ends. Each line there is a JSON object with what changes, of the way from STREET to
HOUSE (`down`) and back (`up`), and is answered by one line with what was counted on both ways. Needs root.
"""

import fcntl
import json
import os
import select
import struct
import sys
import time

from line import Line

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
"""linux/if_tun.h: packets without a frame, and without four bytes before each."""

LARGEST = 65_535
"""No packet is larger."""

NICE = -10
"""A line does not wait for a machine that is busy."""


def open_device(name: str) -> int:
    """A new TUN device of this namespace, which is there for as long as it is open."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


def read_all(device: int, line: Line) -> None:
    """What waits at a device goes onto its line."""
    while True:
        try:
            packet = os.read(device, LARGEST)
        except (BlockingIOError, InterruptedError):
            return
        # What a kernel says by itself to its neighbours is IPv6.
        if packet[0] >> 4 == 4:
            line.take(time.monotonic(), packet)


def write(device: int, packet: bytes) -> None:
    """A packet arrives; nowhere, if the device is down."""
    try:
        os.write(device, packet)
    except OSError:
        pass


def obey(lines: dict[str, Line], text: str) -> None:
    """Does what one line of the input asks, and answers it."""
    for way, changes in json.loads(text).items():
        lines[way].change(**changes)
    print(json.dumps({way: line.counts for way, line in lines.items()}), flush=True)


def carry(house: int, street: int) -> None:
    """Carries packets both ways until the input ends."""
    lines = {"down": Line("down"), "up": Line("up")}
    ways = [(street, lines["down"], house), (house, lines["up"], street)]
    asked = b""
    while True:
        nexts = [at for line in lines.values() if (at := line.next()) is not None]
        wait = max(0.0, min(nexts) - time.monotonic()) if nexts else None
        ready = select.select([0, house, street], [], [], wait)[0]
        if 0 in ready:
            more = os.read(0, LARGEST)
            if not more:
                return
            *texts, asked = (asked + more).split(b"\n")
            for text in texts:
                obey(lines, text.decode())
        for source, line, sink in ways:
            if source in ready:
                read_all(source, line)
            for packet in line.arrived(time.monotonic()):
                write(sink, packet)


def main() -> None:
    os.setpriority(os.PRIO_PROCESS, 0, NICE)
    house, street = (open_device(name) for name in sys.argv[1:3])
    print("{}", flush=True)
    carry(house, street)


main()
