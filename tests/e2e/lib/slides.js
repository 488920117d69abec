/** What people share in the tests: slides with an edge of another colour, so that one sees if the edge is cut off. */

import { COLOURS } from './colours.js';

export const EDGE = COLOURS.yellow ?? [];
export const MIDDLE = COLOURS.magenta ?? [];

const rgb = (/** @type {readonly number[]} */ colour) => `rgb(${colour.join(' ')})`;

/** A page that moves a little, and sounds on the left once it is clicked. */
export const SLIDES = `<!doctype html>
  <title></title>
  <style>
    body { margin: 0; height: 100vh; background: ${rgb(EDGE)} }
    #middle { position: fixed; inset: 8vh 8vw; background: ${rgb(MIDDLE)} }
    #move { position: fixed; left: 10vw; bottom: 10vh; width: 6vw; height: 6vh; background: white;
      animation: move 1s steps(10) infinite alternate }
    @keyframes move { to { transform: translateX(60vw) } }
  </style>
  <div id="middle"></div>
  <div id="move"></div>
  <script>
    onclick = () => {
      const sound = new AudioContext();
      const tone = sound.createOscillator();
      const both = sound.createChannelMerger(2);
      tone.connect(both, 0, 0);
      both.connect(sound.destination);
      tone.start();
    };
  </script>`;
