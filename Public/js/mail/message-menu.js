/** What can be done with one message of a conversation. */
import { t } from '../lib/i18n.js';
import { openMenu } from '../components/menu.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('./deps.js').MailDeps} MailDeps */

/**
 * @param {MailDeps} deps
 * @param {Email} email
 * @param {HTMLElement} anchor
 * @param {(command: string) => void} onCommand
 */
export function messageMenu(deps, email, anchor, onCommand) {
  const { actions, openComposer } = deps;
  /**
   * What is seldom used is loaded when it is used.
   * @param {() => Promise<unknown>} work
   */
  const load = (work) => () => void work().catch((error) => {
    console.error(error);
    deps.toast({ text: t('message.error'), kind: 'error' });
  });
  openMenu(anchor, [
    { label: t('action.reply'), icon: 'reply', run: () => openComposer({ mode: 'reply', emailId: email.id }) },
    { label: t('action.reply-all'), icon: 'reply-all', run: () => openComposer({ mode: 'replyAll', emailId: email.id }) },
    { label: t('action.forward'), icon: 'forward', run: () => openComposer({ mode: 'forward', emailId: email.id }) },
    null,
    { label: t('message.mark-unread'), icon: 'unread', run: () => { actions.setSeen([email.id], false); onCommand('back'); } },
    { label: t('message.trash'), icon: 'trash', run: () => actions.trash([email.id]) },
    null,
    { label: t('message.print'), icon: 'print', run: load(async () => (await import('./message-print.js')).printMessage(deps, email)) },
    { label: t('message.download'), icon: 'download', run: load(async () => (await import('./message-source.js')).downloadMessage(deps, email)) },
    { label: t('message.source'), icon: 'code', run: load(async () => (await import('./message-source.js')).showMessageSource(deps, email)) },
    { label: t('message.headers'), icon: 'info', run: load(async () => (await import('./message-source.js')).showMessageHeaders(deps, email)) },
  ], t('action.more'));
}
