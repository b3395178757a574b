/** One row of the list of conversations. Made once, then filled again and again while the list scrolls. */
import { fill, h, setAttribute, setText } from '../lib/dom.js';
import { formatNumber, fullDate, listDate } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { setAvatar } from '../components/avatar.js';
import { button } from '../components/button.js';
import { icon, setIcon } from '../components/icon.js';
import { snippetPieces } from './search-query.js';

/** @typedef {import('./conversation-summary.js').Summary} Summary */
/** @typedef {'toggle' | 'star' | 'archive' | 'trash' | 'seen'} RowAction */
/** @typedef {{ isSelected: boolean, isCurrent: boolean, isCursor: boolean, isOutgoing: boolean, snippet?: import('../jmap/types.js').SearchSnippet }} RowState */

/**
 * @typedef {object} ListRow
 * @property {HTMLElement} element
 * @property {(index: number, summary: Summary, state: RowState) => void} show
 * @property {(index: number, isSlow: boolean) => void} showWaiting
 */

/** @param {(action: RowAction, row: HTMLElement) => void} act @returns {ListRow} */
export function createListRow(act) {
  const face = h('span', { class: 'avatar', 'aria-hidden': 'true' });
  const toggle = h('button', { type: 'button', class: 'row-toggle', role: 'checkbox', tabindex: -1, 'aria-label': t('list.select'), 'aria-checked': 'false', data: { act: 'toggle' } }, face, h('span', { class: 'row-check', 'aria-hidden': 'true' }, icon('check')));
  const people = h('span', { class: 'row-people' });
  const count = h('span', { class: 'row-count' });
  const unread = h('span', { class: 'visually-hidden' });
  const date = h('time', { class: 'row-date' });
  const subject = h('span', { class: 'row-subject' });
  const preview = h('span', { class: 'row-preview' });
  const draft = h('span', { class: 'row-draft' }, t('list.draft'));
  const attachment = h('span', { class: 'row-attachment', title: t('list.has-attachment') }, icon('attachment', 'icon-small'), h('span', { class: 'visually-hidden' }, t('list.has-attachment')));
  const answered = h('span', { class: 'row-answered', title: t('list.answered') }, icon('reply', 'icon-small'), h('span', { class: 'visually-hidden' }, t('list.answered')));
  const star = action('star', 'star', t('action.star'));
  const seen = action('seen', 'read', t('action.mark-read'));
  star.classList.add('row-star');
  const starIcon = /** @type {SVGSVGElement} */ (star.firstElementChild);
  const seenIcon = /** @type {SVGSVGElement} */ (seen.firstElementChild);

  /** @type {HTMLElement} */
  const element = h('div', { class: 'row', role: 'row', draggable: 'true', on: { click: onAct } },
    h('div', { class: 'row-face', role: 'gridcell' }, toggle),
    h('div', { class: 'row-main', role: 'gridcell' },
      h('div', { class: 'row-who' }, unread, draft, people, count),
      h('div', { class: 'row-what' }, h('span', { class: 'row-text' }, answered, subject, preview))),
    h('div', { class: 'row-side', role: 'gridcell' }, attachment, date, star),
    h('div', { class: 'row-actions', role: 'gridcell' }, action('archive', 'archive', t('action.archive')), action('trash', 'trash', t('action.trash')), seen));

  /** @param {MouseEvent} event */
  function onAct(event) {
    const control = event.target instanceof Element ? event.target.closest('[data-act]') : null;
    if (!(control instanceof HTMLElement)) return;
    event.stopPropagation();
    // A modifier on the avatar means the same as on the row.
    if (control === toggle && event.shiftKey) element.dispatchEvent(new MouseEvent('click', { bubbles: true, shiftKey: true }));
    else act(/** @type {RowAction} */ (control.dataset.act), element);
  }

  /** @type {ListRow['show']} */
  function show(index, summary, { isSelected, isCurrent, isCursor, isOutgoing, snippet }) {
    const { email } = summary;
    setFrame(index);
    setAttribute(element, 'aria-hidden', null);
    element.dataset.id = email.id;
    setAttribute(element, 'aria-selected', String(isSelected));
    setAttribute(element, 'aria-current', isCurrent ? 'true' : null);
    element.className = ['row', summary.isUnread && 'is-unread', isSelected && 'is-selected', isCurrent && 'is-current', isCursor && 'is-cursor', summary.isFlagged && 'is-flagged'].filter(Boolean).join(' ');
    setAttribute(toggle, 'aria-checked', String(isSelected));
    setAvatar(face, summary.face);
    showPeople(summary, isOutgoing);
    setText(unread, summary.isUnread ? t('list.unread-mark') : '');
    setText(count, summary.count > 1 ? formatNumber(summary.count) : '');
    setText(date, listDate(email.receivedAt));
    setAttribute(date, 'datetime', email.receivedAt);
    setAttribute(date, 'title', fullDate(email.receivedAt));
    showHits(subject, snippet?.subject, email.subject?.trim() || t('list.no-subject'));
    showHits(preview, snippet?.preview, email.preview?.trim() ?? '');
    draft.hidden = !summary.isDraft;
    attachment.hidden = !summary.hasAttachment;
    answered.hidden = !summary.isAnswered;
    setIcon(starIcon, summary.isFlagged ? 'star-filled' : 'star');
    setAttribute(star, 'aria-pressed', String(summary.isFlagged));
    setIcon(seenIcon, summary.isUnread ? 'read' : 'unread');
    const label = t(summary.isUnread ? 'action.mark-read' : 'action.mark-unread');
    setAttribute(seen, 'aria-label', label);
    setAttribute(seen, 'title', label);
  }

  /** @param {Summary} summary @param {boolean} isOutgoing */
  function showPeople(summary, isOutgoing) {
    const key = summary.people.map(({ name, isUnread }) => `${name}${isUnread ? '*' : ''}`).join('|') + isOutgoing;
    if (people.dataset.key === key) return;
    people.dataset.key = key;
    fill(people, isOutgoing ? h('span', { class: 'row-to' }, `${t('list.to')} `) : null,
      summary.people.map(({ name, isUnread }, index) => [index > 0 ? ', ' : null, isUnread ? h('b', null, name) : name]));
  }

  /** @type {ListRow['showWaiting']} */
  function showWaiting(index, isSlow) {
    setFrame(index);
    delete element.dataset.id;
    element.className = isSlow ? 'row is-waiting' : 'row is-blank';
    setAttribute(element, 'aria-hidden', 'true');
    setAttribute(element, 'aria-selected', 'false');
    setAttribute(element, 'aria-current', null);
  }

  /** @param {number} index */
  function setFrame(index) {
    setAttribute(element, 'aria-rowindex', index + 1);
    setAttribute(element, 'id', `row-${index}`);
    element.dataset.index = String(index);
  }

  return { element, show, showWaiting };
}

/** @param {RowAction} name @param {string} symbol @param {string} label */
function action(name, symbol, label) {
  return button({ label, icon: symbol, iconOnly: true, props: { class: 'row-action', tabindex: -1, data: { act: name } } });
}

/** @param {HTMLElement} element @param {string | null | undefined} snippet @param {string} plain */
function showHits(element, snippet, plain) {
  const key = snippet ?? plain;
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  if (!snippet) element.textContent = plain;
  else fill(element, snippetPieces(snippet).map(({ text, isHit }) => (isHit ? h('mark', null, text) : text)));
}
