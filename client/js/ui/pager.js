/**
 * Turns the pages of a stage with more people than fit.
 */

import { h, icon } from '../core/dom.js';
import { word } from '../core/words.js';

export class Pager {
  #words = h('span', { class: 'page' });
  #back = turner('back', word('view.page.before'), () => this.#turn(-1));
  #on = turner('on', word('view.page.next'), () => this.#turn(1));
  element = h(
    'nav',
    { class: 'pager', 'aria-label': word('view.pages'), hidden: true },
    this.#back,
    this.#words,
    this.#on,
  );
  #turned;
  #page = 0;
  #pages = 1;

  /** @param {(page: number) => void} turned */
  constructor(turned) {
    this.#turned = turned;
  }

  /**
   * @param {number} page From 0.
   * @param {number} pages
   */
  show(page, pages) {
    this.#page = page;
    this.#pages = pages;
    this.element.hidden = pages < 2;
    this.#words.textContent = word('view.page', { n: page + 1, of: pages });
    // Not disabled: what has the focus keeps it.
    this.#back.setAttribute('aria-disabled', String(page === 0));
    this.#on.setAttribute('aria-disabled', String(page === pages - 1));
  }

  /** @param {number} by */
  #turn(by) {
    const page = this.#page + by;
    if (page >= 0 && page < this.#pages) this.#turned(page);
  }
}

/**
 * @param {string} kind
 * @param {string} name
 * @param {() => void} turn
 */
function turner(kind, name, turn) {
  const button = h('button', { type: 'button', class: `turn ${kind}`, 'aria-label': name, title: name }, icon('next'));
  button.addEventListener('click', turn);
  return button;
}
