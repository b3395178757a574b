/** What a list shows of a conversation, from what the store knows of its messages. Pure but for reading the store. */
import { fullName, shortName } from '../lib/format.js';
import { t } from '../lib/i18n.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */

/**
 * @typedef {object} Summary
 * @property {Email} email  the message that stands for the conversation
 * @property {Email[]} emails  those that count, oldest first
 * @property {{ name: string, isUnread: boolean }[]} people
 * @property {EmailAddress | undefined} face  whose avatar is shown
 * @property {number} count
 * @property {boolean} isUnread
 * @property {boolean} isFlagged
 * @property {boolean} hasAttachment
 * @property {boolean} isDraft
 * @property {boolean} isAnswered
 */

const MOST_NAMES = 4;

/**
 * @param {import('../jmap/store.js').Store} store
 * @param {Email} email
 * @param {{ own: Set<string>, isOutgoing: boolean, hidden: Set<string> }} context  `hidden`: mailboxes (Trash, Junk) whose messages do not count elsewhere
 * @returns {Summary}
 */
export function summarise(store, email, { own, isOutgoing, hidden }) {
  const emails = emailsOfThread(store, email, hidden);
  const isHiddenHere = Object.keys(email.mailboxIds).some((id) => hidden.has(id));
  return {
    email,
    emails,
    people: isOutgoing ? recipients(email) : senders(emails, own),
    face: isOutgoing ? email.to?.[0] : lastOther(emails, own)?.from?.[0] ?? email.from?.[0],
    count: emails.length,
    isUnread: emails.some((one) => !one.keywords.$seen && !one.keywords.$draft),
    isFlagged: emails.some((one) => one.keywords.$flagged),
    hasAttachment: emails.some((one) => one.hasAttachment),
    isDraft: isHiddenHere ? Boolean(email.keywords.$draft) : emails.some((one) => one.keywords.$draft),
    isAnswered: Boolean(email.keywords.$answered),
  };
}

/**
 * The messages of a conversation that are seen from here, oldest first.
 * @param {import('../jmap/store.js').Store} store
 * @param {Email} email
 * @param {Set<string>} hidden
 * @returns {Email[]}
 */
export function emailsOfThread(store, email, hidden) {
  /** @type {string[]} */
  const ids = store.get('Thread', email.threadId)?.emailIds ?? [];
  const here = Object.keys(email.mailboxIds)[0];
  const isHidden = hidden.has(here);
  const emails = ids.map((id) => /** @type {Email | undefined} */ (store.get('Email', id))).filter((one) => one !== undefined);
  const visible = /** @type {Email[]} */ (emails).filter((one) => (isHidden ? one.mailboxIds[here] : !Object.keys(one.mailboxIds).some((id) => hidden.has(id))));
  return visible.length > 0 ? visible : [email];
}

/** @param {Email[]} emails @param {Set<string>} own */
function lastOther(emails, own) {
  return [...emails].reverse().find((one) => one.from?.[0] && !own.has(one.from[0].email.toLowerCase()));
}

/** @param {Email[]} emails @param {Set<string>} own */
function senders(emails, own) {
  /** @type {Map<string, { address: EmailAddress, isUnread: boolean }>} */
  const byEmail = new Map();
  for (const { from, keywords } of emails) {
    for (const address of from ?? []) {
      const key = address.email.toLowerCase();
      const isUnread = !keywords.$seen && !keywords.$draft;
      byEmail.set(key, { address, isUnread: isUnread || (byEmail.get(key)?.isUnread ?? false) });
    }
  }
  const all = [...byEmail.entries()];
  const isAlone = all.length === 1;
  const names = all.map(([key, { address, isUnread }]) => ({ name: own.has(key) ? t('list.me') : isAlone ? fullName(address) : shortName(address), isUnread }));
  return names.length > MOST_NAMES ? [names[0], { name: '…', isUnread: false }, ...names.slice(-MOST_NAMES + 2)] : names;
}

/** @param {Email} email */
function recipients({ to }) {
  const list = to ?? [];
  if (list.length === 0) return [{ name: t('list.no-recipient'), isUnread: false }];
  return list.slice(0, MOST_NAMES).map((address) => ({ name: list.length === 1 ? fullName(address) : shortName(address), isUnread: false }));
}
