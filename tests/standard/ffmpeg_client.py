"""A publisher made of FFmpeg's `whip` muxer, by PyAV. See session.py for its command line; of the words of a client it has `media` and
`ended`, as FFmpeg makes the requests itself. What it does that others have to do is told in docs/whip.md."""

import datetime
import math
import sys
import tempfile
import threading
import time
from pathlib import Path

import av
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from session import arguments, say, to_yuv

SIZE = (320, 240)

RATE = 25
"""Pictures a second."""

SAMPLES = 960
"""Of 20 ms of sound."""


def certificate(folder: Path) -> dict[str, str]:
    """A certificate with the curve P-256, as options of the muxer: builds with GnuTLS make one with another curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "publisher")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
    made = made.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    files = {"cert_file": folder / "cert.pem", "key_file": folder / "key.pem"}
    files["cert_file"].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    files["key_file"].write_bytes(key.private_bytes(*pem))
    return {option: str(file) for option, file in files.items()}


def publish(url: str, options: dict[str, str], colour: str, bitrate: int, over: threading.Event) -> None:
    """One colour and a tone of 440 Hz, until it is over."""
    with av.open(url, "w", format="whip", options=options) as out:
        baseline = {"profile": "baseline", "tune": "zerolatency", "preset": "ultrafast", "g": str(RATE), "bf": "0"}
        video = out.add_stream("libx264", rate=RATE, options=baseline)
        video.width, video.height, video.pix_fmt, video.bit_rate = *SIZE, "yuv420p", bitrate
        audio = out.add_stream("libopus", rate=48_000)
        audio.layout = "stereo"
        begun, pictures, sounds = time.monotonic(), 0, 0
        while not over.is_set():
            picture = av.VideoFrame(*SIZE, "yuv420p")
            for plane, value in zip(picture.planes, to_yuv(colour)):
                plane.update(bytes([value]) * plane.buffer_size)
            picture.pts, pictures = pictures, pictures + 1
            out.mux(video.encode(picture))
            while sounds * RATE < pictures * 48_000:
                steps = (2 * math.pi * 440 * (sounds + n) / 48_000 for n in range(SAMPLES))
                wave = (int(8_000 * math.sin(step)).to_bytes(2, "little", signed=True) for step in steps)
                sound = av.AudioFrame(format="s16", layout="stereo", samples=SAMPLES)
                sound.planes[0].update(b"".join(sample * 2 for sample in wave))
                sound.sample_rate, sound.pts, sounds = 48_000, sounds, sounds + SAMPLES
                out.mux(audio.encode(sound))
            if pictures == RATE:
                say("media")
            over.wait(max(0, begun + pictures / RATE - time.monotonic()))


def main() -> None:
    """Publishes until standard input ends."""
    asked = arguments()
    over = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        options = {"whip_flags": "dtls_active", **certificate(Path(folder))}
        if asked.token:
            options["authorization"] = asked.token
        publish(asked.url, options, asked.colour, asked.bitrate, over)
    say("ended")


main()
