/**
 * What can be done with messages. Every action shows at once, says so in a toast, and can be taken back: from the
 * toast, or by `z`. What the server refuses is undone and said.
 */
import { t } from '../lib/i18n.js';
import { inversePatch } from '../jmap/patch.js';
import { createCell } from '../lib/cell.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').Patch} Patch */

/**
 * @typedef {object} MailActions
 * @property {(ids: string[]) => void} archive
 * @property {(ids: string[]) => void} trash
 * @property {(ids: string[]) => void} spam
 * @property {(ids: string[]) => void} notSpam
 * @property {(ids: string[], mailboxId: string) => void} move
 * @property {(ids: string[], isSeen: boolean, options?: { silent?: boolean }) => void} setSeen
 * @property {(ids: string[], isFlagged: boolean) => void} setFlagged
 * @property {(ids: string[]) => Promise<void>} destroyForever
 * @property {() => void} undo
 * @property {import('../lib/cell.js').Cell<boolean>} canUndo
 */

const UNDO_DEPTH = 20;

/**
 * @param {object} deps
 * @param {import('../jmap/store.js').Store} deps.store
 * @param {import('./mailboxes.js').Mailboxes} deps.mailboxes
 * @param {import('../components/toast.js').ShowToast} deps.toast
 * @returns {MailActions}
 */
export function createActions({ store, mailboxes, toast }) {
  /** @type {{ patches: Record<string, Patch>, dismiss: () => void }[]} */
  const done = [];
  const canUndo = createCell(false);

  /**
   * @param {string[]} ids
   * @param {(email: Email) => Patch | null} patchOf  null leaves an email as it is
   * @param {((count: number) => string) | null} say  null: too small to speak of
   */
  function change(ids, patchOf, say) {
    /** @type {Record<string, Patch>} */
    const patches = {};
    /** @type {Record<string, Patch>} */
    const inverse = {};
    const threads = new Set();
    for (const id of new Set(ids)) {
      const email = store.get('Email', id);
      const patch = email && patchOf(email);
      if (!patch) continue;
      patches[id] = patch;
      inverse[id] = inversePatch(email, patch);
      threads.add(email.threadId);
    }
    if (threads.size === 0) return;
    store.update('Email', patches).catch((error) => toast({ text: t('error.change', { reason: reasonOf(error) }), kind: 'error' }));
    if (!say) return;
    const entry = { patches: inverse, dismiss: () => {} };
    entry.dismiss = toast({ text: say(threads.size), action: { label: t('action.undo'), run: () => takeBack(entry) } });
    done.push(entry);
    if (done.length > UNDO_DEPTH) done.shift();
    canUndo.set(true);
  }

  /** @param {{ patches: Record<string, Patch>, dismiss: () => void }} entry */
  function takeBack(entry) {
    const index = done.indexOf(entry);
    if (index < 0) return;
    done.splice(index, 1);
    canUndo.set(done.length > 0);
    entry.dismiss();
    store.update('Email', entry.patches)
      .then(() => toast({ text: t('action.undone') }))
      .catch((error) => toast({ text: t('error.change', { reason: reasonOf(error) }), kind: 'error' }));
  }

  /** @param {string[]} ids @param {string} role @param {string} key @param {Patch} [more] */
  function moveToRole(ids, role, key, more = {}) {
    const target = mailboxes.withRole(role);
    if (!target) {
      toast({ text: t('error.no-folder', { folder: t(`folder.${role}`) }), kind: 'error' });
      return;
    }
    change(ids, (email) => (email.mailboxIds[target.id] ? null : { mailboxIds: { [target.id]: true }, ...more }), (count) => t(key, { count }));
  }

  /** @param {string} keyword @param {boolean} isSet @returns {(email: Email) => Patch | null} */
  function keywordPatch(keyword, isSet) {
    return (email) => (Boolean(email.keywords[keyword]) === isSet ? null : { [`keywords/${keyword}`]: isSet ? true : null });
  }

  return {
    archive: (ids) => moveToRole(ids, 'archive', 'toast.archived'),
    trash: (ids) => moveToRole(ids, 'trash', 'toast.trashed'),
    spam: (ids) => moveToRole(ids, 'junk', 'toast.spam', { 'keywords/$junk': true, 'keywords/$notjunk': null }),
    notSpam: (ids) => moveToRole(ids, 'inbox', 'toast.not-spam', { 'keywords/$junk': null, 'keywords/$notjunk': true }),
    move(ids, mailboxId) {
      const target = mailboxes.get(mailboxId);
      if (!target) return;
      change(ids, (email) => (email.mailboxIds[mailboxId] ? null : { mailboxIds: { [mailboxId]: true } }), (count) => t('toast.moved', { count, folder: mailboxes.name(target) }));
    },
    setSeen: (ids, isSeen, { silent = false } = {}) => change(ids, keywordPatch('$seen', isSeen), silent ? null : (count) => t(isSeen ? 'toast.read' : 'toast.unread', { count })),
    setFlagged: (ids, isFlagged) => change(ids, keywordPatch('$flagged', isFlagged), null),
    async destroyForever(ids) {
      try {
        await store.destroy('Email', ids);
        toast({ text: t('toast.destroyed', { count: ids.length }) });
      } catch (error) {
        toast({ text: t('error.change', { reason: reasonOf(error) }), kind: 'error' });
      }
    },
    undo() {
      const last = done[done.length - 1];
      if (last) takeBack(last);
    },
    canUndo,
  };
}

/**
 * Why it went wrong, in words for people.
 * @param {any} error
 */
export function reasonOf(error) {
  const key = `error.type.${error?.type}`;
  const known = t(key);
  return known === key ? t('error.type.unknown') : known;
}
