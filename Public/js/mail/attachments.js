// @ts-check
/** The attachments of a message as tiles; what can be shown safely opens in a viewer, everything can be downloaded. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { formatSize } from '../lib/format.js';
import { icon } from '../components/icon.js';
import { button } from '../components/button.js';
import { SHOWN_KINDS, kindOf, safeType } from './attachment-kinds.js';
import { bareCid } from './remote-images.js';
import { viewAttachment } from './attachment-viewer.js';
import { zipBlob } from './zip.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailBodyPart} EmailBodyPart */
/** @typedef {{client: import('../jmap/client.js').Client, toast: import('../components/toast.js').ShowToast, openComposer?: (spec: any) => void}} AttachmentDeps */

const LARGEST_THUMBNAIL = 8_000_000;
const LARGEST_ZIP = 200_000_000;

/**
 * @param {AttachmentDeps} deps
 * @param {Email} email
 * @returns {{root: HTMLElement, destroy: () => void}}
 */
export function renderAttachments(deps, email) {
  const life = new AbortController();
  /** @type {string[]} */
  const objects = [];
  const parts = listedAttachments(email);
  const root = h('section', { class: 'attachments', 'aria-label': t('attachments.region'), hidden: parts.length === 0 });
  if (parts.length > 0) {
    const total = parts.reduce((sum, part) => sum + part.size, 0);
    root.append(
      h('div', { class: 'attachments-head' },
        h('p', { class: 'attachments-title' }, t('attachments.count', { count: parts.length }), h('span', { class: 'attachments-size' }, formatSize(total))),
        parts.length > 1 ? button({ label: t('attachments.download-all'), icon: 'download', onClick: () => void downloadAll(deps, email, parts) }) : null),
      h('ul', { class: 'attachment-tiles', role: 'list' }, parts.map((part, index) => tile(part, index))));
  }

  /** @param {EmailBodyPart} part @param {number} index */
  function tile(part, index) {
    const name = nameOf(part);
    const kind = kindOf(part);
    const face = h('span', { class: ['attachment-face', `kind-${kind}`], 'aria-hidden': 'true' }, icon(iconOf(kind)), extensionOf(name) ? h('span', { class: 'attachment-extension' }, extensionOf(name)) : null);
    if (kind === 'image' && part.size <= LARGEST_THUMBNAIL) showThumbnail(face, part);
    const words = h('span', { class: 'attachment-words' }, h('span', { class: 'attachment-name' }, name), h('span', { class: 'attachment-size' }, formatSize(part.size)));
    const href = deps.client.downloadUrl(part.blobId ?? '', name, part.type);
    const main = SHOWN_KINDS.has(kind)
      ? h('button', { type: 'button', class: 'attachment-open', title: name, on: { click: () => void viewAttachment(deps, parts, index) } }, face, words)
      : h('a', { class: 'attachment-open', title: name, href, download: name }, face, words);
    return h('li', { class: 'attachment-tile' }, main,
      h('a', { class: 'attachment-download button button-quiet button-icon', href, download: name, title: t('attachments.download'), 'aria-label': t('attachments.download-named', { name }) }, icon('download')));
  }

  /** @param {HTMLElement} face @param {EmailBodyPart} part */
  function showThumbnail(face, part) {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      deps.client.download(part.blobId ?? '', nameOf(part), part.type, life.signal).then((blob) => {
        const object = URL.createObjectURL(new Blob([blob], { type: safeType(part) }));
        objects.push(object);
        const image = h('img', { class: 'attachment-thumbnail', src: object, alt: '' });
        image.addEventListener('load', () => face.replaceChildren(image), { once: true });
        image.decode().catch(() => {});
      }).catch(() => {});
    }, { rootMargin: '200px' });
    observer.observe(face);
    life.signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  }

  return {
    root,
    destroy() {
      life.abort();
      for (const object of objects) URL.revokeObjectURL(object);
      root.remove();
    },
  };
}

/**
 * Attachments that the text does not show already.
 * @param {Email} email @returns {EmailBodyPart[]}
 */
export function listedAttachments(email) {
  const html = (email.htmlBody ?? []).map((part) => email.bodyValues?.[part.partId ?? '']?.value ?? '').join('\n');
  return (email.attachments ?? []).filter((part) => {
    const cid = bareCid(part.cid);
    const isShown = cid !== '' && (html.includes(`cid:${cid}`) || html.includes(`cid:${encodeURIComponent(cid)}`));
    return part.blobId !== null && !isShown;
  });
}

/** @param {EmailBodyPart} part */
export function nameOf(part) {
  if (part.name) return part.name.replace(/[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/g, '');
  return t(kindOf(part) === 'message' ? 'attachments.unnamed-message' : 'attachments.unnamed');
}

/** @param {string} name */
function extensionOf(name) {
  return /\.([a-z0-9]{1,5})$/i.exec(name)?.[1].toUpperCase() ?? '';
}

/** @param {import('./attachment-kinds.js').AttachmentKind} kind */
export function iconOf(kind) {
  return { image: 'image', calendar: 'calendar', contact: 'person', message: 'inbox', code: 'code', html: 'code' }[/** @type {string} */ (kind)] ?? 'file';
}

/** @param {AttachmentDeps} deps @param {Email} email @param {EmailBodyPart[]} parts */
async function downloadAll(deps, email, parts) {
  if (parts.reduce((sum, part) => sum + part.size, 0) > LARGEST_ZIP) {
    deps.toast({ text: t('attachments.zip-too-large'), kind: 'error' });
    return;
  }
  try {
    const files = await Promise.all(parts.map(async (part) => ({
      name: nameOf(part), bytes: new Uint8Array(await (await deps.client.download(part.blobId ?? '', nameOf(part), part.type)).arrayBuffer()),
    })));
    saveBlob(zipBlob(files), `${(email.subject || t('attachments.region')).replace(/[\\/:*?"<>|\u0000-\u001f]+/g, ' ').trim().slice(0, 80)}.zip`);
  } catch {
    deps.toast({ text: t('attachments.download-failed'), kind: 'error' });
  }
}

/** @param {Blob} blob @param {string} name */
export function saveBlob(blob, name) {
  const object = URL.createObjectURL(blob);
  const link = h('a', { href: object, download: name, hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(object), 60_000);
}
