// @ts-check
/** From the editor's nodes to what is sent, and from what came to the editor's nodes. */
import { t } from '../lib/i18n.js';
import { loadSanitizer, sanitizeMessage } from './sanitize.js';
import { fragmentOfText } from './compose-text.js';
import { attributionOf, forwardHead } from './compose-reply.js';
import { linkify } from './plain-text.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('./compose-draft.js').DraftFile} DraftFile */

const QUOTE_STYLE = 'margin: 0 0 0 0.8ex; border-left: 2px solid #ccc; padding-left: 1ex';

/**
 * The HTML to send: a copy of the editor's content, with the images' own addresses and the looks that other programs need.
 * @param {HTMLElement} area
 * @returns {string}
 */
export function outgoingHTML(area) {
  const inert = document.implementation.createHTMLDocument('');
  const copy = /** @type {HTMLElement} */ (inert.importNode(area, true));
  for (const image of copy.querySelectorAll('img')) {
    if (image.dataset.cid) image.setAttribute('src', `cid:${image.dataset.cid}`);
    else if (image.dataset.source) image.setAttribute('src', image.dataset.source);
    if (!image.getAttribute('style')) image.style.maxWidth = '100%';
    image.removeAttribute('class');
    for (const name of ['data-cid', 'data-source']) image.removeAttribute(name);
  }
  for (const quote of copy.querySelectorAll('blockquote')) {
    if (!quote.getAttribute('style')) quote.style.cssText = QUOTE_STYLE;
  }
  for (const link of copy.querySelectorAll('a')) for (const name of ['target', 'rel', 'title', 'referrerpolicy']) link.removeAttribute(name);
  linkText(copy);
  return `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${copy.innerHTML}</body></html>`;
}

/**
 * Bare addresses in the text become links.
 * @param {HTMLElement} root
 */
function linkText(root) {
  const walker = root.ownerDocument.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {Text[]} */
  const found = [];
  while (walker.nextNode()) {
    const node = /** @type {Text} */ (walker.currentNode);
    if (/https?:\/\/|www\./i.test(node.data) && !node.parentElement?.closest('a, pre, code')) found.push(node);
  }
  for (const node of found) {
    const shell = root.ownerDocument.createElement('span');
    linkify(shell, node.data);
    for (const link of shell.querySelectorAll('a')) for (const name of ['target', 'rel', 'title', 'referrerpolicy']) link.removeAttribute(name);
    node.replaceWith(...shell.childNodes);
  }
}

/**
 * A message's content as nodes for the editor: cleaned, nothing loading; images of the message are shown from their blobs.
 * @param {Email} email
 * @param {DraftFile[]} files
 * @param {(image: HTMLImageElement, file: DraftFile) => void} showImage
 * @returns {Promise<DocumentFragment>}
 */
export async function editableContent(email, files, showImage) {
  const fragment = document.createDocumentFragment();
  const parts = email.htmlBody?.length ? email.htmlBody : email.textBody ?? [];
  await loadSanitizer();
  for (const part of parts) {
    const value = email.bodyValues?.[part.partId ?? '']?.value ?? '';
    if (part.type === 'text/html') fragment.append(editableHTML(value, files, showImage));
    else if (part.type.startsWith('text/')) fragment.append(fragmentOfText(value.replace(/\s+$/, '')));
  }
  return fragment;
}

/** @param {string} html @param {DraftFile[]} files @param {(image: HTMLImageElement, file: DraftFile) => void} showImage */
function editableHTML(html, files, showImage) {
  const clean = sanitizeMessage(html);
  const fragment = document.createDocumentFragment();
  fragment.append(...clean.nodes.map((node) => document.adoptNode(node)));
  for (const [element, text] of clean.styles) element.style.cssText = text;
  for (const { element, url } of clean.embedded) element.src = url;
  for (const { element, url, kind } of clean.remote) {
    if (kind !== 'image') continue;
    element.dataset.source = url;
    element.classList.add('image-placeholder');
  }
  for (const { element, cid } of clean.inline) {
    const file = files.find((candidate) => candidate.cid === cid);
    if (!file) continue;
    element.dataset.cid = cid;
    showImage(element, file);
  }
  for (const element of fragment.querySelectorAll('[id]')) element.removeAttribute('id');
  return fragment;
}

/**
 * What a reply quotes.
 * @param {Email} email @param {DocumentFragment} content @returns {DocumentFragment}
 */
export function quoteOf(email, content) {
  const fragment = document.createDocumentFragment();
  const line = document.createElement('div');
  line.textContent = attributionOf(email);
  const quote = document.createElement('blockquote');
  quote.setAttribute('type', 'cite');
  quote.append(content);
  fragment.append(line, quote);
  return fragment;
}

/**
 * What a forwarded message looks like.
 * @param {Email} email @param {DocumentFragment} content @returns {DocumentFragment}
 */
export function forwardOf(email, content) {
  const fragment = document.createDocumentFragment();
  const head = document.createElement('div');
  head.append(`---------- ${t('compose.forwarded')} ----------`, document.createElement('br'));
  for (const [label, value] of forwardHead(email)) {
    const name = document.createElement('b');
    name.textContent = `${label}: `;
    head.append(name, value, document.createElement('br'));
  }
  const body = document.createElement('div');
  body.className = 'forwarded';
  body.append(content);
  fragment.append(head, document.createElement('br'), body);
  return fragment;
}

/**
 * An identity's signature, under the line that says so.
 * @param {import('../jmap/types.js').Identity} identity @returns {HTMLElement|null}
 */
export function signatureOf(identity) {
  const html = identity.htmlSignature?.trim();
  const text = identity.textSignature?.trim();
  if (!html && !text) return null;
  const block = document.createElement('div');
  block.className = 'signature';
  const mark = document.createElement('div');
  mark.textContent = '-- ';
  block.append(mark, html ? editableHTML(html, [], () => {}) : fragmentOfText(text));
  return block;
}
