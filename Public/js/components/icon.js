/** Icons of the sprite. They are decoration: what a control does is said by its label. */
import { svg } from '../lib/dom.js';

/**
 * @param {string} name  a symbol of icons/sprite.svg
 * @param {string} [extra]  more classes
 */
export function icon(name, extra = '') {
  return svg('svg', { class: `icon ${extra}`.trim(), 'aria-hidden': 'true', focusable: 'false' },
    svg('use', { href: `/icons/sprite.svg#${name}` }));
}

/**
 * Changes which symbol an icon shows.
 * @param {SVGSVGElement} element
 * @param {string} name
 */
export function setIcon(element, name) {
  const href = `/icons/sprite.svg#${name}`;
  const use = /** @type {SVGUseElement} */ (element.firstElementChild);
  if (use.getAttribute('href') !== href) use.setAttribute('href', href);
}
