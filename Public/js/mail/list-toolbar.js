/** Above the list: what is shown, or, once conversations are chosen, what can be done with them. */
import { fill, h, setAttribute, setText } from '../lib/dom.js';
import { formatNumber } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';

/**
 * @param {object} options
 * @param {import('./place.js').MailPlace} options.place
 * @param {import('./selection.js').Selection} options.selection
 * @param {import('../jmap/email-list.js').EmailList} options.list
 * @param {(command: string) => void} options.onCommand
 */
export function createListToolbar({ place, selection, list, onCommand }) {
  const life = new AbortController();
  const isJunk = place.mailbox?.role === 'junk';
  const title = h('h1', { class: 'list-title' }, place.title());
  const count = h('span', { class: 'list-count' });
  const check = h('button', { type: 'button', class: 'select-all', role: 'checkbox', 'aria-checked': 'false', 'aria-label': t('list.select-all'), title: t('list.select-all'), on: { click: toggleAll } }, h('span', { class: 'check-box', 'aria-hidden': 'true' }, icon('check')));
  const chosen = h('span', { class: 'list-chosen', role: 'status' });
  const tools = h('div', { class: 'toolbar-group' },
    tool('archive', 'archive', 'e'), tool('trash', 'trash', '#'), isJunk ? tool('not-spam', 'not-junk', '!') : tool('spam', 'junk', '!'),
    tool('toggle-read', 'read', 'Shift+i'), tool('move', 'move', 'v'), tool('toggle-star', 'star', 's'));
  const about = h('div', { class: 'list-about' }, title, count);
  const root = h('div', { class: 'toolbar list-toolbar', role: 'toolbar', 'aria-label': t('list.tools') }, check, about, chosen, tools);

  /** @param {string} command @param {string} symbol @param {string} keys */
  function tool(command, symbol, keys) {
    return button({ label: t(`action.${command}`), icon: symbol, iconOnly: true, keys, onClick: () => onCommand(command) });
  }

  function toggleAll() {
    if (selection.size() > 0) selection.clear();
    else selection.replace(list.known());
  }

  function render() {
    const size = selection.size();
    const total = list.length();
    const isSome = size > 0;
    root.classList.toggle('is-choosing', isSome);
    tools.hidden = !isSome;
    about.classList.toggle('visually-hidden', isSome);
    chosen.hidden = !isSome;
    setAttribute(check, 'aria-checked', isSome ? (size >= (total ?? Infinity) ? 'true' : 'mixed') : 'false');
    setText(title, place.title());
    setText(count, total === null ? '' : place.kind === 'search' ? t('search.found', { count: total, number: formatNumber(total) }) : unread());
    if (!isSome) return;
    const loaded = list.known().length;
    if (total !== null && size >= loaded && total > loaded) {
      fill(chosen, `${t('list.chosen', { count: size, number: formatNumber(size) })} `, h('button', { type: 'button', class: 'link', on: { click: () => onCommand('select-everything') } }, t('list.select-everything', { number: formatNumber(total) })));
    } else setText(chosen, t('list.chosen', { count: size, number: formatNumber(size) }));
  }

  function unread() {
    const number = place.mailbox ? place.mailbox.unreadThreads : 0;
    return number > 0 && !place.isOutgoing && place.mailbox?.role !== 'trash' ? t('list.unread', { count: number, number: formatNumber(number) }) : '';
  }

  selection.observe(render, life.signal);
  list.observe(render, life.signal);
  render();
  return {
    root,
    /** @param {import('../jmap/types.js').Mailbox | undefined} mailbox */
    setMailbox(mailbox) {
      if (mailbox) place.mailbox = mailbox;
      render();
    },
    destroy() {
      life.abort();
      root.remove();
    },
  };
}
