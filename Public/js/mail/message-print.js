// @ts-check
/**
 * Prints a message: its head and the content that the frame shows, copied into a sheet that only paper sees. (The frame itself may not
 * open a print dialog: its sandbox has no modals.) The message's own style sheets come along, held to the sheet by `@scope`.
 */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { fullDate } from '../lib/format.js';
import { renderMessageBody } from './message-body.js';

/** @typedef {import('../jmap/types.js').Email} Email */

/** @param {{client: import('../jmap/client.js').Client}} deps @param {Email} email */
export async function printMessage(deps, email) {
  const body = renderMessageBody(deps, email);
  const stage = h('div', { class: 'print-stage', 'aria-hidden': 'true', inert: true }, body.root);
  document.body.append(stage);
  await body.ready;
  await Promise.race([imagesShown(body.content()), new Promise((go) => setTimeout(go, 3000))]);
  const paper = h('div', { class: 'print-sheet' }, head(email));
  const styles = copyContent(body.content(), paper);
  document.body.append(paper);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, ...styles];
  document.documentElement.classList.add('is-printing');
  const title = document.title;
  document.title = email.subject || t('message.no-subject');
  window.addEventListener('afterprint', () => {
    document.title = title;
    document.documentElement.classList.remove('is-printing');
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => !styles.includes(sheet));
    paper.remove();
    stage.remove();
    body.destroy();
  }, { once: true });
  window.print();
}

/** @param {Email} email */
function head(email) {
  const people = (/** @type {import('../jmap/types.js').EmailAddress[]|null|undefined} */ list) =>
    (list ?? []).map(({ name, email: address }) => (name ? `${name} <${address}>` : address)).join(', ');
  const rows = [['message.from', people(email.from)], ['message.to', people(email.to)], ['message.cc', people(email.cc)], ['message.date', fullDate(email.sentAt ?? email.receivedAt)]];
  return h('header', { class: 'print-head' },
    h('h1', null, email.subject || t('message.no-subject')),
    h('dl', null, rows.filter(([, value]) => value).map(([label, value]) => [h('dt', null, t(label)), h('dd', null, value)])));
}

/** @param {HTMLElement|null} content @param {HTMLElement} paper @returns {CSSStyleSheet[]} */
function copyContent(content, paper) {
  const root = content?.querySelector('.mp-root');
  if (!root) return [];
  const copy = /** @type {HTMLElement} */ (document.importNode(root, true));
  const originals = /** @type {HTMLElement[]} */ ([root, ...root.querySelectorAll('*')]);
  const copies = /** @type {HTMLElement[]} */ ([copy, ...copy.querySelectorAll('*')]);
  copies.forEach((element, index) => {
    element.style.cssText = originals[index].style.cssText;
    if (element instanceof HTMLDetailsElement) element.open = true;
  });
  copy.style.removeProperty('zoom');
  const sheets = Array.from(root.querySelectorAll('style')).map((style) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`@scope (.print-sheet) { ${style.textContent} }`);
    return sheet;
  });
  for (const style of copy.querySelectorAll('style')) style.remove();
  paper.append(copy);
  return sheets;
}

/** @param {HTMLElement|null} content */
async function imagesShown(content) {
  await Promise.all(Array.from(content?.querySelectorAll('img[src]') ?? []).map((image) => /** @type {HTMLImageElement} */ (image).decode().catch(() => {})));
}
