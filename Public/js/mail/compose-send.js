// @ts-check
/** Keeping and sending: what the composer asks of the server. RFC 8621 §4.6, §7.5; holding back by FUTURERELEASE, RFC 4865. */
import { emailOf } from './compose-draft.js';
import { SetError } from '../jmap/errors.js';
import { uniqueAddresses } from './compose-addresses.js';

/** @typedef {import('./compose-draft.js').DraftContent} DraftContent */
/** @typedef {{client: import('../jmap/client.js').Client, store: import('../jmap/store.js').Store}} SendDeps */
/** @typedef {{id: string, emailId: string, holds: boolean}} Sent */

/** How long a message is held back, so that sending can be undone. */
export const UNDO_SECONDS = 10;
const SUBMISSION = 'urn:ietf:params:jmap:submission';

/** @param {SendDeps} deps @param {string} role */
export function mailboxWithRole({ store }, role) {
  return store.list('Mailbox').find((mailbox) => mailbox.role === role);
}

/**
 * Whether the server can hold messages back.
 * @param {SendDeps} deps
 */
export function canHold({ client }) {
  const account = client.session.accounts?.[client.accountId]?.accountCapabilities?.[SUBMISSION];
  const capability = account ?? client.session.capabilities[SUBMISSION];
  return Number(capability?.maxDelayedSend ?? 0) >= UNDO_SECONDS;
}

/**
 * Keeps a draft: a new email, and the one before goes, in one request.
 * @param {SendDeps} deps
 * @param {DraftContent} draft
 * @param {string|null} previous
 * @returns {Promise<string>} the id of the email
 */
export async function saveDraft(deps, draft, previous) {
  const mailbox = mailboxWithRole(deps, 'drafts');
  if (!mailbox) throw new Error('no drafts folder');
  const answer = await deps.client.call('Email/set', { create: { draft: emailOf(draft, mailbox.id) }, ...(previous ? { destroy: [previous] } : {}) });
  if (!answer.created?.draft) throw new SetError('Email/set', answer.notCreated ?? {});
  void deps.store.sync();
  return answer.created.draft.id;
}

/** @param {SendDeps} deps @param {string} id */
export async function discardDraft(deps, id) {
  await deps.client.call('Email/set', { destroy: [id] });
  void deps.store.sync();
}

/**
 * Sends: files the message, hands it over, moves it to Sent, in one request.
 * @param {SendDeps} deps
 * @param {object} message
 * @param {DraftContent} message.draft
 * @param {string} message.identityId
 * @param {string|null} message.previous   the saved draft, which goes
 * @param {Date|null} message.at           not before
 * @returns {Promise<Sent>}
 */
export async function sendMessage(deps, { draft, identityId, previous, at }) {
  const drafts = mailboxWithRole(deps, 'drafts');
  const sent = mailboxWithRole(deps, 'sent') ?? drafts;
  if (!drafts || !sent) throw new Error('no drafts folder');
  const holds = canHold(deps);
  const parameters = at ? { HOLDUNTIL: at.toISOString().replace(/\.\d+Z$/, 'Z') } : holds ? { HOLDFOR: String(UNDO_SECONDS) } : null;
  const made = deps.client.call('Email/set', { create: { message: emailOf(draft, drafts.id) } });
  const handed = deps.client.call('EmailSubmission/set', {
    create: {
      submission: {
        identityId,
        emailId: '#message',
        envelope: { mailFrom: { email: draft.from.email, parameters }, rcptTo: uniqueAddresses([...draft.to, ...draft.cc, ...draft.bcc]).map(({ email }) => ({ email, parameters: null })) },
      },
    },
    onSuccessUpdateEmail: { '#submission': drafts === sent ? { 'keywords/$draft': null } : { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, 'keywords/$draft': null } },
  });
  const [message, submission] = await Promise.allSettled([made, handed]);
  if (message.status === 'rejected') throw message.reason;
  const emailId = message.value.created?.message?.id;
  if (!emailId) throw new SetError('Email/set', message.value.notCreated ?? {});
  const id = submission.status === 'fulfilled' ? submission.value.created?.submission?.id : undefined;
  if (!id) {
    // The message was filed but not taken: the draft that we had stays the one that counts.
    void deps.client.call('Email/set', { destroy: [emailId] }).catch(() => {});
    throw submission.status === 'rejected' ? submission.reason : new SetError('EmailSubmission/set', submission.value.notCreated ?? {});
  }
  if (previous) void deps.client.call('Email/set', { destroy: [previous] }).catch(() => {});
  void deps.store.sync();
  return { id, emailId, holds: parameters !== null };
}

/**
 * Calls a message back; gives false when it is too late.
 * @param {SendDeps} deps
 * @param {Sent} sent
 */
export async function callBack(deps, sent) {
  const answer = await deps.client.call('EmailSubmission/set', { update: { [sent.id]: { undoStatus: 'canceled' } } });
  if (!answer.updated || !(sent.id in answer.updated)) return false;
  const drafts = mailboxWithRole(deps, 'drafts');
  if (drafts) await deps.client.call('Email/set', { update: { [sent.emailId]: { mailboxIds: { [drafts.id]: true }, 'keywords/$draft': true } } });
  void deps.store.sync();
  return true;
}

/**
 * Marks what was answered or forwarded.
 * @param {SendDeps} deps @param {string} emailId @param {'$answered'|'$forwarded'} keyword @param {boolean} on
 */
export async function markOriginal(deps, emailId, keyword, on) {
  await deps.store.update('Email', { [emailId]: { [`keywords/${keyword}`]: on ? true : null } }).catch(() => {});
}
