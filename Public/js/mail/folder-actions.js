/** Making, renaming, emptying and deleting folders. */
import { askText, confirmDanger } from '../components/dialog.js';
import { t } from '../lib/i18n.js';
import { reasonOf } from './actions.js';

/** @typedef {import('../jmap/types.js').Mailbox} Mailbox */
/** @typedef {import('./deps.js').MailDeps} MailDeps */

/** @param {MailDeps} deps @param {string | null} parentId @param {string} [except] */
function nameCheck({ mailboxes }, parentId, except) {
  return (/** @type {string} */ name) => {
    const isTaken = mailboxes.all().some((mailbox) => mailbox.id !== except && (mailbox.parentId ?? null) === parentId && mailbox.name.toLocaleLowerCase() === name.toLocaleLowerCase());
    return isTaken ? t('error.name-taken') : null;
  };
}

/** @param {MailDeps} deps @param {Mailbox | null} parent @returns {Promise<Mailbox | undefined>} */
export async function createFolder(deps, parent) {
  const name = await askText({
    title: parent ? t('folders.create-in-title', { folder: deps.mailboxes.name(parent) }) : t('folders.create'),
    label: t('folders.name'), submit: t('action.create'), check: nameCheck(deps, parent?.id ?? null),
  });
  if (!name) return undefined;
  try {
    const made = await deps.store.create('Mailbox', { new: { name, parentId: parent?.id ?? null, isSubscribed: true } });
    return made.new;
  } catch (error) {
    deps.toast({ text: t('error.change', { reason: reasonOf(error) }), kind: 'error' });
    return undefined;
  }
}

/** @param {MailDeps} deps @param {Mailbox} mailbox */
export async function renameFolder(deps, mailbox) {
  const name = await askText({ title: t('folders.rename'), label: t('folders.name'), value: mailbox.name, submit: t('action.rename'), check: nameCheck(deps, mailbox.parentId, mailbox.id) });
  if (!name || name === mailbox.name) return;
  await attempt(deps, deps.store.update('Mailbox', { [mailbox.id]: { name } }));
}

/**
 * Deletes a folder; what is in it goes to the trash, where it can be taken back from.
 * @param {MailDeps} deps @param {Mailbox} mailbox
 */
export async function deleteFolder(deps, mailbox) {
  const { store, mailboxes, toast } = deps;
  const name = mailboxes.name(mailbox);
  if (mailboxes.all().some(({ parentId }) => parentId === mailbox.id)) {
    toast({ text: t('folders.has-children', { folder: name }), kind: 'error' });
    return;
  }
  const isSure = mailbox.totalEmails === 0 || await confirmDanger({ title: t('folders.delete-title', { folder: name }), text: t('folders.delete-text', { count: mailbox.totalEmails }), confirm: t('folders.delete') });
  if (!isSure) return;
  await attempt(deps, (async () => {
    await moveAll(deps, mailbox);
    if (deps.router.place.get().path[1] === mailboxes.slug(mailbox)) deps.router.go('/mail/inbox', { replace: true });
    await store.destroy('Mailbox', [mailbox.id]);
    toast({ text: t('toast.folder-deleted', { folder: name }) });
  })());
}

/**
 * Moves everything in a folder to the trash.
 * @param {MailDeps} deps
 * @param {Mailbox} mailbox
 */
async function moveAll({ client, store, mailboxes }, mailbox) {
  const trash = mailboxes.withRole('trash');
  for (let last = ''; ;) {
    const { ids } = await client.call('Email/query', { filter: { inMailbox: mailbox.id }, limit: 400 });
    if (ids.length === 0 || !trash || ids[0] === last) return;
    last = ids[0];
    await store.update('Email', Object.fromEntries(ids.map((/** @type {string} */ id) => [id, { mailboxIds: { [trash.id]: true } }])));
  }
}

/**
 * Removes everything in Trash or Junk for good; asks first, since nothing can bring it back.
 * @param {MailDeps} deps
 * @param {Mailbox} mailbox
 */
export async function emptyFolder(deps, mailbox) {
  const { client, store, mailboxes, toast } = deps;
  const name = mailboxes.name(mailbox);
  if (!await confirmDanger({ title: t('folders.empty-title', { folder: name }), text: t('folders.empty-text', { count: mailbox.totalEmails }), confirm: t('folders.empty') })) return;
  await attempt(deps, (async () => {
    for (let last = ''; ;) {
      const { ids } = await client.call('Email/query', { filter: { inMailbox: mailbox.id }, limit: 400 });
      if (ids.length === 0 || ids[0] === last) break;
      last = ids[0];
      await store.destroy('Email', ids);
    }
    toast({ text: t('toast.folder-emptied', { folder: name }) });
  })());
}

/** @param {MailDeps} deps @param {Promise<unknown>} work */
async function attempt({ toast }, work) {
  try {
    await work;
  } catch (error) {
    toast({ text: t('error.change', { reason: reasonOf(error) }), kind: 'error' });
  }
}
