"""A client of WHIP and WHEP made of aiortc. See session.py for its words and its command line."""

import asyncio
import math
import os
import sys
import time

import aioice.ice
import av
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack

from session import LOUD, PATIENCE, Session, arguments, loudest, say, to_rgb, to_yuv

SIZE = (320, 240)

NOISE = (1280, 720)
"""Of pictures that take all the bits there are."""


class Tone(AudioStreamTrack):
    """A tone of 440 Hz."""

    async def recv(self) -> av.AudioFrame:
        frame = await super().recv()
        steps = (2 * math.pi * 440 * (frame.pts + n) / frame.sample_rate for n in range(frame.samples))
        wave = (int(8_000 * math.sin(step)) for step in steps)
        frame.planes[0].update(b"".join(sample.to_bytes(2, "little", signed=True) for sample in wave))
        return frame


class Colour(VideoStreamTrack):
    """Pictures of one colour."""

    def __init__(self, rgb: str) -> None:
        super().__init__()
        self.colour = to_yuv(rgb)

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(*SIZE, "yuv420p")
        for plane, value in zip(frame.planes, self.colour):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


class Noise(VideoStreamTrack):
    """Pictures that no encoder makes small."""

    async def recv(self) -> av.VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = av.VideoFrame(*NOISE, "yuv420p")
        frame.planes[0].update(os.urandom(frame.planes[0].buffer_size))
        frame.pts, frame.time_base = pts, time_base
        return frame


def connection() -> RTCPeerConnection:
    """A connection that gives each line a transport until the answer joins them: with one from the start aiortc takes the candidates
    of the last line, and an answer has them on the first one of a bundle only (RFC 9429, 5.3.1)."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_COMPAT))


async def open_session(pc: RTCPeerConnection, session: Session) -> None:
    """Offers, and takes the answer."""
    await pc.setLocalDescription(await pc.createOffer())
    answer = await asyncio.to_thread(session.open, pc.localDescription.sdp)
    await pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))


def middle(frame: av.VideoFrame) -> list[int]:
    """The colour in the middle of a picture."""
    shape = zip(frame.planes, (1, 2, 2))
    yuv = (bytes(plane)[frame.height // 2 // part * plane.line_size + frame.width // 2 // part] for plane, part in shape)
    return to_rgb(*yuv)


async def see(track: MediaStreamTrack, begun: float) -> dict:
    """The second picture, and when the first one came."""
    await track.recv()
    first = time.monotonic() - begun
    frame = await track.recv()
    return {"colour": middle(frame), "size": [frame.width, frame.height], "first": round(first, 2)}


async def hear(track: MediaStreamTrack) -> dict:
    """Waits for sound that is none but silence."""
    while loudest(bytes((await track.recv()).planes[0])) < LOUD:
        pass
    return {"heard": True}


async def sent(pc: RTCPeerConnection) -> dict:
    """Waits until pictures go out."""
    while True:
        reports = (await pc.getStats()).values()
        if any(report.type == "outbound-rtp" and report.kind == "video" and report.packetsSent > 5 for report in reports):
            return {"sent": True}
        await asyncio.sleep(0.1)


async def main() -> None:
    wanted = arguments()
    # By itself aioice leaves loopback out, which a machine without a network has alone.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [wanted.address]
    session, pc = Session(wanted.url, wanted.token), connection()
    if wanted.what == "publish":
        pc.addTransceiver(Tone(), "sendonly")
        pc.addTransceiver(Noise() if wanted.noise else Colour(wanted.colour), "sendonly")
    else:
        lines = [pc.addTransceiver(kind, "recvonly") for kind in ("audio", "video")]
    begun = time.monotonic()
    await open_session(pc, session)
    if wanted.what == "publish":
        awaited = [sent(pc)]
    else:
        # There is no track before the answer.
        sound, picture = (line.receiver.track for line in lines)
        awaited = [hear(sound), see(picture, begun)]
    details = {}
    for found in await asyncio.wait_for(asyncio.gather(*awaited), PATIENCE):
        details |= found
    say("media", **details)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.to_thread(session.end)
    await pc.close()


if __name__ == "__main__":
    asyncio.run(main())
