/** A person's initials on a colour that always belongs to the address. */
import { h, setText } from '../lib/dom.js';
import { hueOf, initials } from '../lib/format.js';

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */

/** @param {EmailAddress | undefined} address @param {string} [extra] */
export function avatar(address, extra = '') {
  const element = h('span', { class: `avatar ${extra}`.trim(), 'aria-hidden': 'true' });
  setAvatar(element, address);
  return element;
}

/** @param {HTMLElement} element @param {EmailAddress | undefined} address */
export function setAvatar(element, address) {
  setText(element, address ? initials(address) : '?');
  element.style.setProperty('--avatar-hue', String(address ? hueOf(address.email) : 268));
}
