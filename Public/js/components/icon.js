/** Icons of the sprite. They are decoration: what a control does is said by its label. */
import { svg } from '../lib/dom.js';

const SPRITE = '/icons/sprite.svg';
const PREFIX = 'icon-';

/**
 * Takes the sprite into the page, so that icons need no network. By XMLHttpRequest, since that
 * gives a document, where text would have to be parsed.
 * @returns {Promise<void>}
 */
export function loadIcons() {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', SPRITE);
    request.responseType = 'document';
    request.overrideMimeType('image/svg+xml');
    request.onload = () => {
      const symbols = [...request.responseXML?.querySelectorAll('symbol') ?? []].map((symbol) => /** @type {Element} */ (document.importNode(symbol, true)));
      for (const symbol of symbols) symbol.id = PREFIX + symbol.id;
      document.body.append(svg('svg', { class: 'icon-sprite', 'aria-hidden': 'true' }, ...symbols));
      resolve();
    };
    // Without icons the labels remain.
    request.onerror = () => resolve();
    request.send();
  });
}

/**
 * @param {string} name  a symbol of icons/sprite.svg
 * @param {string} [extra]  more classes
 */
export function icon(name, extra = '') {
  return svg('svg', { class: `icon ${extra}`.trim(), 'aria-hidden': 'true', focusable: 'false' },
    svg('use', { href: `#${PREFIX}${name}` }));
}

/**
 * Changes which symbol an icon shows.
 * @param {SVGSVGElement} element
 * @param {string} name
 */
export function setIcon(element, name) {
  const href = `#${PREFIX}${name}`;
  const use = /** @type {SVGUseElement} */ (element.firstElementChild);
  if (use.getAttribute('href') !== href) use.setAttribute('href', href);
}
