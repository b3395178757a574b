/** The tree of folders: where one is, what is unread, and where conversations can be dropped. */
import { fill, h } from '../lib/dom.js';
import { formatNumber, shortNumber } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { openMenu } from '../components/menu.js';
import { acceptEmails } from './drag.js';

/** @typedef {import('../jmap/types.js').Mailbox} Mailbox */
/** @typedef {import('./mailboxes.js').FolderNode} FolderNode */

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {{ onDrop: (ids: string[], mailbox: Mailbox) => void, place: () => import('./place.js').MailPlace }} options
 */
export function createFolders(deps, { onDrop, place }) {
  const { mailboxes, preferences, store } = deps;
  const life = new AbortController();
  const system = h('ul', { class: 'folder-list' });
  const own = h('ul', { class: 'folder-list' });
  const root = h('nav', { class: 'folders', 'aria-label': t('folders.label') }, system,
    h('div', { class: 'folder-group' }, h('h2', { class: 'folder-heading' }, t('folders.own')),
      button({ label: t('folders.create'), icon: 'plus', iconOnly: true, onClick: () => act((module) => module.createFolder(deps, null)), props: { class: 'button-small' } })), own);

  function render() {
    const focused = document.activeElement instanceof HTMLElement && root.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
    const tree = mailboxes.tree();
    fill(system, tree.filter(({ mailbox }) => mailbox.role).flatMap((node) => (node.mailbox.role === 'inbox' ? [item(node), starred()] : [item(node)])));
    const rest = tree.filter(({ mailbox }) => !mailbox.role);
    fill(own, rest.length > 0 ? rest.map(item) : h('li', { class: 'folder-none' }, t('folders.none')));
    if (focused) /** @type {HTMLElement | null} */ (root.querySelector(`[data-key="${CSS.escape(focused)}"]`))?.focus({ preventScroll: true });
  }

  function starred() {
    return h('li', null, link({ href: '/mail/starred', symbol: 'star', name: t('folder.starred'), isCurrent: place().kind === 'starred', depth: 0, count: 0, key: 'starred' }));
  }

  /** @param {FolderNode} node @returns {HTMLElement} */
  function item({ mailbox, depth, children }) {
    const isClosed = preferences.get().closedFolders.includes(mailbox.id);
    const name = mailboxes.name(mailbox);
    const anchor = link({
      href: `/mail/${encodeURIComponent(mailboxes.slug(mailbox))}`, symbol: mailboxes.icon(mailbox), name, depth, count: mailboxes.badge(mailbox), key: mailbox.id,
      isCurrent: place().mailbox?.id === mailbox.id, isUnread: mailboxes.badge(mailbox) > 0 && mailbox.role !== 'drafts' && mailbox.role !== 'junk',
    });
    anchor.addEventListener('contextmenu', (event) => {
      event.preventDefault();
      folderMenu(mailbox, { x: event.clientX, y: event.clientY });
    });
    acceptEmails(anchor, { accepts: () => place().mailbox?.id !== mailbox.id && mailbox.role !== 'drafts', onDrop: (ids) => onDrop(ids, mailbox), onHover: isClosed ? () => toggle(mailbox.id) : undefined });
    const more = button({ label: t('folders.menu', { folder: name }), icon: 'more', iconOnly: true, props: { class: 'folder-more button-small' }, onClick: (event) => folderMenu(mailbox, /** @type {HTMLElement} */ (event.currentTarget)) });
    const row = h('div', { class: 'folder-row', style: { '--depth': depth } }, children.length > 0 ? twisty(mailbox, isClosed) : null, anchor, more);
    return h('li', null, row, children.length > 0 && !isClosed ? h('ul', { class: 'folder-list' }, children.map(item)) : null);
  }

  /** @param {Mailbox} mailbox @param {boolean} isClosed */
  function twisty(mailbox, isClosed) {
    return h('button', {
      type: 'button', class: 'folder-twisty', 'aria-expanded': String(!isClosed), 'aria-label': t(isClosed ? 'folders.open' : 'folders.close', { folder: mailboxes.name(mailbox) }),
      data: { key: `twisty-${mailbox.id}` }, on: { click: () => toggle(mailbox.id) },
    }, icon('chevron-right', 'icon-small'));
  }

  /** @param {string} id */
  function toggle(id) {
    const closed = preferences.get().closedFolders;
    preferences.change({ closedFolders: closed.includes(id) ? closed.filter((other) => other !== id) : [...closed, id] });
  }

  /** @param {Mailbox} mailbox @param {HTMLElement | { x: number, y: number }} anchor */
  function folderMenu(mailbox, anchor) {
    const mayChange = !mailbox.role;
    const isBin = mailbox.role === 'trash' || mailbox.role === 'junk';
    openMenu(anchor, [
      { label: t('folders.create-in'), icon: 'folder-plus', run: () => act((module) => module.createFolder(deps, mailbox)) },
      ...(mayChange ? [{ label: t('folders.rename'), icon: 'compose', run: () => act((module) => module.renameFolder(deps, mailbox)) }] : []),
      ...(isBin || mayChange ? [null] : []),
      ...(isBin ? [{ label: t('folders.empty'), icon: 'trash', danger: true, disabled: mailbox.totalEmails === 0, run: () => act((module) => module.emptyFolder(deps, mailbox)) }] : []),
      ...(mayChange ? [{ label: t('folders.delete'), icon: 'trash', danger: true, run: () => act((module) => module.deleteFolder(deps, mailbox)) }] : []),
    ], t('folders.menu', { folder: mailboxes.name(mailbox) }));
  }

  store.observe('Mailbox', render, life.signal);
  preferences.subscribe(render, life.signal);
  render();
  return {
    root,
    render,
    destroy() {
      life.abort();
      root.remove();
    },
  };
}

/**
 * What changes folders is loaded when it is needed.
 * @param {(module: typeof import('./folder-actions.js')) => unknown} work
 */
function act(work) {
  void import('./folder-actions.js').then(work);
}

/** @param {{ href: string, symbol: string, name: string, isCurrent: boolean, depth: number, count: number, key: string, isUnread?: boolean }} options */
function link({ href, symbol, name, isCurrent, count, key, isUnread = false }) {
  return h('a', { class: ['folder', isUnread && 'has-unread'], href, 'aria-current': isCurrent ? 'page' : null, data: { key }, draggable: 'false', title: name },
    icon(symbol), h('span', { class: 'folder-name' }, name),
    count > 0 ? h('span', { class: 'folder-count' }, h('span', { 'aria-hidden': 'true' }, shortNumber(count)), h('span', { class: 'visually-hidden' }, t(isUnread ? 'folders.unread' : 'folders.count', { count, number: formatNumber(count) }))) : null);
}
