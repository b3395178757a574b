/**
 * Rows of equal height, of which only those in view exist. A row is kept for its key, so that it keeps its state while
 * the list moves under it, and slides to its new place when the list changes (not when it scrolls).
 */
import { h } from '../lib/dom.js';

const OVERSCAN = 6;
/** After so many milliseconds without scrolling the list stands still. */
const SETTLED = 150;
/** Browsers stop at about 16 to 33 million pixels. */
const TALLEST = 15_000_000;

/**
 * @typedef {object} VirtualRow
 * @property {HTMLElement} element
 * @property {(index: number) => void} update
 */

/**
 * @typedef {object} VirtualList
 * @property {HTMLElement} root  the part that scrolls
 * @property {(options?: { animate?: boolean }) => void} render  shows all rows in view anew
 * @property {(index: number) => void} reveal
 * @property {() => void} relayout  the height of rows may have changed
 * @property {() => number} rowHeight
 * @property {(key: string) => VirtualRow | undefined} row
 * @property {() => { from: number, to: number }} range
 * @property {() => void} destroy
 */

/**
 * @param {object} options
 * @param {import('../lib/dom.js').Props} options.props
 * @param {() => number} options.count
 * @param {(index: number) => string} options.keyAt
 * @param {() => VirtualRow} options.createRow
 * @param {(from: number, to: number) => void} options.onRange
 * @returns {VirtualList}
 */
export function createVirtualList({ props, count, keyAt, createRow, onRange }) {
  const sizer = h('div', { class: 'virtual-sizer', role: 'rowgroup' });
  const root = h('div', { ...props, class: ['virtual-list', .../** @type {string[]} */ ([props.class].flat())] }, sizer);
  /** @type {Map<string, VirtualRow & { top: number }>} */
  let rows = new Map();
  /** @type {number | undefined} */
  let ordering;
  let height = 0;
  let frame = 0;
  let range = { from: 0, to: 0 };

  function measure() {
    const before = height;
    const size = getComputedStyle(sizer).getPropertyValue('--row-height');
    height = parseFloat(size) * (size.trim().endsWith('rem') ? parseFloat(getComputedStyle(document.documentElement).fontSize) : 1) || 64;
    return before !== height;
  }

  /** Takes in a new width, or another height of the rows; what stood at the top stays there. */
  function relayout() {
    const top = height > 0 ? root.scrollTop / height : 0;
    if (measure()) {
      sizer.style.setProperty('height', `${Math.min(count() * height, TALLEST)}px`);
      root.scrollTop = top * height;
    }
    render();
  }

  const resize = new ResizeObserver(relayout);
  resize.observe(root);
  root.addEventListener('scroll', () => {
    if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw({ animate: false, isScroll: true }); });
  }, { passive: true });

  /** @type {VirtualList['render']} */
  const render = ({ animate = false } = {}) => draw({ animate, isScroll: false });

  /**
   * While the list is only scrolled, rows that stand already are left as they are.
   * @param {{ animate: boolean, isScroll: boolean }} options
   */
  function draw({ animate, isScroll }) {
    if (height === 0) measure();
    const total = count();
    const size = `${Math.min(total * height, TALLEST)}px`;
    if (sizer.style.height !== size) sizer.style.setProperty('height', size);
    const first = Math.floor(root.scrollTop / height);
    const shown = Math.ceil(root.clientHeight / height) + 1;
    const from = Math.max(0, first - OVERSCAN);
    const to = Math.min(total, first + shown + OVERSCAN);
    sizer.classList.toggle('is-moving', animate);

    /** @type {typeof rows} */
    const next = new Map();
    for (let index = from; index < to; index += 1) {
      const key = keyAt(index);
      const row = rows.get(key);
      if (row) next.set(key, row);
    }
    const spare = [...rows.entries()].filter(([key]) => !next.has(key)).map(([, row]) => row);
    for (let index = from; index < to; index += 1) {
      const key = keyAt(index);
      const top = index * height;
      let row = next.get(key);
      if (!row) {
        row = spare.pop() ?? { ...createRow(), top: NaN };
        next.set(key, row);
        row.update(index);
        // What comes new does not slide in from where it served before.
        if (animate) row.element.remove();
        if (!row.element.isConnected) sizer.append(row.element);
      } else if (!isScroll || row.top !== top) row.update(index);
      if (row.top !== top) {
        row.element.style.setProperty('transform', `translateY(${top}px)`);
        row.top = top;
      }
    }
    for (const row of spare) row.element.remove();
    rows = next;
    range = { from, to };
    clearTimeout(ordering);
    if (isScroll) ordering = window.setTimeout(order, SETTLED);
    else order();
    onRange(from, to);
  }

  /** Rows stand in the document in their order, for those who read it; while they fly by, nobody does. */
  function order() {
    let place = sizer.firstElementChild;
    for (let index = range.from; index < range.to; index += 1) {
      const element = rows.get(keyAt(index))?.element;
      if (!element) continue;
      if (element === place) place = place.nextElementSibling;
      else sizer.insertBefore(element, place);
    }
  }

  return {
    root,
    render,
    reveal(index) {
      const top = index * height;
      if (top < root.scrollTop) root.scrollTop = top;
      else if (top + height > root.scrollTop + root.clientHeight) root.scrollTop = top + height - root.clientHeight;
    },
    relayout,
    rowHeight: () => height,
    row: (key) => rows.get(key),
    range: () => range,
    destroy() {
      cancelAnimationFrame(frame);
      clearTimeout(ordering);
      resize.disconnect();
      root.remove();
    },
  };
}
