// @ts-check
/**
 * Finds where a reply ends and what it answers begins, and folds the latter behind "•••". What stands between somebody's answers stays
 * open: only the last quote, with nothing but blank space or a signature after it, is folded, and a forwarded message never.
 */

const FORWARDED = /forwarded message|weitergeleitete nachricht|message transféré|mensaje reenviado|пересылаемое сообщение|begin forwarded|^-{4,}/i;
const QUOTE_SELECTOR = [
  'blockquote[type="cite"]', '.gmail_quote', '.gmail_quote_container', '.yahoo_quoted', '.protonmail_quote', '.tutanota_quote', '.moz-cite-prefix',
  '#m-OLK_SRC_BODY_SECTION', '#m-divRplyFwdMsg', '#m-mail-editor-reference-message-container', '#m-appendonsend', '.OutlookMessageHeader',
  'blockquote',
].join(',');
/** Lines that introduce a quote, as programs write them: "On …, … wrote:" in the languages one meets most, or a date and an address. */
const ATTRIBUTION = /(?:(?:\bwrote|\bschrieb|\ba écrit|\bescribió|\bha scritto|\bescreveu|\bschreef|написал\(?а?\)?|пишет|skrev|napisał\(?a?\)?).{0,200}|\d{1,4}[./:-]\d{1,2}.{0,200}\S@\S.{0,60}):\s*$/isu;
/** The words of a header block, as Outlook writes it above what it quotes. */
const HEADER_WORD = /(?:^|[\s>])(From|Sent|Date|To|Cc|Subject|Von|Gesendet|Datum|An|Betreff|De|Envoyé|Objet|À|Enviado|Para|Asunto|Assunto|Da|Inviato|Oggetto|От(?: кого)?|Отправлено|Дата|Кому|Тема|Från|Skickat|Till|Ämne|Van|Verzonden|Aan|Onderwerp|Od|Fra)\s*:/gu;

/**
 * Folds the trailing quote of an HTML part.
 * @param {HTMLElement} part
 * @param {string} label       what the fold is called, for those who do not see it
 * @returns {boolean} whether anything was folded
 */
export function foldQuote(part, label) {
  const start = quoteStart(part);
  if (!start) return false;
  const before = visibleBefore(part, start);
  if (!before || FORWARDED.test((start.textContent ?? '').trim().slice(0, 300))) return false;
  wrapFrom(part, start, label);
  return true;
}

/** @param {HTMLElement} part @returns {HTMLElement|null} */
function quoteStart(part) {
  for (const candidate of /** @type {HTMLElement[]} */ (Array.from(part.querySelectorAll(QUOTE_SELECTOR)))) {
    if (candidate.parentElement?.closest('blockquote')) continue;
    if (isQuote(candidate) && !hasVisibleAfter(part, candidate)) return withAttribution(candidate);
  }
  return headerBlock(part);
}

/**
 * A bare `<blockquote>` is a quote only under an attribution.
 * @param {HTMLElement} element
 */
function isQuote(element) {
  if (element.matches('.moz-cite-prefix, #m-divRplyFwdMsg, .OutlookMessageHeader, #m-appendonsend')) return true;
  if (element.localName !== 'blockquote' || element.getAttribute('type') === 'cite' || element.className !== '') return true;
  return ATTRIBUTION.test(textBefore(element));
}

/**
 * Moves the start up to the line "On …, … wrote:" right before it.
 * @param {HTMLElement} quote @returns {HTMLElement}
 */
function withAttribution(quote) {
  let start = quote;
  for (let step = 0; step < 4; step += 1) {
    const previous = /** @type {HTMLElement|null} */ (start.previousElementSibling);
    const between = start.previousSibling;
    if (!previous || (between?.nodeType === 3 && (between.textContent ?? '').trim() !== '')) return start;
    const text = (previous.textContent ?? '').trim();
    if (text === '' && previous.querySelector('img')) return start;
    if (text !== '' && !(text.length < 400 && ATTRIBUTION.test(text) && !hasSeveralLines(previous))) return start;
    start = previous;
    if (text !== '') return start;
  }
  return quote;
}

/** @param {HTMLElement} element */
function hasSeveralLines(element) {
  return Array.from(element.querySelectorAll('br')).some((line) => textBefore(line).length > 0 && (line.nextSibling?.textContent ?? '').trim() !== '');
}

/**
 * Outlook's way: perhaps a rule, then "From: … Sent: … Subject: …".
 * @param {HTMLElement} part @returns {HTMLElement|null}
 */
function headerBlock(part) {
  for (const element of /** @type {HTMLElement[]} */ (Array.from(part.querySelectorAll('hr, div, p, b, font, span')).slice(0, 3000))) {
    const text = textFrom(part, element, 500);
    const words = Array.from(text.matchAll(HEADER_WORD));
    if (new Set(words.map((word) => word[1])).size >= 3 && (words[0].index ?? 0) < 3) return element;
  }
  return null;
}

/**
 * The first `limit` characters from the start of `element` on.
 * @param {HTMLElement} part @param {HTMLElement} element @param {number} limit
 */
function textFrom(part, element, limit) {
  const walker = part.ownerDocument.createTreeWalker(part, 4);
  walker.currentNode = element;
  let text = '';
  while (text.length < limit && walker.nextNode()) text += ' ' + walker.currentNode.textContent;
  return text.trim().slice(0, limit);
}

/**
 * The text right before `element`, up to a line or so.
 * @param {HTMLElement} element
 */
function textBefore(element) {
  let text = '';
  for (let node = element.previousSibling; node && text.trim().length < 12; node = node.previousSibling) text = (node.textContent ?? '') + text;
  return text.trim().slice(-400);
}

/** @param {HTMLElement} part @param {Node} start */
function visibleBefore(part, start) {
  const range = part.ownerDocument.createRange();
  range.setStart(part, 0);
  range.setEndBefore(start);
  return isVisible(range);
}

/** @param {HTMLElement} part @param {Node} element */
function hasVisibleAfter(part, element) {
  if (/** @type {HTMLElement} */ (element).matches?.('.moz-cite-prefix, #m-divRplyFwdMsg, .OutlookMessageHeader, #m-appendonsend, #m-OLK_SRC_BODY_SECTION')) return false;
  const range = part.ownerDocument.createRange();
  range.setStartAfter(element);
  range.setEndAfter(part.lastChild ?? part);
  const text = range.toString().trim();
  return text !== '' && !/^-- ?\n/.test(text);
}

/** @param {Range} range */
function isVisible(range) {
  return range.toString().trim() !== '' || range.cloneContents().querySelector('img') !== null;
}

/**
 * Puts `start` and all that follows it, on every level up to `part`, into a fold.
 * @param {HTMLElement} part @param {HTMLElement} start @param {string} label
 */
function wrapFrom(part, start, label) {
  const document = part.ownerDocument;
  const fold = makeFold(document, label);
  const range = document.createRange();
  range.setStartBefore(start);
  range.setEndAfter(/** @type {ChildNode} */ (part.lastChild));
  const parent = start.parentElement;
  fold.append(range.extractContents());
  (parent && part.contains(parent) ? parent : part).append(fold);
}

/** @param {Document} document @param {string} label @returns {HTMLDetailsElement} */
export function makeFold(document, label) {
  const fold = document.createElement('details');
  fold.className = 'mp-quote';
  const summary = document.createElement('summary');
  summary.textContent = '•••';
  summary.title = label;
  summary.setAttribute('aria-label', label);
  fold.append(summary);
  return fold;
}
