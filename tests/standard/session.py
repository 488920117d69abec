"""What all clients here share: the requests of WHIP (RFC 9725) and WHEP by the standard library, the words of a client, and colours.

A client prints one object of JSON a line: `answered` (what the server answered an offer with), `media` (what came, or that it goes out),
`ended` (what DELETE was answered with, and what a second one was). It stays until standard input ends.
"""

import argparse
import json
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from urllib.parse import urljoin

SDP = "application/sdp"

PATIENCE = 40
"""Seconds until media has to be there."""

LOUD = 500
"""What a sample of a tone reaches, of 32,767. Silence is coded into a few units."""


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: dict[str, str]
    body: str


def ask(method: str, url: str, token: str | None = None, body: str | None = None) -> Answer:
    """One request."""
    headers = {"content-type": SDP} if body is not None else {}
    if token:
        headers["authorization"] = f"Bearer {token}"
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return Answer(reply.status, lower(reply.headers), reply.read().decode())
    except urllib.error.HTTPError as reply:
        return Answer(reply.code, lower(reply.headers), reply.read().decode())


def lower(headers) -> dict[str, str]:
    """Headers, by their names in small letters."""
    return {name.lower(): value for name, value in headers.items()}


def say(what: str, **details) -> None:
    """One line for whoever started this."""
    print(json.dumps({what: details}), flush=True)


class Session:
    """One session, from the offer to the end."""

    def __init__(self, url: str, token: str | None) -> None:
        self.url, self.token, self.resource = url, token, None

    def open(self, offer: str) -> str:
        """Makes the offer and gives the answer; ends the program if there is none."""
        answer = ask("POST", self.url, self.token, offer)
        say("answered", status=answer.status, headers=answer.headers, body=answer.body)
        if answer.status != 201:
            sys.exit(0)
        self.resource = urljoin(self.url, answer.headers["location"])
        return answer.body

    def end(self) -> None:
        """Ends it if it ever began, and asks whether it is ended."""
        if self.resource is None:
            return
        ended = ask("DELETE", self.resource, self.token)
        say("ended", status=ended.status, again=ask("DELETE", self.resource, self.token).status)


def arguments() -> argparse.Namespace:
    """The command line of a client."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["publish", "watch"])
    parser.add_argument("url", help="of the room's WHIP or WHEP endpoint")
    parser.add_argument("--token")
    parser.add_argument("--address", default="127.0.0.1", help="of this machine, for media; GStreamer takes all but loopback")
    parser.add_argument("--colour", default="30,170,50", help="red,green,blue of what is published")
    parser.add_argument("--codec", default="vp8", choices=["vp8", "h264"])
    parser.add_argument("--bitrate", type=int, default=500_000, help="of the picture, in bits a second")
    parser.add_argument("--noise", action="store_true", help="publishes noise instead: it takes all the bits there are")
    return parser.parse_args()


def to_yuv(rgb: str) -> tuple[int, int, int]:
    """A colour in BT.601 limited range, as cameras deliver it."""
    r, g, b = (int(part) for part in rgb.split(","))
    return (
        round(16 + (65.738 * r + 129.057 * g + 25.064 * b) / 256),
        round(128 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256),
        round(128 + (112.439 * r - 94.154 * g - 18.285 * b) / 256),
    )


def to_rgb(y: int, u: int, v: int) -> list[int]:
    """The way back."""
    luma, blue, red = 1.164 * (y - 16), u - 128, v - 128
    parts = (luma + 1.596 * red, luma - 0.392 * blue - 0.813 * red, luma + 2.017 * blue)
    return [min(255, max(0, round(part))) for part in parts]


def loudest(samples: bytes) -> int:
    """The largest of samples of 16 bits."""
    return max((abs(sample) for sample in memoryview(samples).cast("h")), default=0)
