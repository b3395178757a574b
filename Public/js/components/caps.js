/** Keys as they stand on the keyboard. */
import { h } from '../lib/dom.js';
import { keyCaps } from '../lib/keys.js';

/** @param {string} keys */
export function caps(keys) {
  return h('span', { class: 'caps' }, keyCaps(keys).map((stroke) => stroke.map((cap) => h('kbd', null, cap))));
}
