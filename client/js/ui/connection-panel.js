/**
 * How one's own connection fares: five lines over the last minute, drawn while somebody looks.
 */

import { h } from '../core/dom.js';
import { rateWords } from '../core/rates.js';
import { spoken, word } from '../core/words.js';
import { countsOf, receptionOf } from '../rtc/reception.js';
import { Plot } from './plot.js';

/** @import { Call } from '../call/call.js' */
/** @import { Counts, Reception } from '../rtc/reception.js' */

/** Milliseconds between two looks. */
const EVERY = 1000;

const tenths = new Intl.NumberFormat(spoken, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number} share */
const percentWords = (share) => `${share > 0 && share < 0.1 ? tenths.format(100 * share) : Math.round(100 * share)} %`;

export class ConnectionPanel {
  #call;
  #plots = {
    carries: new Plot(word('plot.carries'), { least: 1_000_000, words: rateWords }),
    rate: new Plot(word('plot.received'), { least: 1_000_000, words: rateWords }),
    loss: new Plot(word('plot.lost'), { least: 0.05, words: percentWords }),
    roundTrip: new Plot(word('plot.round-trip'), {
      least: 100,
      words: (millis) => `${Math.max(1, Math.round(millis))} ms`,
    }),
    frozen: new Plot(word('plot.frozen'), { least: 1, words: (share) => `${Math.round(100 * share)} %` }),
  };
  /** @type {Counts | null} */
  #before = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  element = h('dl', { class: 'plots' }, ...Object.values(this.#plots).map((plot) => plot.element));

  /** @param {Call} call */
  constructor(call) {
    this.#call = call;
  }

  /** Looks from now on, or no more: a look costs a report of every line. @param {boolean} looks */
  set looks(looks) {
    clearInterval(this.#timer);
    this.#before = null;
    if (!looks) return;
    this.#timer = setInterval(() => void this.#look(), EVERY);
    void this.#look();
  }

  async #look() {
    const stats = await this.#call.stats();
    const now = stats ? countsOf(performance.now(), stats.values()) : null;
    const reception = this.#before && now ? receptionOf(this.#before, now, this.#call.movingLines()) : null;
    if (this.#before || !now) this.#show(reception);
    this.#before = now;
  }

  /** @param {Reception | null} reception */
  #show(reception) {
    this.#plots.carries.add(this.#call.downlink);
    this.#plots.rate.add(reception?.rate ?? null);
    this.#plots.loss.add(reception?.loss ?? null);
    this.#plots.roundTrip.add(reception?.roundTrip ?? null);
    this.#plots.frozen.add(reception?.frozen ?? null);
  }
}
