/** New mail, for those who cannot see it come. */
import { fullName } from '../lib/format.js';
import { t } from '../lib/i18n.js';

/** @typedef {import('./deps.js').MailDeps} MailDeps */

/**
 * Says that mail has come, to those who cannot see it.
 * @param {MailDeps} deps
 * @param {HTMLElement} region
 */
export function announceNewMail({ store, mailboxes, own }, region) {
  store.onNewEmails((emails) => {
    const inbox = mailboxes.withRole('inbox');
    const fresh = emails.filter((email) => inbox && email.mailboxIds[inbox.id] && !email.keywords.$seen && !own().has(email.from?.[0]?.email.toLowerCase() ?? ''));
    if (fresh.length === 0) return;
    const [first] = fresh;
    region.textContent = fresh.length === 1 ? t('announce.one', { sender: first.from?.[0] ? fullName(first.from[0]) : t('message.unknown-sender'), subject: first.subject ?? '' }) : t('announce.many', { count: fresh.length });
  });
}
