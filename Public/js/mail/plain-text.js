// @ts-check
/** Plain text as people expect to see it: flowed, linked, quotes as quotes, the last of them folded, the signature dimmed. */
import { makeFold } from './quote-fold.js';

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`｢｣「」『』【】]+|\bmailto:[^\s<>"]+|[\p{L}\p{N}._%+-]+@[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)+/giu;
const LONGEST_LINKED = 400_000;
const MOST_TEXTS = 5000;

/** @typedef {{depth: number, text: string, flowed: boolean}} Line */

/**
 * Joins the soft line breaks of format=flowed. RFC 3676 §4.
 * @param {string} text
 * @param {boolean} flowed
 * @param {boolean} deleteSpace   the parameter DelSp=yes
 * @returns {Line[]}
 */
export function readLines(text, flowed, deleteSpace = false) {
  /** @type {Line[]} */
  const lines = [];
  for (const raw of text.replace(/\r\n?/g, '\n').split('\n')) {
    const marks = /^(?:>[ ]?)*/.exec(raw)?.[0] ?? '';
    const depth = flowed ? (/^>*/.exec(raw)?.[0].length ?? 0) : (marks.match(/>/g)?.length ?? 0);
    let content = flowed ? raw.slice(depth) : depth > 0 ? raw.slice(marks.length) : raw;
    if (flowed && content.startsWith(' ')) content = content.slice(1);
    const isSignature = content === '-- ';
    const soft = flowed && content.endsWith(' ') && !isSignature;
    if (soft && deleteSpace) content = content.slice(0, -1);
    const last = lines.at(-1);
    if (last?.flowed && last.depth === depth && !isSignature) {
      last.text += content;
      last.flowed = soft;
    } else {
      lines.push({ depth, text: content, flowed: soft });
    }
  }
  return lines;
}

/**
 * @param {Document} document   the frame's
 * @param {string} text
 * @param {{flowed?: boolean, deleteSpace?: boolean, foldLabel: string}} options
 * @returns {HTMLElement}
 */
export function renderPlainText(document, text, options) {
  const root = document.createElement('div');
  root.className = 'mp-text';
  root.dir = 'auto';
  const lines = readLines(text, options.flowed ?? false, options.deleteSpace ?? false);
  while (lines.length > 0 && lines[lines.length - 1].text.trim() === '') lines.pop();
  const signature = signatureStart(lines);
  const quote = trailingQuote(lines, signature);
  const end = quote ?? signature ?? lines.length;
  appendLines(root, withoutTail(lines.slice(0, end)));
  if (quote !== null) {
    const fold = makeFold(document, options.foldLabel);
    appendLines(fold, lines.slice(quote, signature ?? lines.length));
    root.append(fold);
  }
  if (signature !== null) {
    const foot = document.createElement('div');
    foot.className = 'mp-signature';
    appendLines(foot, lines.slice(signature));
    root.append(foot);
  }
  return root;
}

/** @param {Line[]} lines */
function withoutTail(lines) {
  let end = lines.length;
  while (end > 0 && lines[end - 1].text.trim() === '' && lines[end - 1].depth === 0) end -= 1;
  return lines.slice(0, end);
}

/** @param {Line[]} lines @returns {number|null} */
function signatureStart(lines) {
  const at = lines.map((line) => (line.depth === 0 ? line.text : '')).lastIndexOf('-- ');
  return at > 0 && lines.length - at < 16 && lines.slice(at).every((line) => line.depth === 0) ? at : null;
}

/**
 * The first line of a quote that goes on to the end, with the line that introduces it.
 * @param {Line[]} lines @param {number|null} end @returns {number|null}
 */
function trailingQuote(lines, end) {
  let at = end ?? lines.length;
  while (at > 0 && (lines[at - 1].depth > 0 || lines[at - 1].text.trim() === '')) at -= 1;
  const quoted = lines.slice(at, end ?? lines.length).filter((line) => line.depth > 0).length;
  if (quoted < 2) return null;
  let start = at;
  for (let above = at - 1; above >= Math.max(0, at - 3); above -= 1) {
    if (lines[above].text.trim() === '') break;
    if (/:\s*$/.test(lines[at - 1].text)) start = above;
  }
  return lines.slice(0, start).some((line) => line.text.trim() !== '') ? start : null;
}

/** @param {HTMLElement} parent @param {Line[]} lines */
function appendLines(parent, lines) {
  const document = parent.ownerDocument;
  let index = 0;
  while (index < lines.length) {
    const depth = lines[index].depth;
    let end = index;
    while (end < lines.length && lines[end].depth === depth) end += 1;
    let target = parent;
    for (let level = 0; level < Math.min(depth, 12); level += 1) {
      const quote = document.createElement('blockquote');
      target.append(quote);
      target = quote;
    }
    linkify(target, lines.slice(index, end).map((line) => line.text).join('\n') + (depth === 0 && end < lines.length ? '\n' : ''));
    index = end;
  }
}

/**
 * Appends `text` with its addresses as links.
 * @param {HTMLElement} parent @param {string} text
 */
export function linkify(parent, text) {
  const document = parent.ownerDocument;
  let done = 0;
  for (const found of text.slice(0, LONGEST_LINKED).matchAll(LINK)) {
    const shown = trimAddress(found[0]);
    const url = addressOf(shown);
    if (!url) continue;
    parent.append(text.slice(done, found.index));
    const link = document.createElement('a');
    link.setAttribute('href', url.href);
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    link.referrerPolicy = 'no-referrer';
    link.title = url.href.length > 300 ? `${url.href.slice(0, 300)}…` : url.href.replace(/^(mailto:[^?]*).*/, '$1');
    link.textContent = shown;
    parent.append(link);
    done = (found.index ?? 0) + shown.length;
  }
  parent.append(text.slice(done));
}

/**
 * Addresses that stand in the text of an HTML message become links, too.
 * @param {HTMLElement} root
 */
export function linkifyTree(root) {
  const walker = root.ownerDocument.createTreeWalker(root, 4);
  /** @type {Text[]} */
  const found = [];
  for (let left = MOST_TEXTS; left > 0 && walker.nextNode(); left -= 1) {
    const text = /** @type {Text} */ (walker.currentNode);
    if (/https?:\/\/|www\.|\w@\w/i.test(text.data) && !text.parentElement?.closest('a, style, summary')) found.push(text);
  }
  for (const text of found) {
    const shell = root.ownerDocument.createElement('span');
    linkify(shell, text.data);
    if (shell.firstElementChild) text.replaceWith(...shell.childNodes);
  }
}

/**
 * Without the punctuation that ends the sentence rather than the address.
 * @param {string} text
 */
function trimAddress(text) {
  let shown = text.replace(/[.,;:!?…]+$/u, '');
  while (/[)\]}]$/.test(shown)) {
    const close = shown.at(-1) ?? '';
    const open = { ')': '(', ']': '[', '}': '{' }[close] ?? '';
    if (shown.split(open).length >= shown.split(close).length) break;
    shown = shown.slice(0, -1).replace(/[.,;:!?]+$/, '');
  }
  return shown;
}

/** @param {string} text @returns {URL|null} */
function addressOf(text) {
  try {
    if (/^(?:https?:|mailto:)/i.test(text)) return new URL(text);
    if (/^www\./i.test(text)) return new URL('https://' + text);
    return new URL('mailto:' + text);
  } catch {
    return null;
  }
}
