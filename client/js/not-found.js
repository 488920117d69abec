/**
 * The page of an address at which there is nothing: its words are in the language of who reads them, no more.
 */

import { translate } from './core/words.js';

translate(document);
document.documentElement.toggleAttribute('data-words', true);
