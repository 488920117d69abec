/** A microphone into which somebody speaks: the beeps of a fake one are no speech to anybody. */

/** Stands alone: it runs in the page, before its own scripts. */
export function speak() {
  if (!('MediaDevices' in window)) return;
  const { getUserMedia } = MediaDevices.prototype;
  const voice = () => {
    const context = new AudioContext();
    const out = context.createMediaStreamDestination();
    const tone = new OscillatorNode(context, { type: 'sawtooth', frequency: 180 });
    // Four syllables a second: as loud as the wave below says, which is silent between them.
    const mouth = new GainNode(context, { gain: 0.15 });
    const syllables = new OscillatorNode(context, { frequency: 4 });
    syllables.connect(new GainNode(context, { gain: 0.15 })).connect(mouth.gain);
    tone.connect(mouth).connect(out);
    for (const one of [tone, syllables]) one.start();
    // A page makes no sound before somebody has touched it.
    for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, () => void context.resume(), true);
    return out.stream.getAudioTracks();
  };
  MediaDevices.prototype.getUserMedia = async function spoken(wanted) {
    const asked = await getUserMedia.call(this, wanted);
    const [silent] = asked.getAudioTracks();
    if (!silent) return asked;
    silent.stop();
    return new MediaStream([...asked.getVideoTracks(), ...voice()]);
  };
}
