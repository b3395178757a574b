/** What can be done with one message of a conversation. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { openDialog } from '../components/dialog.js';
import { openMenu } from '../components/menu.js';
import { button } from '../components/button.js';

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
  openMenu(anchor, [
    { label: t('action.reply'), icon: 'reply', run: () => openComposer({ mode: 'reply', emailId: email.id }) },
    { label: t('action.reply-all'), icon: 'reply-all', run: () => openComposer({ mode: 'replyAll', emailId: email.id }) },
    { label: t('action.forward'), icon: 'forward', run: () => openComposer({ mode: 'forward', emailId: email.id }) },
    null,
    { label: t('message.mark-unread'), icon: 'unread', run: () => { actions.setSeen([email.id], false); onCommand('back'); } },
    { label: t('message.trash'), icon: 'trash', run: () => actions.trash([email.id]) },
    null,
    { label: t('message.print'), icon: 'print', run: () => window.print() },
    { label: t('message.download'), icon: 'download', run: () => downloadMessage(deps, email) },
    { label: t('message.source'), icon: 'code', run: () => void showSource(deps, email) },
  ], t('action.more'));
}

/** @param {Email} email */
function fileName(email) {
  return `${(email.subject ?? '').replace(/[^\p{L}\p{N} ._-]+/gu, ' ').trim().slice(0, 80) || 'message'}.eml`;
}

/** @param {MailDeps} deps @param {Email} email */
function downloadMessage({ client }, email) {
  if (!email.blobId) return;
  const link = h('a', { href: client.downloadUrl(email.blobId, fileName(email), 'message/rfc822'), download: fileName(email) });
  document.body.append(link);
  link.click();
  link.remove();
}

/** @param {MailDeps} deps @param {Email} email */
async function showSource(deps, email) {
  if (!email.blobId) return;
  const text = h('pre', { class: 'source', tabindex: 0 }, '…');
  const { blobId } = email;
  deps.client.download(blobId, fileName(email), 'text/plain')
    .then((blob) => blob.slice(0, 2_000_000).text()).then((source) => { text.textContent = source; })
    .catch(() => { text.textContent = t('message.error'); });
  await openDialog({
    title: t('message.source'),
    class: 'dialog-wide',
    content: (close) => [h('div', { class: 'dialog-body' }, text), h('div', { class: 'dialog-foot' },
      button({ label: t('action.copy'), icon: 'copy', kind: 'plain', onClick: () => void navigator.clipboard.writeText(text.textContent ?? '').then(() => deps.toast({ text: t('toast.copied') })) }),
      button({ label: t('message.download'), icon: 'download', kind: 'plain', onClick: () => downloadMessage(deps, email) }),
      button({ label: t('action.close'), kind: 'primary', onClick: () => close(undefined) }))],
  });
}
