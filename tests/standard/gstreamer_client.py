"""A client of WHIP and WHEP made of GStreamer's webrtcbin. See session.py for its words and its command line."""

import hashlib
import re
import ssl
import subprocess
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from session import LOUD, PATIENCE, Session, arguments, loudest, say, to_rgb  # noqa: E402

ENCODERS = {
    "vp8": "vp8enc deadline=1 target-bitrate={bitrate} keyframe-max-dist=30 ! rtpvp8pay ! application/x-rtp,media=video,encoding-name=VP8,payload=96",
    "h264": "x264enc tune=zerolatency speed-preset=ultrafast bitrate={kilobits} key-int-max=30 ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay config-interval=-1 aggregate-mode=zero-latency ! application/x-rtp,media=video,encoding-name=H264,payload=96",
}

PUBLISH = """webrtcbin name=rtc bundle-policy=max-bundle
 audiotestsrc is-live=true freq=440 volume=0.3 ! audioconvert ! opusenc ! rtpopuspay
   ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc.
 videotestsrc is-live=true {picture} ! video/x-raw,width=320,height=240,framerate=15/1 ! videoconvert ! {encoder} ! rtc."""

WATCH = "webrtcbin name=rtc bundle-policy=max-bundle"

LINES = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
    "application/x-rtp,media=video,{codec},payload=96,clock-rate=90000,rtcp-fb-nack-pli=true,rtcp-fb-nack=true",
)

DECODES = {
    "vp8": "encoding-name=VP8",
    # Without these it says that it takes packets with one unit alone (RFC 6184, 8.1).
    "h264": "encoding-name=H264,packetization-mode=(string)1,profile-level-id=(string)42e01f,level-asymmetry-allowed=(string)1",
}

SINKS = {
    "video": "videoconvert ! video/x-raw,format=I420 ! appsink name=sink emit-signals=true sync=false",
    "audio": "audioconvert ! audio/x-raw,format=S16LE,layout=interleaved ! appsink name=sink emit-signals=true sync=false",
}


CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=gstreamer -days 2 -keyout - -out -"


class Client:
    """One webrtcbin, and what came of it."""

    def __init__(self, wanted) -> None:
        self.wanted, self.session = wanted, Session(wanted.url, wanted.token)
        self.loop, self.begun = GLib.MainLoop(), time.monotonic()
        self.found, self.lock = {}, threading.Lock()
        parsed = Gst.parse_launch(self.described())
        # Of one element it makes no pipeline.
        self.pipeline = parsed if isinstance(parsed, Gst.Pipeline) else Gst.Pipeline.new()
        if parsed is not self.pipeline:
            self.pipeline.add(parsed)
        self.rtc = self.pipeline.get_by_name("rtc")
        self.certificate = subprocess.run(CERTIFICATE.split(), check=True, capture_output=True, text=True).stdout
        self.pipeline.connect("deep-element-added", self.certify)
        self.rtc.connect("notify::ice-gathering-state", self.gathered)
        self.rtc.connect("notify::connection-state", self.connected)
        self.rtc.connect("pad-added", self.came)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", lambda _, message: self.fail(str(message.parse_error())))
        GLib.timeout_add_seconds(PATIENCE, lambda: self.fail("nothing came in time") if not self.done() else False)

    def certify(self, _, __, element) -> None:
        """Gives what speaks DTLS a certificate with an elliptic curve. Its own has an RSA key, and the server takes none of those."""
        if element.__gtype__.name == "GstDtlsDec":
            element.set_property("pem", self.certificate)

    def certified(self, offer: str) -> str:
        """The offer with the certificate's fingerprint: webrtcbin makes it of all that is in the property, the key as well."""
        own = self.certificate[self.certificate.index("-----BEGIN CERTIFICATE") :]
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(own)).digest().hex(":").upper()
        return re.sub("a=fingerprint:.*", f"a=fingerprint:sha-256 {fingerprint}\r", offer).replace("\r\r", "\r")

    def described(self) -> str:
        """The pipeline in words."""
        if self.wanted.what == "watch":
            return WATCH
        r, g, b = (int(part) for part in self.wanted.colour.split(","))
        picture = f"pattern=solid-color foreground-color={0xFF000000 | r << 16 | g << 8 | b}"
        bitrate = self.wanted.bitrate
        encoder = ENCODERS[self.wanted.codec].format(bitrate=bitrate, kilobits=bitrate // 1_000)
        return PUBLISH.format(picture=picture, encoder=encoder)

    def run(self) -> None:
        """Offers, and goes on until it is done and standard input ended."""
        if self.wanted.what == "watch":
            for line in LINES:
                caps = Gst.Caps.from_string(line.format(codec=DECODES[self.wanted.codec]))
                self.rtc.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        self.rtc.connect("on-negotiation-needed", lambda _: self.offer())
        self.pipeline.set_state(Gst.State.PLAYING)
        threading.Thread(target=self.wait_for_the_end, daemon=True).start()
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)

    def offer(self) -> None:
        """Its own description; what follows waits for the candidates."""

        def made(promise, *_) -> None:
            # The description lives as long as the reply does.
            reply = promise.get_reply()
            offer = reply.get_value("offer")
            self.rtc.emit("set-local-description", offer, Gst.Promise.new())

        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(made))

    def gathered(self, *_) -> None:
        """All candidates are there: asks the server."""
        if self.rtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            threading.Thread(target=self.ask, daemon=True).start()

    def ask(self) -> None:
        try:
            text = self.session.open(self.certified(self.rtc.get_property("local-description").sdp.as_text()))
        except SystemExit:
            self.loop.quit()
            return
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.rtc.emit("set-remote-description", answer, Gst.Promise.new())

    def connected(self, *_) -> None:
        state = self.rtc.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED and self.wanted.what == "publish":
            self.tell(sent=True)

    def came(self, _, pad) -> None:
        """A line brings something: decodes it."""
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        decoder = Gst.ElementFactory.make("decodebin")
        sink = Gst.parse_bin_from_description(SINKS[kind], True)
        sink.get_by_name("sink").connect("new-sample", self.seen if kind == "video" else self.heard)
        decoder.connect("pad-added", lambda _, decoded: decoded.link(sink.get_static_pad("sink")))
        for element in (decoder, sink):
            self.pipeline.add(element)
            element.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def seen(self, sink) -> Gst.FlowReturn:
        sample = sink.emit("pull-sample")
        if "colour" not in self.found:
            shape = sample.get_caps().get_structure(0)
            width, height = shape.get_value("width"), shape.get_value("height")
            self.tell(colour=middle(data(sample), width, height), size=[width, height], first=round(time.monotonic() - self.begun, 2))
        return Gst.FlowReturn.OK

    def heard(self, sink) -> Gst.FlowReturn:
        sample = sink.emit("pull-sample")
        if "heard" not in self.found and loudest(data(sample)) >= LOUD:
            self.tell(heard=True)
        return Gst.FlowReturn.OK

    def done(self) -> bool:
        """All is known."""
        return ({"sent"} if self.wanted.what == "publish" else {"heard", "colour"}) <= self.found.keys()

    def tell(self, **found) -> None:
        """Something is known. When all is it is said, once."""
        with self.lock:
            before = self.done()
            self.found |= found
            if self.done() and not before:
                say("media", **self.found)

    def fail(self, why: str) -> bool:
        print(why, self.found, file=sys.stderr, flush=True)
        self.loop.quit()
        return False

    def wait_for_the_end(self) -> None:
        sys.stdin.read()
        self.session.end()
        self.loop.quit()


def data(sample: Gst.Sample) -> bytes:
    """The bytes of a sample."""
    return sample.get_buffer().extract_dup(0, sample.get_buffer().get_size())


def middle(picture: bytes, width: int, height: int) -> list[int]:
    """The colour in the middle of a picture in I420, whose lines are of a multiple of four bytes."""
    def wide(length: int) -> int:
        return (length + 3) // 4 * 4
    luma, chroma = wide(width), wide((width + 1) // 2)
    down = (height + 1) // 2
    small = (height // 4) * chroma + width // 4
    whole = luma * (height + height % 2)
    return to_rgb(picture[height // 2 * luma + width // 2], picture[whole + small], picture[whole + chroma * down + small])


if __name__ == "__main__":
    Gst.init(None)
    Client(arguments()).run()
