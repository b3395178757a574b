// @ts-check
/**
 * Shows what a message says. HTML is cleaned (`sanitize.js`) and put as nodes into a sandboxed frame without scripts, whose own policy
 * lets nothing load but `data:` and `blob:` images; plain text goes the same way. Remote images wait until the reader asks.
 */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { sanitizeMessage, loadSanitizer } from './sanitize.js';
import { linkifyTree, renderPlainText } from './plain-text.js';
import { foldQuote } from './quote-fold.js';
import { bareCid, imageLoader, proxied, showImagesAlways, showsImagesAlways } from './remote-images.js';
import { adaptToDark, hasOwnGround, isDark } from './message-theme.js';
import { icon } from '../components/icon.js';
import { guardFrame } from './message-frame.js';
import { senderOf } from './message-parts.js';

const FRAME = '/message-frame.html';
const SANDBOX = 'allow-same-origin allow-popups allow-popups-to-escape-sandbox';
const TALLEST = 60_000;
const SMALLEST_ZOOM = 0.45;

/** The arguments of Email/get (and parse) that give what a body needs. */
export const BODY_PROPERTIES = {
  bodyProperties: ['partId', 'blobId', 'size', 'name', 'type', 'charset', 'disposition', 'cid', 'language', 'location', 'header:Content-Type'],
  fetchTextBodyValues: true,
  fetchHTMLBodyValues: true,
  maxBodyValueBytes: 1_000_000,
};

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailBodyPart} EmailBodyPart */
/** @typedef {import('./sanitize.js').CleanMessage} CleanMessage */
/**
 * @typedef {object} MessageBody
 * @property {HTMLElement} root
 * @property {() => void} destroy
 * @property {Promise<void>} ready    resolves when the message is laid out
 * @property {() => HTMLElement|null} content   the laid-out content, for printing
 */

/**
 * Heights by message, so that one that is opened again takes its place at once.
 * @type {Map<string, number>}
 */
const knownHeights = new Map();

/**
 * @param {{client?: import('../jmap/client.js').Client, openComposer?: (spec: any) => void, onKey?: (event: KeyboardEvent) => void}} deps
 * @param {Email} email   with textBody, htmlBody, attachments and bodyValues
 * @returns {MessageBody}
 */
export function renderMessageBody(deps, email) {
  const life = new AbortController();
  const account = deps.client?.accountId ?? '';
  const images = imageLoader();
  const bar = h('div', { class: 'message-body-bar', hidden: true, role: 'region', 'aria-label': t('message.images.region') });
  const frame = h('iframe', { class: 'message-body-frame', sandbox: SANDBOX, title: t('message.body.frame'), src: FRAME });
  const height = knownHeights.get(email.id) ?? 0;
  if (height > 0) frame.style.blockSize = `${height}px`;
  const root = h('div', { class: 'message-body' }, bar, frame);
  /** @type {CleanMessage[]} */
  const parts = [];
  let undoDark = () => {};

  const ready = Promise.all([loaded(frame), loadSanitizer()]).then(() => {
    if (!life.signal.aborted) build();
  });
  ready.catch((error) => {
    if (!life.signal.aborted) bar.replaceWith(h('p', { class: 'message-body-failed', role: 'alert' }, t('message.body.failed')));
    console.error(error);
  });

  function build() {
    const document = /** @type {Document} */ (frame.contentDocument);
    const page = document.documentElement;
    const body = /** @type {HTMLElement} */ (page.querySelector('body'));
    setTokens(page, root);
    const content = document.createElement('div');
    content.className = 'mp-root';
    body.append(content);
    for (const part of partsToShow(email)) content.append(buildPart(document, part));
    settleImages(body);
    settleTheme(page, body);
    followTheme(root, life.signal, () => {
      undoDark();
      setTokens(page, root);
      settleTheme(page, body);
    });
    guardFrame(frame, { signal: life.signal, openMail: openMailto });
    followSize(frame, page, content, email.id, life.signal);
    root.classList.add('is-ready');
  }

  /** @param {Document} document @param {EmailBodyPart} part @returns {HTMLElement} */
  function buildPart(document, part) {
    const shell = document.createElement('div');
    shell.className = 'mp-part';
    const value = email.bodyValues?.[part.partId ?? ''];
    if (part.type === 'text/html') {
      const clean = sanitizeMessage(value?.value ?? '');
      parts.push(clean);
      place(document, shell, clean);
      foldQuote(shell, t('message.quote.show'));
      linkifyTree(shell);
    } else if (part.type.startsWith('image/')) {
      const image = document.createElement('img');
      image.alt = part.name ?? '';
      image.className = 'mp-fluid';
      shell.append(image);
      showPart(image, part);
    } else {
      shell.append(renderPlainText(document, value?.value ?? '', { ...flowedOf(part), foldLabel: t('message.quote.show') }));
    }
    if (value?.isTruncated) shell.append(notice(document, t('message.body.truncated')));
    return shell;
  }

  /** @param {HTMLElement} body */
  function settleImages(body) {
    for (const { inline, embedded } of parts) {
      for (const { element, url } of embedded) element.src = url;
      for (const { element, cid } of inline) {
        const part = (email.attachments ?? []).find((candidate) => bareCid(candidate.cid) === cid);
        if (part) showPart(element, part);
        else block(element);
      }
    }
    const remote = parts.flatMap((part) => part.remote).filter(({ element }) => !isPixel(element));
    for (const { element, kind } of parts.flatMap((part) => part.remote)) if (kind === 'image') block(/** @type {HTMLImageElement} */ (element));
    for (const image of body.querySelectorAll('img')) if (Number(image.getAttribute('width')) >= 120) image.classList.add('mp-fluid');
    if (remote.length === 0) return;
    const sender = senderOf(email);
    if (showsImagesAlways(account, sender)) void showRemote();
    else offerImages(sender);
  }

  /** @param {string} sender */
  function offerImages(sender) {
    bar.replaceChildren(
      icon('shield'), h('span', { class: 'message-body-bar-text', title: t('message.images.why') }, t('message.images.blocked')),
      h('button', { type: 'button', class: 'button button-quiet', on: { click: () => void showRemote() } }, t('message.images.show')),
      sender === '' ? '' : h('button', {
        type: 'button', class: 'button button-quiet', 'aria-label': t('message.images.always', { sender }),
        on: { click: () => {
          showImagesAlways(account, sender);
          void showRemote();
        } },
      }, h('span', { class: 'message-body-bar-long' }, t('message.images.always', { sender })), h('span', { class: 'message-body-bar-short' }, t('message.images.always-short'))),
    );
    bar.hidden = false;
  }

  async function showRemote() {
    bar.hidden = true;
    const body = frame.contentDocument?.documentElement.querySelector('body');
    await Promise.all(parts.flatMap((part) => part.remote).map(async ({ element, url, kind }) => {
      const target = kind === 'background' && element.localName === 'body' && body ? /** @type {HTMLElement} */ (body) : element;
      if (await images.show(target, kind, proxied(url)) && kind === 'image') unblock(/** @type {HTMLImageElement} */ (element));
    }));
  }

  /** @param {HTMLImageElement} image @param {EmailBodyPart} part */
  function showPart(image, part) {
    if (!part.blobId || !deps.client) return;
    void images.show(image, 'image', deps.client.downloadUrl(part.blobId, part.name ?? 'image', part.type));
  }

  /** @param {HTMLElement} page @param {HTMLElement} body */
  function settleTheme(page, body) {
    undoDark = () => {};
    const designed = hasOwnGround(body);
    const dark = isDark(root);
    page.classList.toggle('mp-sheet', dark && designed);
    root.classList.toggle('is-sheet', dark && designed);
    page.style.colorScheme = dark && !designed ? 'dark' : 'light';
    frame.style.colorScheme = page.style.colorScheme;
    if (dark && designed) setPaperTokens(page);
    if (dark && !designed) undoDark = adaptToDark(body);
  }

  /** @param {URL} url */
  function openMailto(url) {
    deps.openComposer?.({ mode: 'mailto', url: url.href });
  }

  return {
    root,
    ready,
    content: () => frame.contentDocument?.documentElement.querySelector('body') ?? null,
    destroy() {
      life.abort();
      images.release();
      root.remove();
    },
  };
}

/**
 * Adopts cleaned nodes and sets their styles, through the CSSOM.
 * @param {Document} document @param {HTMLElement} shell @param {CleanMessage} clean
 */
function place(document, shell, clean) {
  if (clean.css) {
    const style = document.createElement('style');
    style.textContent = clean.css;
    shell.append(style);
  }
  shell.append(...clean.nodes.map((node) => document.adoptNode(node)));
  for (const [element, text] of clean.styles) element.style.cssText = text;
  if (clean.bodyStyle) {
    const body = /** @type {HTMLElement} */ (document.documentElement.querySelector('body'));
    body.style.cssText += ';' + clean.bodyStyle;
  }
}

/**
 * The body parts that a reader shows: HTML where there is some.
 * @param {Email} email @returns {EmailBodyPart[]}
 */
function partsToShow(email) {
  const parts = email.htmlBody?.length ? email.htmlBody : email.textBody ?? [];
  return parts.filter((part) => part.type.startsWith('text/') || (part.type.startsWith('image/') && !part.cid) || part.type.startsWith('message/'));
}

/** @param {EmailBodyPart & {'header:Content-Type'?: string|null}} part */
function flowedOf(part) {
  const header = part['header:Content-Type'] ?? '';
  return { flowed: /;\s*format\s*=\s*"?flowed/i.test(header), deleteSpace: /;\s*delsp\s*=\s*"?yes/i.test(header) };
}

/** @param {HTMLIFrameElement} frame @returns {Promise<void>} */
function loaded(frame) {
  return new Promise((resolve) => frame.addEventListener('load', () => resolve(), { once: true }));
}

/** @param {HTMLElement} element */
function isPixel(element) {
  const [width, height] = ['width', 'height'].map((name) => Number.parseFloat(element.getAttribute(name) ?? element.style.getPropertyValue(name) ?? ''));
  return element.localName === 'img' && (width <= 3 || height <= 3);
}

/**
 * The boxes that stand for images.
 * @type {WeakMap<HTMLImageElement, HTMLElement>}
 */
const standIns = new WeakMap();

/**
 * Holds an image's place: a box of its size, with its words where it has some.
 * @param {HTMLImageElement} image
 */
function block(image) {
  image.classList.add('mp-hidden');
  if (isPixel(image)) return;
  const box = image.ownerDocument.createElement('span');
  box.className = 'mp-blocked';
  box.textContent = image.alt;
  for (const side of /** @type {const} */ (['width', 'height'])) {
    const size = image.style[side] || image.getAttribute(side) || '';
    if (size) box.style[side] = /^\d+$/.test(size) ? `${size}px` : size;
  }
  image.after(box);
  standIns.set(image, box);
}

/** @param {HTMLImageElement} image */
function unblock(image) {
  standIns.get(image)?.remove();
  image.classList.remove('mp-hidden');
}

/** @param {Document} document @param {string} text */
function notice(document, text) {
  const element = document.createElement('p');
  element.className = 'mp-signature';
  element.textContent = text;
  return element;
}

/**
 * Hands our colours and fonts to the frame.
 * @param {HTMLElement} page @param {HTMLElement} root
 */
function setTokens(page, root) {
  const style = getComputedStyle(root);
  const tokens = { text: style.color, font: style.fontFamily, size: style.fontSize };
  for (const [name, value] of Object.entries(tokens)) page.style.setProperty(`--mp-${name}`, value);
  for (const [name, token] of Object.entries({ dim: '--ink-quiet', link: '--accent-ink', line: '--line-strong', fill: '--surface-press', mono: '--font-mono' })) {
    page.style.setProperty(`--mp-${name}`, resolved(root, token));
  }
}

/**
 * A token as the page resolves it: `light-dark()` needs an element whose theme it is.
 * @param {HTMLElement} root @param {string} token
 */
function resolved(root, token) {
  const raw = getComputedStyle(root).getPropertyValue(token);
  if (!raw.includes('light-dark')) return raw;
  const probe = h('span', { hidden: true, style: { color: `var(${token})` } });
  root.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}

/**
 * On the light sheet our own words are dark, whatever the theme.
 * @param {HTMLElement} page
 */
function setPaperTokens(page) {
  for (const name of ['text', 'dim', 'link', 'line', 'fill']) page.style.removeProperty(`--mp-${name}`);
}

/**
 * Calls `changed` when the theme does.
 * @param {HTMLElement} root @param {AbortSignal} signal @param {() => void} changed
 */
function followTheme(root, signal, changed) {
  let dark = isDark(root);
  const check = () => requestAnimationFrame(() => {
    if (signal.aborted || isDark(root) === dark) return;
    dark = !dark;
    changed();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', check, { signal });
  const observer = new MutationObserver(check);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
}

/**
 * Makes the frame as high as its content, and the content as wide as the frame: what is wider is zoomed out, so far as it can be read.
 * @param {HTMLIFrameElement} frame @param {HTMLElement} page @param {HTMLElement} content @param {string} id @param {AbortSignal} signal
 */
function followSize(frame, page, content, id, signal) {
  let width = -1;
  const measure = () => {
    if (signal.aborted || !frame.isConnected) return;
    if (frame.clientWidth !== width) {
      width = frame.clientWidth;
      fitWidth(page, content);
    }
    const body = /** @type {HTMLElement} */ (content.parentElement);
    const scrollbar = page.scrollWidth > page.clientWidth ? 16 : 0;
    const padding = Number.parseFloat(page.ownerDocument.defaultView?.getComputedStyle(body).paddingBlockEnd ?? '0') || 0;
    const bottom = Math.max(content.getBoundingClientRect().bottom, body.getBoundingClientRect().top + content.scrollHeight);
    const height = Math.ceil(bottom + padding + page.scrollTop) + scrollbar;
    page.classList.toggle('mp-tall', height > TALLEST);
    frame.style.blockSize = `${Math.min(height, TALLEST)}px`;
    if (knownHeights.size > 500) knownHeights.clear();
    knownHeights.set(id, Math.min(height, TALLEST));
  };
  const observer = new ResizeObserver(measure);
  observer.observe(content);
  observer.observe(frame);
  content.addEventListener('load', () => {
    width = -1;
    measure();
  }, { capture: true, signal });
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  measure();
}

/** @param {HTMLElement} page @param {HTMLElement} content */
function fitWidth(page, content) {
  content.style.removeProperty('zoom');
  const room = page.clientWidth;
  const wanted = page.scrollWidth;
  if (room === 0 || wanted <= room + 1) return;
  content.style.setProperty('zoom', String(Math.max(SMALLEST_ZOOM, Math.floor((room / wanted) * 1000) / 1000)));
}

// Whoever loads this module is about to show a message.
void loadSanitizer();
