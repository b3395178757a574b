// @ts-check
/**
 * Shows one attachment over the page. Pictures, sound and film from `blob:` addresses with types of ours, text as text, HTML in the same
 * cage as message bodies, messages as messages. Nothing of an attachment ever becomes a page of our origin.
 */
import { fill, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { formatSize, fullDate, fullName } from '../lib/format.js';
import { openDialog } from '../components/dialog.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { kindOf, safeType, SHOWN_KINDS } from './attachment-kinds.js';
import { iconOf, nameOf, renderAttachments } from './attachments.js';
import { BODY_PROPERTIES, renderMessageBody } from './message-body.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailBodyPart} EmailBodyPart */
/** @typedef {import('./attachments.js').AttachmentDeps} AttachmentDeps */

const LONGEST_TEXT = 500_000;

/**
 * @param {AttachmentDeps} deps
 * @param {EmailBodyPart[]} parts   all of the message, to leaf through
 * @param {number} first
 */
export async function viewAttachment(deps, parts, first) {
  const shown = parts.filter((part) => SHOWN_KINDS.has(kindOf(part)));
  let index = Math.max(0, shown.indexOf(parts[first]));
  let life = new AbortController();
  const title = h('span', { class: 'viewer-name' });
  const size = h('span', { class: 'viewer-size' });
  const stage = h('div', { class: 'viewer-stage', tabindex: 0 });
  const download = h('a', { class: 'button button-quiet button-icon', title: t('attachments.download'), 'aria-label': t('attachments.download') }, icon('download'));
  const previous = button({ label: t('attachments.previous'), icon: 'chevron-left', iconOnly: true, onClick: () => show(index - 1), props: { class: 'viewer-previous' } });
  const next = button({ label: t('attachments.next'), icon: 'chevron-right', iconOnly: true, onClick: () => show(index + 1), props: { class: 'viewer-next' } });
  previous.hidden = next.hidden = shown.length < 2;

  /** @param {number} wanted */
  function show(wanted) {
    index = (wanted + shown.length) % shown.length;
    const part = shown[index];
    life.abort();
    life = new AbortController();
    title.textContent = nameOf(part);
    size.textContent = formatSize(part.size);
    download.href = deps.client.downloadUrl(part.blobId ?? '', nameOf(part), part.type);
    download.download = nameOf(part);
    fill(stage, h('p', { class: 'viewer-note' }, t('attachments.loading')));
    const signal = life.signal;
    content(deps, part, signal).then((element) => signal.aborted || fill(stage, element)).catch(() => {
      if (!signal.aborted) fill(stage, h('div', { class: 'viewer-note', role: 'alert' }, icon(iconOf(kindOf(part))), h('p', null, t('attachments.preview-failed'))));
    });
  }

  show(index);
  await openDialog({
    title: t('attachments.preview'),
    isTitleHidden: true,
    class: 'viewer',
    content: (close) => [
      h('div', { class: 'viewer-head' }, h('div', { class: 'viewer-words' }, title, size), previous, next, download,
        button({ label: t('action.close'), icon: 'close', iconOnly: true, onClick: () => close(undefined), props: { autofocus: true } })),
      h('div', { class: 'viewer-body', on: { keydown: (/** @type {KeyboardEvent} */ event) => {
        if (event.key === 'ArrowLeft' && shown.length > 1) show(index - 1);
        if (event.key === 'ArrowRight' && shown.length > 1) show(index + 1);
      } } }, stage),
    ],
  });
  life.abort();
}

/** @param {AttachmentDeps} deps @param {EmailBodyPart} part @param {AbortSignal} signal @returns {Promise<HTMLElement>} */
async function content(deps, part, signal) {
  const kind = kindOf(part);
  if (kind === 'message') return nestedMessage(deps, part, signal);
  const blob = await deps.client.download(part.blobId ?? '', nameOf(part), part.type, signal);
  if (kind === 'html') return cagedHTML(deps, part, blob, signal);
  if (['text', 'code', 'calendar', 'contact'].includes(kind)) return textContent(part, blob);
  const object = URL.createObjectURL(new Blob([blob], { type: safeType(part) }));
  signal.addEventListener('abort', () => URL.revokeObjectURL(object), { once: true });
  switch (kind) {
    case 'image': return h('img', { class: 'viewer-image', src: object, alt: nameOf(part) });
    case 'audio': return h('audio', { class: 'viewer-audio', controls: true, src: object });
    case 'video': return h('video', { class: 'viewer-video', controls: true, src: object });
    default: return h('iframe', { class: 'viewer-frame', src: object, title: nameOf(part) });
  }
}

/** @param {EmailBodyPart} part @param {Blob} blob */
async function textContent(part, blob) {
  const text = decode(new Uint8Array(await blob.slice(0, LONGEST_TEXT).arrayBuffer()), part.charset);
  const note = blob.size > LONGEST_TEXT ? h('p', { class: 'viewer-note' }, t('attachments.truncated', { size: formatSize(LONGEST_TEXT) })) : null;
  return h('div', { class: 'viewer-text' }, h('pre', { dir: 'auto' }, text), note);
}

/** @param {AttachmentDeps} deps @param {EmailBodyPart} part @param {Blob} blob @param {AbortSignal} signal */
async function cagedHTML(deps, part, blob, signal) {
  const html = decode(new Uint8Array(await blob.arrayBuffer()), part.charset);
  /** @type {any} */
  const email = { id: `attachment-${part.blobId}`, from: null, attachments: [], textBody: [], htmlBody: [{ ...part, partId: '1', type: 'text/html' }], bodyValues: { 1: { value: html } } };
  const body = renderMessageBody(deps, email);
  signal.addEventListener('abort', () => body.destroy(), { once: true });
  return h('div', { class: 'viewer-sheet' }, body.root);
}

/** @param {AttachmentDeps} deps @param {EmailBodyPart} part @param {AbortSignal} signal */
async function nestedMessage(deps, part, signal) {
  const answer = await deps.client.call('Email/parse', { blobIds: [part.blobId], ...BODY_PROPERTIES,
    properties: ['messageId', 'from', 'to', 'cc', 'subject', 'sentAt', 'textBody', 'htmlBody', 'attachments', 'bodyValues', 'hasAttachment'] });
  /** @type {Email|undefined} */
  const parsed = answer.parsed?.[part.blobId ?? ''];
  if (!parsed) throw new Error('not parsable');
  const email = { ...parsed, id: `part-${part.blobId}` };
  const body = renderMessageBody(deps, email);
  const tiles = renderAttachments(deps, email);
  signal.addEventListener('abort', () => {
    body.destroy();
    tiles.destroy();
  }, { once: true });
  return h('article', { class: 'viewer-sheet viewer-message' },
    h('h3', { class: 'viewer-subject' }, email.subject || t('message.no-subject')),
    h('dl', { class: 'viewer-fields' },
      field('message.from', email.from), field('message.to', email.to), field('message.cc', email.cc),
      email.sentAt ? [h('dt', null, t('message.date')), h('dd', null, fullDate(email.sentAt))] : null),
    body.root, tiles.root);
}

/** @param {string} label @param {import('../jmap/types.js').EmailAddress[]|null|undefined} addresses */
function field(label, addresses) {
  if (!addresses?.length) return null;
  return [h('dt', null, t(label)), h('dd', null, addresses.map((address) => (address.name ? `${fullName(address)} <${address.email}>` : address.email)).join(', '))];
}

/** @param {Uint8Array} bytes @param {string|null|undefined} charset */
function decode(bytes, charset) {
  for (const label of [charset, 'utf-8', 'windows-1252']) {
    if (!label) continue;
    try {
      return new TextDecoder(label, { fatal: label !== 'windows-1252' }).decode(bytes);
    } catch {
      // An unknown or a wrong name: the next one.
    }
  }
  return new TextDecoder().decode(bytes);
}
