/** On touch: a row swept to its end is archived, to its start deleted. */
import { h } from '../lib/dom.js';
import { icon } from '../components/icon.js';

const SLOP = 12;
const SHARE = 0.35;

/**
 * @param {HTMLElement} list
 * @param {(row: HTMLElement, action: 'archive' | 'trash') => void} onSwipe
 * @param {AbortSignal} signal
 */
export function swipeRows(list, onSwipe, signal) {
  list.addEventListener('pointerdown', (start) => {
    const row = start.target instanceof Element ? start.target.closest('.row') : null;
    if (start.pointerType === 'mouse' || !(row instanceof HTMLElement) || !row.dataset.id) return;
    track(row, start);
  }, { signal });

  /** @param {HTMLElement} row @param {PointerEvent} start */
  function track(row, start) {
    const end = new AbortController();
    const direction = document.documentElement.dir === 'rtl' ? -1 : 1;
    let distance = 0;
    /** @type {HTMLElement | null} */
    let floor = null;

    window.addEventListener('pointermove', (event) => {
      const x = event.clientX - start.clientX;
      const y = event.clientY - start.clientY;
      if (!floor) {
        if (Math.abs(y) > SLOP) return finish(false);
        if (Math.abs(x) < SLOP) return;
        floor = h('div', { class: 'swipe-floor', 'aria-hidden': 'true' }, icon('archive'), icon('trash'));
        row.before(floor);
        floor.style.setProperty('transform', row.style.transform);
        row.classList.add('is-swiped');
      }
      distance = x;
      const isTrash = x * direction < 0;
      floor.classList.toggle('is-trash', isTrash);
      floor.classList.toggle('is-ready', Math.abs(x) > row.clientWidth * SHARE);
      row.style.setProperty('translate', `${x}px 0`);
    }, { signal: end.signal });
    window.addEventListener('pointerup', () => finish(true), { signal: end.signal });
    window.addEventListener('pointercancel', () => finish(false), { signal: end.signal });

    /** @param {boolean} isMeant */
    function finish(isMeant) {
      end.abort();
      row.classList.remove('is-swiped');
      row.style.removeProperty('translate');
      floor?.remove();
      if (isMeant && floor && Math.abs(distance) > row.clientWidth * SHARE) onSwipe(row, distance * direction < 0 ? 'trash' : 'archive');
    }
  }
}
