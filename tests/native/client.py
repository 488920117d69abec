"""One native participant (aiortc): joins a room, publishes a tone (Opus) and a green picture (VP8), and waits for somebody else's.

Usage: client.py SERVER_URL ROOM NAME ADDRESS

SERVER_URL is the address of the WebSocket; ADDRESS is the only local address that ICE may use, so that it decides the
family. Prints one line of JSON when it has seen and heard the other: what came, and the addresses in use.
"""

import asyncio
import json
import math
import sys
from fractions import Fraction

import aioice.ice
import av
import websockets
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, MediaStreamTrack, VideoStreamTrack

PICTURES = 20
"""Decoded pictures of the other that are enough."""

SOUNDS = 50
"""Decoded frames of the other's sound, of 20 ms each."""

PATIENCE = 50
"""Seconds for everything."""

RATE = 48_000


class Tone(AudioStreamTrack):
    """A tone of 440 Hz."""

    async def recv(self) -> av.AudioFrame:
        silence = await super().recv()
        samples = silence.samples
        wave = (int(8_000 * math.sin(2 * math.pi * 440 * (silence.pts + n) / silence.sample_rate)) for n in range(samples))
        frame = av.AudioFrame(format="s16", layout="mono", samples=samples)
        frame.planes[0].update(b"".join(sample.to_bytes(2, "little", signed=True) for sample in wave))
        frame.pts, frame.sample_rate = silence.pts, silence.sample_rate
        frame.time_base = Fraction(1, silence.sample_rate)
        return frame


async def receive(track: MediaStreamTrack, count: int) -> tuple[int, bool]:
    """Takes `count` frames of a track: how many came, and whether anything was in them."""
    anything = False
    for _ in range(count):
        frame = await track.recv()
        plane = bytes(frame.planes[0])
        anything = anything or any(byte != plane[0] for byte in plane[:512])
    return count, anything


class Participant:
    """The connection of one person, and what came on it."""

    def __init__(self) -> None:
        # An answer names candidates on the first line of a bundle only (RFC 9429, 5.3.1). Where lines share a transport from
        # the start, aiortc takes those of the last; here each has one of its own until the answer joins them.
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_COMPAT))
        self.pc.createDataChannel("ctl")
        self.own = [self.pc.addTransceiver(Tone(), "sendonly"), self.pc.addTransceiver(VideoStreamTrack(), "sendonly")]
        self.slots = [self.pc.addTransceiver(kind, "recvonly") for kind in ("audio", "video")]
        self.answered = asyncio.Event()

    async def offer(self) -> dict:
        """The first offer, with what its lines are."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        kinds = ("audio", "video")
        return {
            "type": "offer",
            "id": 1,
            "fresh": True,
            "sdp": self.pc.localDescription.sdp,
            "tracks": [{"mid": line.mid, "stream": "camera", "kind": kind} for line, kind in zip(self.own, kinds)],
            "slots": [{"mid": line.mid, "kind": kind, "slot": 0} for line, kind in zip(self.slots, kinds)],
        }

    async def answer(self, sdp: str) -> None:
        """Takes the server's answer."""
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
        self.answered.set()

    async def sees_and_hears(self) -> dict:
        """Waits for the other, and tells what came and by which addresses."""
        await self.answered.wait()
        sound, picture = (line.receiver.track for line in self.slots)
        (sounds, loud), (pictures, _) = await asyncio.gather(receive(sound, SOUNDS), receive(picture, PICTURES))
        ice = self.own[0].sender.transport.transport
        pair = ice._connection._nominated[1]
        return {
            "sounds": sounds,
            "loud": loud,
            "pictures": pictures,
            "local": pair.local_candidate.host,
            "remote": pair.remote_candidate.host,
        }


async def take_part(url: str, room: str, name: str) -> None:
    """Joins, and stays until standard input ends, so that the other is seen and heard for long enough, too."""
    # The server wants to know whose page it is, also of who has none.
    origin = url.replace("ws", "http", 1).removesuffix("/ws")
    async with websockets.connect(url, origin=origin) as socket:
        await socket.send(json.dumps({"type": "join", "room": room, "name": name}))
        person = Participant()

        async def listen() -> None:
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "welcome":
                    await socket.send(json.dumps(await person.offer()))
                elif message["type"] == "answer":
                    await person.answer(message["sdp"])
                elif message["type"] == "error":
                    raise RuntimeError(f"the server says {text}")

        listening = asyncio.create_task(listen())
        seen = asyncio.create_task(person.sees_and_hears())
        done, _ = await asyncio.wait({listening, seen}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if seen not in done:
            for task in done:
                task.result()
            raise TimeoutError(f"{name} did not see and hear the other: {person.pc.connectionState}")
        print(json.dumps(seen.result()), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await socket.send(json.dumps({"type": "leave"}))
        listening.cancel()
        await person.pc.close()


if __name__ == "__main__":
    server, where, who, address = sys.argv[1:]
    # By itself aioice leaves loopback out.
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [address]
    asyncio.run(take_part(server, where, who))
