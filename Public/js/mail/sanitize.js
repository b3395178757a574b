// @ts-check
/**
 * Message HTML is the enemy. DOMPurify parses it in a document without a window and keeps listed elements and attributes; nothing that
 * carries an address survives in the tree: sources, links and styles are taken out, judged, and given back as lists, which the
 * reader applies after the nodes are in their frame. The result is a tree of nodes, never text that is parsed a second time (so a
 * mutation between two parsers has no place to happen).
 */
import { filterStyleAttribute, filterStyleSheet } from './css-filter.js';

/** Prefix of every id of a message: nothing in our documents has it, so nothing can be shadowed. */
export const ID_PREFIX = 'm-';

const TAGS = [
  'a', 'abbr', 'acronym', 'address', 'article', 'aside', 'b', 'bdi', 'bdo', 'big', 'blockquote', 'body', 'br', 'caption', 'center', 'cite',
  'code', 'col', 'colgroup', 'dd', 'del', 'details', 'dfn', 'dir', 'div', 'dl', 'dt', 'em', 'figcaption', 'figure', 'font', 'footer', 'h1', 'h2',
  'h3', 'h4', 'h5', 'h6', 'head', 'header', 'hgroup', 'hr', 'html', 'i', 'img', 'ins', 'kbd', 'li', 'main', 'mark', 'nav', 'nobr', 'ol', 'p', 'pre',
  'q', 'rp', 'rt', 'ruby', 's', 'samp', 'section', 'small', 'span', 'strike', 'strong', 'style', 'sub', 'summary', 'sup', 'table', 'tbody', 'td',
  'tfoot', 'th', 'thead', 'time', 'tr', 'tt', 'u', 'ul', 'var', 'wbr',
];
const ATTRIBUTES = [
  'abbr', 'align', 'alt', 'bgcolor', 'border', 'cellpadding', 'cellspacing', 'char', 'charoff', 'clear', 'color', 'colspan', 'dir', 'face',
  'frame', 'height', 'hspace', 'lang', 'noshade', 'nowrap', 'open', 'reversed', 'rowspan', 'rules', 'scope', 'size', 'span', 'start', 'title',
  'type', 'valign', 'value', 'vspace', 'width',
];
/** Elements whose content goes with them; of all others that are refused, the text stays. */
const FORBIDDEN_CONTENTS = ['script', 'template', 'title', 'svg', 'math', 'noembed', 'noframes', 'iframe', 'annotation-xml', 'foreignobject', 'desc'];
const CONFIGURATION = {
  ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ATTRIBUTES, ALLOW_ARIA_ATTR: false, ALLOW_DATA_ATTR: false, ALLOW_UNKNOWN_PROTOCOLS: false,
  FORBID_CONTENTS: FORBIDDEN_CONTENTS, KEEP_CONTENT: true, WHOLE_DOCUMENT: true, RETURN_DOM: true, SANITIZE_DOM: true,
};
const LINK_SCHEMES = new Set(['http:', 'https:', 'mailto:', 'tel:']);
const IMAGE_DATA = /^data:image\/(?:png|jpe?g|gif|webp|bmp|avif|x-icon|vnd\.microsoft\.icon)(?:;[^,]*)?,/i;
const LARGEST_DIMENSION = 4000;
const LONGEST_HTML = 4_000_000;

/** @typedef {{element: HTMLElement, url: string, kind: 'image'|'background'}} Source an address that something would like to load */
/**
 * @typedef {object} CleanMessage
 * @property {HTMLElement[]|ChildNode[]} nodes      the body's children, in an inert document; adopt them
 * @property {string} css                           the message's own style sheets, filtered
 * @property {string} bodyStyle                     the style of the message's body element
 * @property {Source[]} remote                      images that would load from elsewhere
 * @property {{element: HTMLImageElement, cid: string}[]} inline   images that are parts of the message
 * @property {{element: HTMLImageElement, url: string}[]} embedded images in `data:` addresses, judged
 * @property {Map<HTMLElement, string>} styles      filtered inline styles, to be set through the CSSOM
 */

/**
 * Bound to this page: for what is pasted.
 * @type {any}
 */
let purify = null;
/**
 * Bound to the workshop: for messages.
 * @type {any}
 */
let messagePurify = null;
/** @type {Promise<void>|null} */
let loading = null;

/**
 * Loads DOMPurify once; to be awaited before anything is cleaned.
 * @returns {Promise<void>}
 */
export function loadSanitizer() {
  loading ??= Promise.all([importPurify(), openWorkshop()]).then(([module, workshop]) => {
    purify = module;
    messagePurify = workshop ? module(workshop) : module;
  });
  loading.catch(() => { loading = null; });
  return loading;
}

async function importPurify() {
  const address = '/vendor/purify.js';
  const module = await import(address);
  return module.default ?? /** @type {any} */ (globalThis).DOMPurify;
}

/**
 * Messages are parsed in a hidden frame of the same kind as those that show them: no script can run in it, and its policy has nothing against
 * the inline styles that every message has and this page forbids.
 * @returns {Promise<Window|null>}
 */
function openWorkshop() {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-same-origin');
  frame.hidden = true;
  frame.src = '/message-frame.html';
  return new Promise((resolve) => {
    frame.onload = () => resolve(frame.contentDocument ? frame.contentWindow : null);
    frame.onerror = () => resolve(null);
    document.body.append(frame);
  });
}

/**
 * Debian 12's build (2.4.1, security update 1) reads a name `shadowNode` that it declares in another function only, and throws. While
 * it runs the name is there; the depth that it asks for is judged again, and rightly, at every node.
 * @param {any} cleaner
 * @param {string} html
 * @param {object} configuration
 */
function purified(cleaner, html, configuration) {
  const scope = /** @type {any} */ (globalThis);
  scope.shadowNode = { __depth: 0 };
  try {
    return cleaner.sanitize(html, configuration);
  } finally {
    delete scope.shadowNode;
    cleaner.removeAllHooks();
  }
}

/** What may be pasted into what one writes: words and their order, no looks of elsewhere. */
const PASTED_TAGS = ['a', 'b', 'blockquote', 'br', 'code', 'dd', 'del', 'div', 'dl', 'dt', 'em', 'font', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'hr', 'i', 'li', 'ol', 'p', 'pre',
  's', 'span', 'strike', 'strong', 'sub', 'sup', 'table', 'tbody', 'td', 'tfoot', 'th', 'thead', 'tr', 'u', 'ul'];

/**
 * HTML of a clipboard, fit to be inserted by an editing command: a TrustedHTML where the browser knows them.
 * @param {string} html
 * @returns {any}
 */
export function pastedHTML(html) {
  const configuration = { ALLOWED_TAGS: PASTED_TAGS, ALLOWED_ATTR: ['href', 'colspan', 'rowspan', 'start', 'color'], ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel):/i };
  // First in the workshop, where styles trouble nobody; then here, whose policy makes it trusted.
  const clean = purified(messagePurify, html.slice(0, LONGEST_HTML), configuration);
  return purified(purify, clean, { ...configuration, RETURN_TRUSTED_TYPE: true });
}

/**
 * What the message says of an element, taken out before the cleaner judges the rest.
 * @typedef {Map<string, string>} Taken
 */
const TAKEN = new Set(['style', 'href', 'src', 'background', 'id', 'name', 'class', 'text', 'role']);

/**
 * Cleans one HTML part.
 * @param {string} html
 * @returns {CleanMessage}
 */
export function sanitizeMessage(html) {
  /** @type {Map<Element, Taken>} */
  const taken = new Map();
  /** @type {string[]} */
  const sheets = [];
  messagePurify.addHook('uponSanitizeElement', (/** @type {any} */ node, /** @type {any} */ data) => {
    if (data.tagName === 'style' && node.namespaceURI === 'http://www.w3.org/1999/xhtml') {
      sheets.push(String(node.textContent ?? ''));
      node.textContent = '';
    }
  });
  messagePurify.addHook('uponSanitizeAttribute', (/** @type {any} */ node, /** @type {any} */ data) => {
    if (!TAKEN.has(data.attrName)) return;
    let values = taken.get(node);
    if (!values) taken.set(node, (values = new Map()));
    if (!values.has(data.attrName)) values.set(data.attrName, String(data.attrValue));
    data.keepAttr = false;
  });
  return collect(purified(messagePurify, mendLastTag(html.slice(0, LONGEST_HTML)), CONFIGURATION), taken, sheets);
}

/** @param {HTMLElement} root @param {Map<Element, Taken>} taken @param {string[]} sheets @returns {CleanMessage} */
function collect(root, taken, sheets) {
  const body = root.querySelector('body') ?? root;
  /** @type {CleanMessage} */
  const clean = { nodes: [], css: '', bodyStyle: bodyStyle(body, taken.get(body)), remote: [], inline: [], embedded: [], styles: new Map() };
  for (const element of Array.from(root.querySelectorAll('style, head'))) element.remove();
  for (const element of /** @type {HTMLElement[]} */ (Array.from(body.querySelectorAll('*')))) {
    settleElement(element, taken.get(element) ?? new Map(), clean);
  }
  const bodyImage = taken.get(body)?.get('background');
  clean.css = sheets.map((text) => filterStyleSheet(text.slice(0, 500_000), ID_PREFIX)).join('');
  clean.nodes = Array.from(body.childNodes);
  if (bodyImage) noteBackground(/** @type {HTMLElement} */ (body), bodyImage, clean);
  return clean;
}

/** @param {HTMLElement} element @param {Taken} taken @param {CleanMessage} clean */
function settleElement(element, taken, clean) {
  clampDimensions(element);
  settleNames(element, taken);
  const style = taken.get('style');
  if (style) {
    const { text, image } = filterStyleAttribute(style);
    if (text) clean.styles.set(element, text);
    if (image) noteBackground(element, image, clean);
  }
  const background = taken.get('background');
  if (background) noteBackground(element, background, clean);
  if (element.localName === 'a') settleLink(/** @type {HTMLAnchorElement} */ (element), taken.get('href'));
  if (element.localName === 'img') settleImage(/** @type {HTMLImageElement} */ (element), taken.get('src'), clean);
}

/** @param {HTMLElement} element @param {Taken} taken */
function settleNames(element, taken) {
  const id = taken.get('id') || (element.localName === 'a' ? taken.get('name') : undefined);
  if (id) element.id = ID_PREFIX + id;
  const classes = (taken.get('class') ?? '').split(/\s+/).filter((name) => name && !name.startsWith('mp-'));
  if (classes.length > 0) element.className = classes.slice(0, 50).join(' ');
  const role = taken.get('role');
  if (role === 'presentation' || role === 'none') element.setAttribute('role', role);
}

/**
 * Leaves `href` only where it leads where it says, opens apart and tells the other side nothing.
 * @param {HTMLAnchorElement} link @param {string|undefined} href
 */
function settleLink(link, href) {
  if (href === undefined) return;
  if (/^#[^\s]/.test(href)) {
    link.setAttribute('href', '#' + ID_PREFIX + href.slice(1));
    return;
  }
  const url = parseAbsolute(href);
  if (!url || !LINK_SCHEMES.has(url.protocol)) return;
  link.setAttribute('href', url.href);
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  link.referrerPolicy = 'no-referrer';
  link.title = shownTarget(url);
}

/** @param {URL} url */
function shownTarget(url) {
  if (url.protocol === 'mailto:' || url.protocol === 'tel:') return url.href.replace(/\?.*$/, '');
  return url.href.length > 300 ? url.href.slice(0, 300) + '…' : url.href;
}

/**
 * An absolute address, or null: a message has no base, so a relative one leads nowhere.
 * @param {string} text @returns {URL|null}
 */
export function parseAbsolute(text) {
  const trimmed = text.trim();
  try {
    return new URL(/^[\\/]{2}/.test(trimmed) ? 'https:' + trimmed : trimmed);
  } catch {
    return null;
  }
}

/** @param {HTMLImageElement} image @param {string|undefined} src @param {CleanMessage} clean */
function settleImage(image, src, clean) {
  image.loading = 'eager';
  image.decoding = 'async';
  if (src === undefined) return;
  const cid = /^\s*cid:(.+)$/i.exec(src);
  if (cid) {
    clean.inline.push({ element: image, cid: decodeCid(cid[1].trim()) });
  } else if (IMAGE_DATA.test(src.trim())) {
    clean.embedded.push({ element: image, url: src.trim() });
  } else {
    const url = parseAbsolute(src);
    if (url && /^https?:$/.test(url.protocol)) clean.remote.push({ element: image, url: url.href, kind: 'image' });
  }
}

/** @param {string} text */
function decodeCid(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {HTMLElement} element @param {string} address @param {CleanMessage} clean */
function noteBackground(element, address, clean) {
  const url = parseAbsolute(address);
  if (url && /^https?:$/.test(url.protocol)) clean.remote.push({ element, url: url.href, kind: 'background' });
}

/** @param {HTMLElement} element */
function clampDimensions(element) {
  for (const name of ['width', 'height', 'border', 'cellpadding', 'cellspacing', 'hspace', 'vspace', 'colspan', 'rowspan', 'size', 'span']) {
    const value = element.getAttribute(name);
    if (value !== null && parseFloat(value) > LARGEST_DIMENSION) element.removeAttribute(name);
  }
}

/**
 * The presentational attributes of `<body>`, as a style.
 * @param {Element} body @param {Taken|undefined} taken
 */
function bodyStyle(body, taken) {
  const style = document.createElement('span').style;
  style.cssText = filterStyleAttribute(taken?.get('style') ?? '').text;
  const background = body.getAttribute('bgcolor');
  if (background && !style.backgroundColor) style.backgroundColor = legacyColor(background);
  const text = taken?.get('text');
  if (text && !style.color) style.color = legacyColor(text);
  return style.cssText;
}

/**
 * `FF0000` → `#FF0000`.
 * @param {string} value
 */
function legacyColor(value) {
  return /^[0-9a-f]{6}$/i.test(value) ? '#' + value : value;
}

/** One whole tag, with its quoted values. */
const TAG = /<\/?[a-z](?:[^>"'=]|=\s*"[^"]*"|=\s*'[^']*'|=(?!\s*["'])|["'])*>/iy;
const RAW_TEXT = /<(style|script|xmp|title|textarea|noembed|noframes|iframe)\b/iy;

/**
 * A parser drops a tag that never ends, with all the text that an open quote has swallowed. Here such a tag ends at its first `>`, so
 * that the text after it stays.
 * @param {string} html
 */
function mendLastTag(html) {
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at)) {
    if (html.startsWith('<!--', at)) {
      at = html.indexOf('-->', at + 2);
      if (at < 0) return html;
      continue;
    }
    TAG.lastIndex = RAW_TEXT.lastIndex = at;
    const raw = RAW_TEXT.exec(html)?.[1];
    if (TAG.test(html)) {
      const close = raw ? html.slice(TAG.lastIndex).search(new RegExp(`</${raw}`, 'i')) : 0;
      if (close < 0) return html;
      at = TAG.lastIndex + close;
    } else if (/[a-z/]/i.test(html[at + 1] ?? '')) {
      const end = html.indexOf('>', at);
      return end < 0 ? html : html.slice(0, at) + html.slice(end + 1);
    } else {
      at += 1;
    }
  }
  return html;
}
