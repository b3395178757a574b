/** Dragging conversations to folders. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../components/icon.js';

const TYPE = 'application/x-mailportal-emails';

/**
 * Lets rows be dragged.
 * @param {HTMLElement} list
 * @param {(row: HTMLElement) => string[]} idsOf  the emails that go with the row
 * @param {AbortSignal} signal
 */
export function dragEmails(list, idsOf, signal) {
  list.addEventListener('dragstart', (event) => {
    const row = event.target instanceof Element ? event.target.closest('.row') : null;
    const ids = row instanceof HTMLElement ? idsOf(row) : [];
    if (!event.dataTransfer || ids.length === 0) return event.preventDefault();
    event.dataTransfer.setData(TYPE, JSON.stringify(ids));
    event.dataTransfer.effectAllowed = 'move';
    const image = h('div', { class: 'drag-image' }, icon('unread'), t('list.dragged', { count: ids.length }));
    document.body.append(image);
    event.dataTransfer.setDragImage(image, 12, 20);
    setTimeout(() => image.remove());
    document.documentElement.classList.add('is-dragging-emails');
  }, { signal });
  list.addEventListener('dragend', () => document.documentElement.classList.remove('is-dragging-emails'), { signal });
}

/**
 * Makes `element` a place to drop conversations.
 * @param {HTMLElement} element
 * @param {{ accepts: () => boolean, onDrop: (ids: string[]) => void, onHover?: () => void }} options  `onHover`: held over it for a while
 */
export function acceptEmails(element, { accepts, onDrop, onHover }) {
  /** @type {number | undefined} */
  let timer;
  let depth = 0;
  const isOurs = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes(TYPE) && accepts();
  const leave = () => {
    depth = 0;
    clearTimeout(timer);
    element.classList.remove('is-target');
  };
  element.addEventListener('dragenter', (event) => {
    if (!isOurs(event)) return;
    depth += 1;
    element.classList.add('is-target');
    if (depth === 1 && onHover) timer = window.setTimeout(onHover, 700);
  });
  element.addEventListener('dragover', (event) => {
    if (!isOurs(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = 'move';
  });
  element.addEventListener('dragleave', () => {
    depth -= 1;
    if (depth <= 0) leave();
  });
  element.addEventListener('drop', (event) => {
    leave();
    if (!isOurs(event)) return;
    event.preventDefault();
    onDrop(JSON.parse(event.dataTransfer?.getData(TYPE) ?? '[]'));
  });
}
