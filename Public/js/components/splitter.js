/** The line between two panes: dragged, or moved by arrow keys; a double click brings the usual width back. */
import { h } from '../lib/dom.js';

/**
 * @param {object} options
 * @param {string} options.label
 * @param {() => number} options.width
 * @param {number} options.least
 * @param {number} options.most
 * @param {number} options.usual
 * @param {(width: number, isDone: boolean) => void} options.onChange
 */
export function createSplitter({ label, width, least, most, usual, onChange }) {
  const root = h('div', {
    class: 'splitter', role: 'separator', tabindex: 0, 'aria-orientation': 'vertical', 'aria-label': label, 'aria-valuemin': least, 'aria-valuemax': most,
    'aria-valuenow': Math.round(width()), on: { pointerdown: drag, keydown: nudge, dblclick: () => set(usual, true) },
  });

  /** @param {number} wanted @param {boolean} isDone */
  function set(wanted, isDone) {
    const next = Math.round(Math.max(least, Math.min(most, wanted)));
    root.setAttribute('aria-valuenow', String(next));
    onChange(next, isDone);
  }

  const direction = () => (document.documentElement.dir === 'rtl' ? -1 : 1);

  /** @param {PointerEvent} start */
  function drag(start) {
    if (start.button !== 0) return;
    start.preventDefault();
    const before = width();
    root.setPointerCapture(start.pointerId);
    root.classList.add('is-dragged');
    const move = (/** @type {PointerEvent} */ event) => set(before + direction() * (event.clientX - start.clientX), false);
    const end = (/** @type {PointerEvent} */ event) => {
      root.classList.remove('is-dragged');
      root.removeEventListener('pointermove', move);
      set(before + direction() * (event.clientX - start.clientX), true);
    };
    root.addEventListener('pointermove', move);
    root.addEventListener('pointerup', end, { once: true });
    root.addEventListener('pointercancel', end, { once: true });
  }

  /** @param {KeyboardEvent} event */
  function nudge(event) {
    const step = /** @type {Record<string, number>} */ ({ ArrowRight: 16, ArrowLeft: -16 })[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    set(width() + direction() * step, true);
  }

  return root;
}
