// @ts-check
/** What an answer starts with: whom it goes to, its subject, its place in the conversation, and what it quotes. RFC 5322 §3.6.4. */
import { t, locale } from '../lib/i18n.js';
import { fullName } from '../lib/format.js';
import { formatAddress, uniqueAddresses } from './compose-addresses.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('../jmap/types.js').Identity} Identity */
/** @typedef {'reply'|'replyAll'|'forward'} AnswerMode */

const REPLY_PREFIX = /^\s*(?:re|aw|sv|vs|antw|odp|ref|rif|res|回复|答复)\s*(?:\[\d+\])?\s*[:：]\s*/i;
const FORWARD_PREFIX = /^\s*(?:fwd?|wg|tr|rv|enc|vb|doorst|转发)\s*[:：]\s*/i;
const LONGEST_REFERENCES = 40;

/**
 * @param {Email} email
 * @param {AnswerMode} mode
 * @param {Iterable<string>} own    our addresses: we do not answer ourselves
 * @returns {{to: EmailAddress[], cc: EmailAddress[]}}
 */
export function recipientsOf(email, mode, own) {
  if (mode === 'forward') return { to: [], cc: [] };
  const mine = new Set(Array.from(own, (address) => address.toLowerCase()));
  const isMine = (/** @type {EmailAddress} */ address) => mine.has(address.email.toLowerCase());
  const sender = email.replyTo?.length ? email.replyTo : email.from ?? [];
  const wroteIt = (email.from ?? []).some(isMine) && !email.replyTo?.length;
  const to = uniqueAddresses(wroteIt ? email.to ?? [] : sender);
  if (mode === 'reply') return { to, cc: [] };
  if (wroteIt) return { to, cc: uniqueAddresses(email.cc ?? [], to.map(({ email: address }) => address)) };
  const taken = [...mine, ...to.map(({ email: address }) => address)];
  const others = uniqueAddresses(email.to ?? [], taken);
  return { to: to.length > 0 ? to : others, cc: uniqueAddresses([...(to.length > 0 ? others : []), ...(email.cc ?? [])], taken) };
}

/** @param {string|null} subject @param {AnswerMode} mode */
export function subjectOf(subject, mode) {
  let rest = subject ?? '';
  const prefix = mode === 'forward' ? 'Fwd: ' : 'Re: ';
  while (REPLY_PREFIX.test(rest) || (mode === 'forward' && FORWARD_PREFIX.test(rest))) rest = rest.replace(REPLY_PREFIX, '').replace(mode === 'forward' ? FORWARD_PREFIX : /$^/, '');
  return prefix + rest;
}

/** @param {Email} email @param {AnswerMode} mode @returns {{inReplyTo: string[]|null, references: string[]|null}} */
export function threadOf(email, mode) {
  const own = email.messageId ?? [];
  if (own.length === 0) return { inReplyTo: null, references: null };
  const before = email.references?.length ? email.references : email.inReplyTo?.length === 1 ? email.inReplyTo : [];
  const references = [...before.filter((id) => !own.includes(id)), ...own];
  const kept = references.length > LONGEST_REFERENCES ? [references[0], ...references.slice(1 - LONGEST_REFERENCES)] : references;
  return { inReplyTo: mode === 'forward' ? null : own, references: kept };
}

/**
 * The identity that was written to, else the first.
 * @param {Email|null} email @param {Identity[]} identities
 */
export function identityFor(email, identities) {
  const written = [...(email?.to ?? []), ...(email?.cc ?? []), ...(email?.bcc ?? []), ...(email?.from ?? [])].map((address) => address.email.toLowerCase());
  return identities.find((identity) => written.includes(identity.email.toLowerCase())) ?? identities[0] ?? null;
}

/**
 * "On …, … wrote:"
 * @param {Email} email
 */
export function attributionOf(email) {
  const date = new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short' }).format(new Date(email.sentAt ?? email.receivedAt));
  const sender = email.from?.[0];
  return t('compose.attribution', { date, name: sender ? (sender.name ? `${fullName(sender)} <${sender.email}>` : sender.email) : t('message.unknown-sender') });
}

/**
 * The head of what is forwarded, line by line.
 * @param {Email} email @returns {[string, string][]}
 */
export function forwardHead(email) {
  const people = (/** @type {EmailAddress[]|null|undefined} */ list) => (list ?? []).map(formatAddress).join(', ');
  const date = new Intl.DateTimeFormat(locale(), { dateStyle: 'full', timeStyle: 'short' }).format(new Date(email.sentAt ?? email.receivedAt));
  return /** @type {[string, string][]} */ ([
    [t('message.from'), people(email.from)], [t('message.date'), date], [t('message.subject'), email.subject ?? ''], [t('message.to'), people(email.to)], [t('message.cc'), people(email.cc)],
  ]).filter(([, value]) => value !== '');
}

/**
 * A `mailto:` address as the start of a message, RFC 6068.
 * @param {string} url
 */
export function readMailto(url) {
  const [path, query = ''] = url.replace(/^mailto:/i, '').split('?');
  /** @type {Record<string, string>} */
  const fields = {};
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    const name = decode(pair.slice(0, Math.max(0, at))).toLowerCase();
    if (['to', 'cc', 'bcc', 'subject', 'body'].includes(name)) fields[name] = (fields[name] ? `${fields[name]}, ` : '') + decode(pair.slice(at + 1));
  }
  return { to: [decode(path), fields.to].filter(Boolean).join(', '), cc: fields.cc ?? '', bcc: fields.bcc ?? '', subject: fields.subject ?? '', body: fields.body ?? '' };
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
