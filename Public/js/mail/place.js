/** Where one is in the mail: a folder, the starred ones or a search, and perhaps an open conversation. */
import { t } from '../lib/i18n.js';
import { parseSearch } from './search-query.js';

/**
 * @typedef {object} MailPlace
 * @property {'folder' | 'starred' | 'search' | 'unknown'} kind
 * @property {string} key  equal for places that show the same list
 * @property {import('../jmap/types.js').Mailbox} [mailbox]
 * @property {string} search  what stands in the search field
 * @property {string} [threadId]
 * @property {Record<string, any> | null} filter
 * @property {((email: import('../jmap/types.js').Email) => boolean) | undefined} stays
 * @property {boolean} isOutgoing  whether recipients say more than senders
 * @property {() => string} title
 * @property {() => { symbol: string, title: string, text: string }} empty
 * @property {(threadId?: string) => string} href
 */

/**
 * @param {import('../lib/router.js').Place} place
 * @param {import('./mailboxes.js').Mailboxes} mailboxes
 * @returns {MailPlace}
 */
export function readPlace({ path, query }, mailboxes) {
  const [, slug = 'inbox', threadId] = path;
  const search = query.get('q') ?? '';
  if (slug === 'search') return searchPlace(search, threadId, mailboxes);
  if (slug === 'starred') return starredPlace(threadId, mailboxes);
  return folderPlace(slug, threadId, mailboxes);
}

/** @param {string} slug @param {string | undefined} threadId @param {import('./mailboxes.js').Mailboxes} mailboxes @returns {MailPlace} */
function folderPlace(slug, threadId, mailboxes) {
  const mailbox = mailboxes.bySlug(slug);
  const id = mailbox?.id ?? '';
  return {
    kind: mailbox ? 'folder' : 'unknown',
    key: `folder:${id || slug}`,
    mailbox,
    search: '',
    threadId,
    filter: { inMailbox: id },
    stays: (email) => Boolean(email.mailboxIds[id]),
    isOutgoing: mailbox?.role === 'sent' || mailbox?.role === 'drafts',
    title: () => (mailbox ? mailboxes.name(mailboxes.get(id) ?? mailbox) : t('folder.unknown')),
    empty: () => emptyFolder(mailbox?.role ?? 'folder'),
    href: (thread) => pathOf([mailbox ? mailboxes.slug(mailboxes.get(id) ?? mailbox) : slug, thread]),
  };
}

/** @param {string} role */
function emptyFolder(role) {
  const known = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'].includes(role) ? role : 'folder';
  return { symbol: known, title: t(`empty.${known}.title`), text: t(`empty.${known}.text`) };
}

/** @param {string | undefined} threadId @param {import('./mailboxes.js').Mailboxes} mailboxes @returns {MailPlace} */
function starredPlace(threadId, mailboxes) {
  return {
    kind: 'starred',
    key: 'starred',
    search: 'is:starred',
    threadId,
    filter: parseSearch('is:starred', contextOf(mailboxes)).filter,
    stays: (email) => Boolean(email.keywords.$flagged),
    isOutgoing: false,
    title: () => t('folder.starred'),
    empty: () => ({ symbol: 'star', title: t('empty.starred.title'), text: t('empty.starred.text') }),
    href: (thread) => pathOf(['starred', thread]),
  };
}

/** @param {string} search @param {string | undefined} threadId @param {import('./mailboxes.js').Mailboxes} mailboxes @returns {MailPlace} */
function searchPlace(search, threadId, mailboxes) {
  const parsed = parseSearch(search, contextOf(mailboxes));
  return {
    kind: 'search',
    key: `search:${JSON.stringify(parsed.filter)}`,
    search,
    threadId,
    filter: parsed.filter,
    stays: undefined,
    isOutgoing: false,
    title: () => t('search.title'),
    empty: () => ({ symbol: 'search', title: t('empty.search.title'), text: t('empty.search.text') }),
    href: (thread) => `${pathOf(['search', thread])}?q=${encodeURIComponent(search)}`,
  };
}

/**
 * What a search needs to know of folders.
 * @param {import('./mailboxes.js').Mailboxes} mailboxes
 * @returns {import('./search-query.js').SearchContext}
 */
export function contextOf(mailboxes) {
  const fold = (/** @type {string} */ name) => name.toLocaleLowerCase();
  return {
    folderId: (name) => (mailboxes.withRole(fold(name)) ?? mailboxes.all().find((mailbox) => [mailboxes.slug(mailbox), mailboxes.name(mailbox), mailboxes.path(mailbox)].some((word) => fold(word) === fold(name))))?.id,
    excluded: ['junk', 'trash'].map((role) => mailboxes.withRole(role)?.id).filter((id) => id !== undefined).map(String),
  };
}

/** @param {(string | undefined)[]} parts */
function pathOf(parts) {
  return `/mail/${parts.filter((part) => part !== undefined).map((part) => encodeURIComponent(String(part))).join('/')}`;
}
