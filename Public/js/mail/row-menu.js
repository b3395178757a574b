/** The menu of a row, and the picker of folders. */
import { t } from '../lib/i18n.js';
import { openMenu } from '../components/menu.js';

/** @typedef {import('./deps.js').MailDeps} MailDeps */

/**
 * @param {MailDeps} deps
 * @param {{ x: number, y: number }} point
 * @param {{ isOne: boolean, isUnread: boolean, isJunk: boolean, emailId: string | undefined, act: (command: string) => void }} options
 */
export function openRowMenu({ openComposer }, point, { isOne, isUnread, isJunk, emailId, act }) {
  /** @param {'reply' | 'replyAll' | 'forward'} mode */
  const answer = (mode) => () => emailId && openComposer({ mode, emailId });
  const run = (/** @type {string} */ command) => () => act(command);
  openMenu(point, [
    ...(isOne ? [
      { label: t('action.reply'), icon: 'reply', keys: 'r', run: answer('reply') },
      { label: t('action.reply-all'), icon: 'reply-all', keys: 'a', run: answer('replyAll') },
      { label: t('action.forward'), icon: 'forward', keys: 'f', run: answer('forward') },
      null,
    ] : []),
    { label: t('action.archive'), icon: 'archive', keys: 'e', run: run('archive') },
    { label: t('action.trash'), icon: 'trash', keys: '#', run: run('trash') },
    { label: t('action.move'), icon: 'move', keys: 'v', run: run('move') },
    isJunk ? { label: t('action.not-spam'), icon: 'not-junk', keys: '!', run: run('not-spam') } : { label: t('action.spam'), icon: 'junk', keys: '!', run: run('spam') },
    null,
    { label: t(isUnread ? 'action.mark-read' : 'action.mark-unread'), icon: isUnread ? 'read' : 'unread', run: run('toggle-read') },
    { label: t('action.toggle-star'), icon: 'star', keys: 's', run: run('toggle-star') },
  ], t('list.menu'));
}

/**
 * Lets a folder be chosen, or made.
 * @param {MailDeps} deps
 * @param {import('../jmap/types.js').Mailbox | undefined} here  the folder that makes no sense
 * @param {(mailboxId: string) => void} onChoose
 */
export async function chooseFolder(deps, here, onChoose) {
  const { mailboxes } = deps;
  const { openPicker } = await import('../components/picker.js');
  const choices = mailboxes.ordered().filter(({ id, role }) => id !== here?.id && role !== 'drafts')
    .map((mailbox) => ({ label: mailboxes.path(mailbox), icon: mailboxes.icon(mailbox), run: () => onChoose(mailbox.id) }));
  await openPicker({ title: t('action.move'), placeholder: t('move.placeholder'), choices, more: () => [{ label: t('move.create'), icon: 'folder-plus', run: () => void makeAndChoose() }] });

  async function makeAndChoose() {
    const { createFolder } = await import('./folder-actions.js');
    const mailbox = await createFolder(deps, null);
    if (mailbox) onChoose(mailbox.id);
  }
}
