// @ts-check
/**
 * A message that is being written: what it is made of, as JMAP creates it (RFC 8621 §4.6), and back. The structure is spelled out, so that
 * what is sent is what is meant:
 *
 *     mixed ( alternative ( text/plain, related ( text/html, images of the text ) ), attachments )
 *
 * where each level is there only if it holds more than one thing.
 */
import { bareCid } from './remote-images.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('../jmap/types.js').EmailBodyPart} EmailBodyPart */
/** @typedef {{key: string, name: string, type: string, size: number, blobId: string|null, cid: string|null, progress: number, failed: boolean, cancel: (() => void)|null}} DraftFile */
/**
 * @typedef {object} DraftContent
 * @property {EmailAddress} from
 * @property {EmailAddress[]} to
 * @property {EmailAddress[]} cc
 * @property {EmailAddress[]} bcc
 * @property {EmailAddress[]|null} replyTo
 * @property {string} subject
 * @property {string|null} html      null: plain text only
 * @property {string} text
 * @property {DraftFile[]} files     those with a cid belong to the text
 * @property {string[]|null} inReplyTo
 * @property {string[]|null} references
 */

/**
 * The Email that JMAP shall create.
 * @param {DraftContent} draft
 * @param {string} mailboxId    the drafts folder
 */
export function emailOf(draft, mailboxId) {
  const ready = draft.files.filter(({ blobId }) => blobId !== null);
  const inline = ready.filter(({ cid }) => cid !== null && draft.html !== null && draft.html.includes(`cid:${cid}`));
  const attached = ready.filter((file) => !inline.includes(file) && !file.cid);
  /** @type {any} */
  const text = { partId: 'text', type: 'text/plain' };
  /** @type {any} */
  let body = text;
  if (draft.html !== null) {
    const html = { partId: 'html', type: 'text/html' };
    const rich = inline.length === 0 ? html : { type: 'multipart/related', subParts: [html, ...inline.map((file) => filePart(file, 'inline'))] };
    body = { type: 'multipart/alternative', subParts: [text, rich] };
  }
  const structure = attached.length === 0 ? body : { type: 'multipart/mixed', subParts: [body, ...attached.map((file) => filePart(file, 'attachment'))] };
  return dropEmpty({
    mailboxIds: { [mailboxId]: true },
    keywords: { $draft: true, $seen: true },
    from: [draft.from],
    to: orNull(draft.to),
    cc: orNull(draft.cc),
    bcc: orNull(draft.bcc),
    replyTo: orNull(draft.replyTo ?? []),
    subject: draft.subject,
    sentAt: localDate(new Date()),
    inReplyTo: draft.inReplyTo,
    references: draft.references,
    bodyStructure: structure,
    bodyValues: { text: { value: draft.text }, ...(draft.html === null ? {} : { html: { value: draft.html } }) },
  });
}

/** @param {DraftFile} file @param {'inline'|'attachment'} disposition */
function filePart(file, disposition) {
  return { blobId: file.blobId, type: file.type || 'application/octet-stream', name: file.name, disposition, ...(disposition === 'inline' ? { cid: file.cid } : {}) };
}

/** @template T @param {T[]} list */
function orNull(list) {
  return list.length > 0 ? list : null;
}

/** @param {Record<string, any>} record */
function dropEmpty(record) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
}

/**
 * A date with the writer's own offset, RFC 3339.
 * @param {Date} date
 */
export function localDate(date) {
  const offset = -date.getTimezoneOffset();
  const two = (/** @type {number} */ number) => String(Math.floor(Math.abs(number))).padStart(2, '0');
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  return offset === 0 ? `${local}Z` : `${local}${offset < 0 ? '-' : '+'}${two(offset / 60)}:${two(offset % 60)}`;
}

/**
 * The files of an email that is a draft, or is forwarded.
 * @param {Email} email @param {boolean} withAttached @returns {DraftFile[]}
 */
export function filesOf(email, withAttached) {
  const html = (email.htmlBody ?? []).map((part) => email.bodyValues?.[part.partId ?? '']?.value ?? '').join('');
  return (email.attachments ?? []).filter((part) => part.blobId !== null).map(toFile).filter((file) => {
    const isInText = file.cid !== null && html.includes(`cid:${file.cid}`);
    if (!isInText) file.cid = null;
    return isInText || withAttached;
  });
}

let keys = 0;
/** @param {EmailBodyPart} part @returns {DraftFile} */
function toFile(part) {
  return { ...newFile(part.name ?? 'attachment', part.type, part.size), blobId: part.blobId, cid: bareCid(part.cid) || null, progress: 1 };
}

/** @param {string} name @param {string} type @param {number} size @returns {DraftFile} */
export function newFile(name, type, size) {
  keys += 1;
  return { key: `file-${keys}`, name, type, size, blobId: null, cid: null, progress: 0, failed: false, cancel: null };
}

/**
 * Whether there is anything worth keeping.
 * @param {DraftContent} draft @param {string} untouched   the text as it was at the start
 */
export function isEmpty(draft, untouched) {
  return draft.to.length + draft.cc.length + draft.bcc.length + draft.files.length === 0 && draft.subject.trim() === '' && draft.text.trim() === untouched.trim();
}
