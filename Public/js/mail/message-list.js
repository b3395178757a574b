/** The list of conversations of a folder or a search: virtual rows, selection by pointer, dragging, swiping. */
import { fill, h, setAttribute } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { createVirtualList } from '../components/virtual-list.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { createListRow } from './list-row.js';
import { summarise } from './conversation-summary.js';
import { dragEmails } from './drag.js';
import { swipeRows } from './swipe.js';

/** Before this many milliseconds nothing stands in for what is on its way. */
const SKELETON_DELAY = 150;
const LONG_PRESS = 450;
/** A list that has not moved for so many milliseconds stands still. */
const SETTLED = 60;

/**
 * @typedef {object} MessageListOptions
 * @property {import('../jmap/email-list.js').EmailList} list
 * @property {import('./selection.js').Selection} selection
 * @property {import('./place.js').MailPlace} place
 * @property {() => string | undefined} openThread  the conversation that is open
 * @property {(id: string) => void} onOpen
 * @property {(id: string) => void} onPeek  a pointer is about to open it
 * @property {(action: import('./list-row.js').RowAction, id: string) => void} onAction
 * @property {(ids: string[], point: { x: number, y: number }) => void} onMenu
 * @property {Map<string, import('../jmap/types.js').SearchSnippet>} snippets
 */

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {MessageListOptions} options
 */
export function createMessageList(deps, { list, selection, place, openThread, onOpen, onPeek, onAction, onMenu, snippets }) {
  const { store } = deps;
  const life = new AbortController();
  const born = performance.now();
  let isPressed = false;
  /** @type {Map<HTMLElement, import('./list-row.js').ListRow>} */
  const rowOf = new Map();

  const virtual = createVirtualList({
    props: {
      class: 'message-list', role: 'grid', tabindex: 0, 'aria-multiselectable': 'true', 'aria-label': place.title(),
      on: { click: onClick, contextmenu: onContextMenu, pointerdown: onPointerDown, pointerover: onPointerOver },
    },
    count: () => list.length() ?? waitingRows(),
    keyAt: (index) => list.idAt(index) ?? `#${index}`,
    createRow() {
      const row = createListRow((action, element) => element.dataset.id && (action === 'toggle' ? selection.toggle(element.dataset.id) : onAction(action, element.dataset.id)));
      rowOf.set(row.element, row);
      return { element: row.element, update: (index) => showRow(row, index) };
    },
    onRange: wantRows,
  });
  const notice = h('div', { class: 'list-notice' });
  const root = h('div', { class: 'message-list-frame' }, virtual.root, notice);

  function waitingRows() {
    return list.error() ? 0 : Math.ceil((virtual.root.clientHeight || 600) / Math.max(virtual.rowHeight(), 40));
  }

  const isSlow = () => performance.now() - born > SKELETON_DELAY;

  let lastRange = 0;
  /** @type {number | undefined} */
  let wanting;
  /**
   * Asks for what is in view: at once, or, while the list flies by, when it slows down.
   * @param {number} from @param {number} to
   */
  function wantRows(from, to) {
    const isFlying = performance.now() - lastRange < SETTLED;
    lastRange = performance.now();
    clearTimeout(wanting);
    if (isFlying) wanting = window.setTimeout(() => list.ensure(from, to), SETTLED);
    else list.ensure(from, to);
  }

  /** @param {import('./list-row.js').ListRow} row @param {number} index */
  function showRow(row, index) {
    const id = list.idAt(index);
    const email = id === undefined ? undefined : store.get('Email', id);
    if (!id || !email) return row.showWaiting(index, isSlow());
    row.show(index, summarise(store, email, { own: deps.own(), isOutgoing: place.isOutgoing, hidden: deps.hidden() }), {
      isSelected: selection.has(id), isCurrent: email.threadId === openThread(), isCursor: selection.cursor() === id, isOutgoing: place.isOutgoing, snippet: snippets.get(id),
    });
  }

  /** @param {{ animate?: boolean }} [options] */
  function render(options) {
    const total = list.length();
    virtual.render(options);
    setAttribute(virtual.root, 'aria-rowcount', total ?? -1);
    setAttribute(virtual.root, 'aria-busy', total === null && !list.error() ? 'true' : null);
    const cursor = selection.cursor();
    const index = cursor ? list.indexOf(cursor) : -1;
    setAttribute(virtual.root, 'aria-activedescendant', index >= 0 && cursor && virtual.row(cursor) ? `row-${index}` : null);
    virtual.root.classList.toggle('has-selection', selection.size() > 0);
    showNotice(total);
  }

  /** @param {number | null} total */
  function showNotice(total) {
    const kind = list.error() ? 'error' : total === 0 ? 'empty' : total === null && deps.client.status.get() === 'offline' ? 'offline' : '';
    if (notice.dataset.kind === kind) return;
    notice.dataset.kind = kind;
    virtual.root.hidden = kind !== '';
    if (kind === 'error') {
      fill(notice, h('div', { class: 'empty-state', role: 'alert' }, icon('warning', 'icon-large'), h('h2', null, t('list.error.title')), h('p', null, t('list.error.text')),
        button({ label: t('action.try-again'), kind: 'plain', icon: 'refresh', onClick: list.retry })));
    } else if (kind === 'offline') {
      fill(notice, h('div', { class: 'empty-state' }, icon('offline', 'icon-large'), h('h2', null, t('list.offline.title')), h('p', null, t('list.offline.text'))));
    } else if (kind === 'empty') {
      const { symbol, title, text } = place.empty();
      fill(notice, h('div', { class: 'empty-state' }, icon(symbol, 'icon-large'), h('h2', null, title), h('p', null, text)));
    } else fill(notice);
  }

  /** @param {EventTarget | null} target */
  function rowAt(target) {
    const row = target instanceof Element ? target.closest('.row') : null;
    return row instanceof HTMLElement && row.dataset.id ? { row, id: row.dataset.id } : null;
  }

  /** @param {MouseEvent} event */
  function onClick(event) {
    const hit = rowAt(event.target);
    if (!hit || isPressed) return;
    if (event.shiftKey) {
      getSelection()?.removeAllRanges();
      selection.extendTo(hit.id);
    } else if (event.ctrlKey || event.metaKey || (selection.size() > 0 && matchMedia('(pointer: coarse)').matches)) selection.toggle(hit.id);
    else {
      selection.setCursor(hit.id);
      onOpen(hit.id);
    }
  }

  /** @param {MouseEvent} event */
  function onContextMenu(event) {
    const hit = rowAt(event.target);
    if (!hit) return;
    event.preventDefault();
    if (isPressed || matchMedia('(pointer: coarse)').matches) return;
    onMenu(selection.has(hit.id) ? selection.ids() : [hit.id], { x: event.clientX, y: event.clientY });
  }

  /**
   * A long press selects, where there is no mouse.
   * @param {PointerEvent} event
   */
  function onPointerDown(event) {
    const hit = rowAt(event.target);
    isPressed = false;
    if (!hit || event.pointerType === 'mouse') return;
    const end = new AbortController();
    const timer = setTimeout(() => {
      isPressed = true;
      end.abort();
      navigator.vibrate?.(10);
      selection.toggle(hit.id);
    }, LONG_PRESS);
    const stop = () => {
      clearTimeout(timer);
      end.abort();
    };
    for (const type of ['pointerup', 'pointercancel', 'scroll']) window.addEventListener(type, stop, { signal: end.signal, capture: true });
    window.addEventListener('pointermove', (move) => {
      if (Math.hypot(move.clientX - event.clientX, move.clientY - event.clientY) > 8) stop();
    }, { signal: end.signal });
  }

  let peeked = '';
  /** @param {PointerEvent} event */
  function onPointerOver(event) {
    const hit = event.pointerType === 'mouse' ? rowAt(event.target) : null;
    if (!hit || hit.id === peeked) return;
    peeked = hit.id;
    onPeek(hit.id);
  }

  dragEmails(virtual.root, (row) => {
    const id = row.dataset.id;
    return id ? (selection.has(id) ? selection.ids() : [id]) : [];
  }, life.signal);
  swipeRows(virtual.root, (row, action) => row.dataset.id && onAction(action, row.dataset.id), life.signal);

  list.observe(() => {
    selection.prune((id) => list.indexOf(id) >= 0);
    render({ animate: true });
  }, life.signal);
  selection.observe(() => render(), life.signal);
  deps.preferences.subscribe(() => virtual.relayout(), life.signal);
  deps.client.status.subscribe(() => render(), life.signal);
  for (const type of /** @type {const} */ (['Email', 'Thread'])) store.observe(type, () => render({ animate: true }), life.signal);
  const timer = setTimeout(() => list.length() === null && render(), SKELETON_DELAY + 10);
  // The words for dates change at midnight, and "14:05" becomes "yesterday".
  const clock = setInterval(() => render(), 60_000);

  return {
    root,
    render,
    /** Moves the focus to the rows. */
    focus: () => virtual.root.focus({ preventScroll: true }),
    /** @param {string} id */
    reveal(id) {
      const index = list.indexOf(id);
      if (index >= 0) virtual.reveal(index);
    },
    scrollTop: () => virtual.root.scrollTop,
    /** @param {number} top */
    scrollTo: (top) => { virtual.root.scrollTop = top; },
    destroy() {
      clearTimeout(timer);
      clearTimeout(wanting);
      clearInterval(clock);
      life.abort();
      virtual.destroy();
      root.remove();
    },
  };
}
