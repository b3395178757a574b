/** Short notes at the foot of the page, spoken to screen readers, with at most one action. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { button } from './button.js';
import { icon } from './icon.js';

/** @typedef {{ text: string, action?: { label: string, run: () => void }, kind?: 'plain' | 'error', timeout?: number }} Toast */
/**
 * Shows a toast; the answer takes it away.
 * @typedef {(toast: Toast) => () => void} ShowToast
 */

const TIMEOUT = 5000;
const TIMEOUT_WITH_ACTION = 9000;
const MOST = 3;

/** @returns {{ root: HTMLElement, show: ShowToast }} */
export function createToasts() {
  const list = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'false' });
  const root = h('section', { class: 'toast-region', 'aria-label': t('toast.region') }, list);

  /** @type {ShowToast} */
  function show({ text, action, kind = 'plain', timeout = action ? TIMEOUT_WITH_ACTION : TIMEOUT }) {
    const element = h('div', { class: ['toast', kind === 'error' && 'toast-error'], on: { pointerenter: pause, pointerleave: start, focusin: pause, focusout: start } },
      kind === 'error' ? icon('warning') : null,
      h('span', { class: 'toast-text' }, text),
      action ? h('button', { type: 'button', class: 'toast-action', on: { click: () => { dismiss(); action.run(); } } }, action.label) : null,
      button({ label: t('action.dismiss'), icon: 'close', iconOnly: true, onClick: dismiss, props: { class: 'toast-close' } }));
    /** @type {number | undefined} */
    let timer;

    function start() {
      clearTimeout(timer);
      timer = window.setTimeout(dismiss, timeout);
    }
    function pause() {
      clearTimeout(timer);
    }
    function dismiss() {
      clearTimeout(timer);
      element.remove();
    }

    while (list.childElementCount >= MOST) list.firstElementChild?.remove();
    list.append(element);
    start();
    return dismiss;
  }

  return { root, show };
}
