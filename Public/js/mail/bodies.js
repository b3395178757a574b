/** Fetches what a message says, once, and ahead of time where a pointer or the cursor is about to open it. */

/** @typedef {import('../jmap/types.js').Email} Email */

/** What a reader shows of a message, RFC 8621 §4.2. */
const READER_ARGUMENTS = {
  properties: [
    'id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'size', 'receivedAt', 'sentAt', 'messageId', 'inReplyTo', 'references', 'sender', 'from', 'to', 'cc', 'bcc',
    'replyTo', 'subject', 'preview', 'hasAttachment', 'textBody', 'htmlBody', 'attachments', 'bodyValues',
  ],
  bodyProperties: ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid', 'language', 'location', 'header:Content-Type'],
  fetchTextBodyValues: true,
  fetchHTMLBodyValues: true,
  maxBodyValueBytes: 1_000_000,
};

/**
 * @typedef {object} Bodies
 * @property {(ids: string[]) => Promise<void>} ensure
 * @property {(email: Email) => boolean} has
 * @property {(email: Email) => void} prefetch  the conversation that this email stands for
 */

/** @param {{ store: import('../jmap/store.js').Store }} deps @returns {Bodies} */
export function createBodies({ store }) {
  /** @type {Map<string, Promise<unknown>>} */
  const asked = new Map();

  /** @type {Bodies['ensure']} */
  async function ensure(ids) {
    const missing = ids.filter((id) => !asked.has(id) && !store.get('Email', id)?.bodyValues);
    if (missing.length > 0) {
      const work = store.fetch('Email', missing, READER_ARGUMENTS).finally(() => missing.forEach((id) => asked.delete(id)));
      missing.forEach((id) => asked.set(id, work));
    }
    await Promise.all(ids.map((id) => asked.get(id)));
  }

  return {
    ensure,
    has: (email) => Boolean(email.bodyValues),
    prefetch(email) {
      /** @type {Email[]} */
      const thread = (store.get('Thread', email.threadId)?.emailIds ?? [email.id]).map((/** @type {string} */ id) => store.get('Email', id)).filter(Boolean);
      const wanted = thread.filter((one, index) => index === thread.length - 1 || !one.keywords.$seen).slice(-5);
      ensure(wanted.map(({ id }) => id)).catch(() => { /* Opening it will ask again, and say what is wrong. */ });
    },
  };
}
