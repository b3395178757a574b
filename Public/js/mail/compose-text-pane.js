// @ts-check
/**
 * The text of a message that is being written: rich or plain, the signature of whom it is from, pictures in it, and, folded away until it is asked
 * for, what it answers.
 */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { createRichEditor } from '../components/rich-editor.js';
import { outgoingHTML, signatureOf } from './compose-body.js';
import { fragmentOfText, textOf } from './compose-text.js';

/** @typedef {import('../jmap/types.js').Identity} Identity */
/**
 * @typedef {object} TextPane
 * @property {HTMLElement} root
 * @property {HTMLElement} toolbar
 * @property {() => boolean} isPlain
 * @property {(plain: boolean) => void} setPlain
 * @property {() => string | null} html      null: plain text only
 * @property {() => string} text
 * @property {() => string} ownText          without what is quoted, forwarded and signed
 * @property {(identity: Identity | null) => void} sign
 * @property {(images: File[]) => Promise<void>} addImages
 * @property {() => void} focus
 * @property {() => void} destroy
 */

const FORWARD_LINE = /^-{6,}/m;

/**
 * @param {object} options
 * @param {DocumentFragment} options.content
 * @param {DocumentFragment | null} options.quote
 * @param {boolean} options.isPlain
 * @param {boolean} options.isForward       the signature stands above what is forwarded
 * @param {import('./compose-files.js').ComposeFiles} options.files
 * @param {() => void} options.onChange
 * @param {(files: File[]) => void} options.onFiles    files that were pasted into the text
 * @returns {TextPane}
 */
export function createTextPane({ content, quote: quoted, isPlain: startsPlain, isForward, files, onChange, onFiles }) {
  let quote = quoted;
  let plainly = false;
  /** @type {string[]} */
  const objects = [];
  const editor = createRichEditor({ label: t('compose.body'), onChange, onFiles });
  const area = editor.root;
  const plain = h('textarea', { class: 'composer-plain', 'aria-label': t('compose.body'), hidden: true, dir: 'auto', on: { input: onChange } });
  const quoteButton = h('button', {
    type: 'button', class: 'composer-quote', title: t('message.quote.show'), 'aria-label': t('message.quote.show'), hidden: quote === null,
    on: { click: () => { openQuote(); focus(); onChange(); } },
  }, '•••');
  /** @type {HTMLElement} */
  const root = h('div', {
    class: 'composer-scroll',
    on: { pointerdown: (/** @type {PointerEvent} */ event) => {
      if (event.target !== root || plainly) return;
      event.preventDefault();
      editor.focus(true);
    } },
  }, area, plain, quoteButton);

  editor.set(content);
  if (area.childNodes.length === 0) area.append(emptyLine());
  if (startsPlain) setPlain(true);

  function openQuote() {
    if (!quote) return;
    if (plainly) plain.value += `\n\n${textOf(quote)}`;
    else area.append(emptyLine(), quote);
    quote = null;
    quoteButton.hidden = true;
  }

  /** @param {boolean} plainer */
  function setPlain(plainer) {
    if (plainer === plainly) return;
    if (plainer) {
      openQuote();
      plain.value = textOf(area);
    } else {
      editor.set(fragmentOfText(plain.value));
    }
    plainly = plainer;
    area.hidden = editor.toolbar.hidden = plainer;
    plain.hidden = !plainer;
  }

  /** Everything that is said, with what is still folded. */
  function whole() {
    const all = /** @type {HTMLElement} */ (area.cloneNode(true));
    if (quote) all.append(emptyLine(), quote.cloneNode(true));
    return all;
  }

  /** @param {Identity | null} identity */
  function sign(identity) {
    if (plainly) return;
    const old = area.querySelector(':scope > .signature');
    const block = identity ? signatureOf(identity) : null;
    if (old && block) old.replaceWith(block);
    else if (old) old.remove();
    else if (block) {
      area.insertBefore(block, isForward ? area.firstElementChild?.nextSibling ?? null : null);
      block.before(emptyLine());
      if (area.firstElementChild?.nextElementSibling === block) area.prepend(emptyLine());
    }
  }

  function focus() {
    if (plainly) {
      plain.focus();
      plain.setSelectionRange(0, 0);
    } else {
      editor.focus();
    }
  }

  return {
    root,
    toolbar: editor.toolbar,
    isPlain: () => plainly,
    setPlain,
    html: () => (plainly ? null : outgoingHTML(whole())),
    text: () => (plainly ? plain.value : textOf(whole())),
    ownText() {
      if (plainly) return plain.value.replace(/^>.*$/gm, '');
      const own = /** @type {HTMLElement} */ (area.cloneNode(true));
      for (const element of own.querySelectorAll('blockquote, .signature')) element.remove();
      return isForward ? textOf(own).split(FORWARD_LINE)[0] : textOf(own);
    },
    sign,
    async addImages(images) {
      for (const image of images) {
        const file = await files.attachInline(image).catch(() => null);
        if (!file) continue;
        const object = URL.createObjectURL(image);
        objects.push(object);
        editor.insert(h('img', { src: object, alt: image.name, data: { cid: file.cid ?? '' } }));
      }
    },
    focus,
    destroy() {
      editor.destroy();
      for (const object of objects) URL.revokeObjectURL(object);
    },
  };
}

function emptyLine() {
  return h('div', null, h('br'));
}
