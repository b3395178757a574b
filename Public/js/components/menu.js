/** Menus: a popover with items, moved through by arrows and letters. Also the base of pickers with a filter field. */
import { h, uniqueId } from '../lib/dom.js';
import { keyText } from '../lib/keys.js';
import { icon } from './icon.js';

/**
 * @typedef {object} MenuItem
 * @property {string} label
 * @property {string} [icon]
 * @property {string} [keys]
 * @property {boolean} [checked]  makes it a radio item
 * @property {boolean} [disabled]
 * @property {boolean} [danger]
 * @property {() => void} run
 */
/**
 * `null` is a line between groups; a text is a heading.
 * @typedef {(MenuItem | string | null)[]} MenuItems
 */

/**
 * Opens a menu at an element, or at a point.
 * @param {HTMLElement | { x: number, y: number }} anchor
 * @param {MenuItems} items
 * @param {string} label
 */
export function openMenu(anchor, items, label) {
  const opener = anchor instanceof HTMLElement ? anchor : document.activeElement;
  const menu = h('div', { class: 'menu', role: 'menu', popover: 'auto', id: uniqueId('menu'), 'aria-label': label, tabindex: -1 });
  for (const item of items) menu.append(typeof item === 'string' ? h('div', { class: 'menu-heading', role: 'presentation' }, item) : item ? itemElement(item, close) : h('div', { class: 'menu-line', role: 'separator' }));

  function close() {
    menu.hidePopover();
  }

  menu.addEventListener('toggle', (event) => {
    if (/** @type {any} */ (event).newState !== 'closed') return;
    const hadFocus = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (opener instanceof HTMLElement) {
      opener.removeAttribute('aria-expanded');
      if (hadFocus && opener.isConnected) opener.focus({ preventScroll: true });
    }
  });
  menu.addEventListener('keydown', (event) => moveFocus(menu, event));
  homeOf(opener).append(menu);
  menu.showPopover();
  placeBeside(menu, anchor);
  if (opener instanceof HTMLElement) opener.setAttribute('aria-expanded', 'true');
  (focusable(menu)[0] ?? menu).focus({ preventScroll: true });
  return { close };
}

/**
 * Where what floats belongs in the document: the landmark, or the dialog, of what opened it.
 * @param {Element | null} opener
 */
export function homeOf(opener) {
  return opener?.closest('dialog, .topbar, aside, main') ?? document.body;
}

/** @param {MenuItem} item @param {() => void} close */
function itemElement(item, close) {
  return h('button', {
    type: 'button',
    class: ['menu-item', item.danger && 'menu-item-danger'],
    role: item.checked === undefined ? 'menuitem' : 'menuitemradio',
    'aria-checked': item.checked === undefined ? null : String(item.checked),
    disabled: item.disabled,
    tabindex: -1,
    on: { click: () => { close(); item.run(); } },
  }, icon(item.checked ? 'check' : item.icon ?? 'blank'), h('span', { class: 'menu-label' }, item.label), item.keys ? h('kbd', { class: 'menu-keys', 'aria-hidden': 'true' }, keyText(item.keys)) : null);
}

/** @param {HTMLElement} menu @returns {HTMLElement[]} */
function focusable(menu) {
  return [...menu.querySelectorAll(/** @type {'button'} */ ('.menu-item:not(:disabled)'))];
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function moveFocus(menu, event) {
  const items = focusable(menu);
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const steps = /** @type {Record<string, number>} */ ({ ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 });
  if (event.key in steps) {
    event.preventDefault();
    items[(steps[event.key] + items.length) % items.length]?.focus();
  } else if (event.key === 'Tab') {
    event.preventDefault();
    menu.hidePopover();
  } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
    const letter = event.key.toLocaleLowerCase();
    const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    order.find((item) => item.textContent?.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  }
  event.stopPropagation();
}

/**
 * Puts a floating element below its anchor, or above it where there is no room, within the window.
 * @param {HTMLElement} element
 * @param {HTMLElement | { x: number, y: number }} anchor
 */
export function placeBeside(element, anchor) {
  const gap = 4;
  const margin = 8;
  const box = anchor instanceof HTMLElement ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const { offsetWidth: width, offsetHeight: height } = element;
  const isRightToLeft = document.documentElement.dir === 'rtl';
  const start = isRightToLeft ? box.right - width : box.left;
  const other = isRightToLeft ? box.left : box.right - width;
  const fits = (/** @type {number} */ x) => x >= margin && x + width <= innerWidth - margin;
  const left = fits(start) ? start : fits(other) ? other : Math.max(margin, Math.min(start, innerWidth - width - margin));
  const below = box.bottom + gap;
  const top = below + height <= innerHeight - margin || box.top < height + margin ? Math.min(below, Math.max(margin, innerHeight - height - margin)) : box.top - gap - height;
  element.style.setProperty('inset', 'auto');
  element.style.setProperty('left', `${left}px`);
  element.style.setProperty('top', `${top}px`);
}
