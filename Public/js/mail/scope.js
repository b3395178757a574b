/** Which messages a command on conversations is about. */
import { emailsOfThread } from './conversation-summary.js';

/** @typedef {import('../jmap/types.js').Email} Email */

const PAGE = 500;

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {{ place: import('./place.js').MailPlace, list: import('../jmap/email-list.js').EmailList }} options
 */
export function createScope({ store, mailboxes, hidden }, { place, list }) {
  /** @param {string} id @returns {Email[]} */
  function conversation(id) {
    const email = store.get('Email', id);
    return email ? emailsOfThread(store, email, hidden()) : [];
  }

  /**
   * Own words stay where they are: a conversation is archived, not what one has sent or is writing.
   * @param {Email} email
   */
  function isOwnWork(email) {
    const roles = Object.keys(email.mailboxIds).map((id) => mailboxes.get(id)?.role);
    return roles.some((role) => role === 'sent' || role === 'drafts');
  }

  return {
    conversation,
    /**
     * All messages of the conversations.
     * @param {string[]} ids
     */
    all: (ids) => ids.flatMap(conversation).map(({ id }) => id),
    /**
     * The newest message of each that is not being written.
     * @param {string[]} ids
     */
    newest: (ids) => ids.map((id) => {
      const emails = conversation(id);
      return ([...emails].reverse().find((email) => !email.keywords.$draft) ?? emails[emails.length - 1])?.id;
    }).filter(Boolean),
    /**
     * Those that move when the conversation moves: what of it is in this folder; elsewhere, what others wrote.
     * @param {string[]} ids
     */
    movable: (ids) => ids.flatMap((id) => {
      const emails = conversation(id);
      const here = place.mailbox ? emails.filter((email) => place.mailbox && email.mailboxIds[place.mailbox.id]) : emails.filter((email) => !isOwnWork(email));
      return here.length > 0 ? here : emails;
    }).map(({ id }) => id),
    /** Makes every conversation of the list known well enough to act on it; gives their ids. */
    async loadEverything() {
      const total = list.length() ?? 0;
      /** @type {string[]} */
      const ids = [];
      for (let from = 0; from < total; from += PAGE) {
        const page = await list.idsIn(from, Math.min(total, from + PAGE));
        const missing = page.filter((id) => !store.get('Email', id));
        if (missing.length > 0) await store.fetch('Email', missing, { properties: ['id', 'threadId', 'mailboxIds', 'keywords', 'from', 'to', 'subject', 'receivedAt', 'preview', 'hasAttachment'] });
        ids.push(...page);
        if (page.length === 0) break;
      }
      return ids;
    },
  };
}
