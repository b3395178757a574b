/** The folders as people see them: a tree in order, names, roles, and the word in the address of each. */
import { locale, t } from '../lib/i18n.js';

/** @typedef {import('../jmap/types.js').Mailbox} Mailbox */
/** @typedef {{ mailbox: Mailbox, depth: number, children: FolderNode[] }} FolderNode */

/** Deeper nesting is not followed. */
const DEEPEST = 20;
const ROLE_ORDER = ['inbox', 'drafts', 'sent', 'archive', 'junk', 'trash'];
/** Words in addresses that are views, not folders. */
const RESERVED = new Set(['search', 'starred', 'all']);

/**
 * @typedef {object} Mailboxes
 * @property {() => Mailbox[]} all
 * @property {(id: string) => Mailbox | undefined} get
 * @property {(role: string) => Mailbox | undefined} withRole
 * @property {(slug: string) => Mailbox | undefined} bySlug
 * @property {(mailbox: Mailbox) => string} slug
 * @property {(mailbox: Mailbox) => string} name
 * @property {(mailbox: Mailbox) => string} path  the names from the top, for pickers
 * @property {() => FolderNode[]} tree
 * @property {() => Mailbox[]} ordered  the tree in one line
 * @property {(mailbox: Mailbox) => string} icon
 * @property {(mailbox: Mailbox) => number} badge  what the number beside the name counts
 */

/** @param {import('../jmap/store.js').Store} store @returns {Mailboxes} */
export function createMailboxes(store) {
  /** @returns {Mailbox[]} */
  const all = () => store.list('Mailbox');
  /** @type {Mailboxes['get']} */
  const get = (id) => store.get('Mailbox', id);
  /** @type {Mailboxes['withRole']} */
  const withRole = (role) => all().find((mailbox) => mailbox.role === role);

  /** @type {Mailboxes['name']} */
  const name = (mailbox) => (mailbox.role && ROLE_ORDER.includes(mailbox.role) ? t(`folder.${mailbox.role}`) : mailbox.name);

  /** @param {Mailbox} mailbox @returns {Mailbox[]} */
  function line(mailbox) {
    const parents = [];
    for (let at = /** @type {Mailbox | undefined} */ (mailbox); at && parents.length < DEEPEST; at = at.parentId ? get(at.parentId) : undefined) parents.unshift(at);
    return parents;
  }

  /** @type {Mailboxes['slug']} */
  function slug(mailbox) {
    if (mailbox.role) return mailbox.role;
    const words = wordsOf(mailbox);
    const isTaken = RESERVED.has(words) || ROLE_ORDER.includes(words) || all().some((other) => other.id !== mailbox.id && !other.role && wordsOf(other) === words);
    return words === '' || isTaken ? mailbox.id : words;
  }

  /** @param {Mailbox} mailbox */
  function wordsOf(mailbox) {
    return line(mailbox).map((part) => part.name.toLocaleLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '')).join('.');
  }

  /** @returns {FolderNode[]} */
  function tree() {
    const collator = new Intl.Collator(locale(), { numeric: true, sensitivity: 'base' });
    const rank = (/** @type {Mailbox} */ { role }) => (role && ROLE_ORDER.includes(role) ? ROLE_ORDER.indexOf(role) : ROLE_ORDER.length);
    const compare = (/** @type {Mailbox} */ a, /** @type {Mailbox} */ b) => rank(a) - rank(b) || (rank(a) < ROLE_ORDER.length ? 0 : a.sortOrder - b.sortOrder) || collator.compare(a.name, b.name);
    const known = all();
    /** @param {string | null} parentId @param {number} depth @returns {FolderNode[]} */
    const below = (parentId, depth) => known
      .filter((mailbox) => (mailbox.parentId ?? null) === parentId || (parentId === null && mailbox.parentId !== null && !get(mailbox.parentId)))
      .sort(compare)
      .map((mailbox) => ({ mailbox, depth, children: depth < DEEPEST ? below(mailbox.id, depth + 1) : [] }));
    return below(null, 0);
  }

  /** @param {FolderNode} node @returns {Mailbox[]} */
  const flat = ({ mailbox, children }) => [mailbox, ...children.flatMap(flat)];

  return {
    all,
    tree,
    ordered: () => tree().flatMap(flat),
    get,
    withRole,
    slug,
    bySlug: (word) => all().find((mailbox) => slug(mailbox) === word) ?? get(word),
    name,
    path: (mailbox) => line(mailbox).map(name).join(' / '),
    icon: ({ role }) => (role && ROLE_ORDER.includes(role) ? role : 'folder'),
    badge(mailbox) {
      if (mailbox.role === 'drafts') return mailbox.totalEmails;
      if (mailbox.role === 'trash' || mailbox.role === 'sent') return 0;
      return mailbox.role === 'junk' ? mailbox.unreadEmails : mailbox.unreadThreads;
    },
  };
}
