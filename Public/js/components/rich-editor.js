// @ts-check
/**
 * A text editor on `contenteditable`, with a toolbar. What is pasted goes through the cleaner; what is taken out are nodes, never HTML that
 * somebody typed. It writes plain tags (b, i, ul, font color), so that the message looks the same everywhere.
 */
import { h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { keyText } from '../lib/keys.js';
import { button } from './button.js';
import { openMenu, placeBeside } from './menu.js';
import { pastedHTML, loadSanitizer } from '../mail/sanitize.js';

/**
 * @typedef {object} RichEditor
 * @property {HTMLElement} root       the text
 * @property {HTMLElement} toolbar
 * @property {(nodes: Node) => void} set
 * @property {() => HTMLElement} area
 * @property {(atEnd?: boolean) => void} focus
 * @property {(node: Node) => void} insert    at the caret
 * @property {() => void} destroy
 */

/** Colours for text: they stay readable on white and on black. */
const COLORS = ['#d93025', '#c26401', '#8a6d00', '#188038', '#00838f', '#1967d2', '#8430ce', '#b3246d'];
/** @typedef {{command: string, icon: string, label: string, keys?: string, state?: boolean}} Tool */
/** @type {Tool[]} */
const TOOLS = [
  { command: 'bold', icon: 'bold', label: 'compose.format.bold', keys: 'Mod+b', state: true },
  { command: 'italic', icon: 'italic', label: 'compose.format.italic', keys: 'Mod+i', state: true },
  { command: 'underline', icon: 'underline', label: 'compose.format.underline', keys: 'Mod+u', state: true },
  { command: 'strikeThrough', icon: 'strike', label: 'compose.format.strike', keys: 'Mod+Shift+x', state: true },
  { command: 'color', icon: 'palette', label: 'compose.format.color' },
  { command: 'insertUnorderedList', icon: 'list', label: 'compose.format.list', keys: 'Mod+Shift+8', state: true },
  { command: 'insertOrderedList', icon: 'list-ordered', label: 'compose.format.ordered', keys: 'Mod+Shift+7', state: true },
  { command: 'quote', icon: 'quote', label: 'compose.format.quote', keys: 'Mod+Shift+9', state: true },
  { command: 'code', icon: 'code', label: 'compose.format.code', state: true },
  { command: 'link', icon: 'link', label: 'compose.format.link', keys: 'Mod+k' },
  { command: 'removeFormat', icon: 'clear-format', label: 'compose.format.clear', keys: 'Mod+\\' },
];

/**
 * @param {object} options
 * @param {string} options.label
 * @param {() => void} options.onChange
 * @param {(files: File[], inline: boolean) => void} options.onFiles   files that were pasted into the text
 * @returns {RichEditor}
 */
export function createRichEditor({ label, onChange, onFiles }) {
  const life = new AbortController();
  const area = h('div', { class: 'editor-area', id: uniqueId('editor'), contenteditable: 'true', role: 'textbox', 'aria-multiline': 'true', 'aria-label': label, dir: 'auto', spellcheck: 'true' });
  /** @type {Map<string, HTMLButtonElement>} */
  const buttons = new Map();
  /** @type {Range|null} */
  let kept = null;
  void loadSanitizer();

  const toolbar = h('div', { class: 'editor-toolbar', role: 'toolbar', 'aria-label': t('compose.format.toolbar'), 'aria-controls': area.id, on: { keydown: moveInToolbar } },
    TOOLS.map((tool, index) => {
      const element = button({ label: t(tool.label), icon: tool.icon, iconOnly: true, onClick: () => run(tool.command), props: {
        class: 'editor-tool', tabindex: index === 0 ? 0 : -1, title: tool.keys ? `${t(tool.label)} (${keyText(tool.keys)})` : t(tool.label),
        'aria-pressed': tool.state ? 'false' : null, on: { mousedown: (/** @type {Event} */ event) => event.preventDefault() },
      } });
      buttons.set(tool.command, element);
      return element;
    }));

  /** @param {string} command */
  function run(command) {
    if (!hasFocus()) restore();
    document.execCommand('styleWithCSS', false, 'false');
    if (command === 'quote') toggleBlock('blockquote');
    else if (command === 'code') toggleCode();
    else if (command === 'link') askLink();
    else if (command === 'color') chooseColor();
    else if (command === 'removeFormat') {
      document.execCommand('removeFormat');
      document.execCommand('unlink');
    } else document.execCommand(command);
    changed();
  }

  function changed() {
    showState();
    onChange();
  }

  function hasFocus() {
    return document.activeElement === area;
  }

  function restore() {
    area.focus({ preventScroll: true });
    if (!kept) return;
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(kept);
  }

  /** @param {string} name @returns {HTMLElement|null} */
  function around(name) {
    const node = getSelection()?.anchorNode;
    const element = node instanceof Element ? node : node?.parentElement;
    const found = /** @type {HTMLElement|null} */ (element?.closest(name) ?? null);
    return found && area.contains(found) && found !== area ? found : null;
  }

  /** @param {string} name */
  function toggleBlock(name) {
    if (around(name)) document.execCommand('outdent');
    else document.execCommand('formatBlock', false, name);
  }

  function toggleCode() {
    const inside = around('code');
    const selection = getSelection();
    if (around('pre')) document.execCommand('formatBlock', false, 'div');
    else if (inside) inside.replaceWith(...inside.childNodes);
    else if (!selection || selection.isCollapsed || selection.toString().includes('\n')) document.execCommand('formatBlock', false, 'pre');
    else {
      const code = document.createElement('code');
      code.textContent = selection.toString();
      insertHTML(code.outerHTML);
    }
  }

  function chooseColor() {
    remember();
    openMenu(/** @type {HTMLElement} */ (buttons.get('color')), [
      { label: t('compose.color.default'), icon: 'clear-format', run: () => paint(null) },
      ...COLORS.map((color, index) => ({ label: t(`compose.color.${index}`), icon: 'blank', run: () => paint(color) })),
    ], t('compose.format.color'));
    const items = document.querySelectorAll('.menu:popover-open .menu-item .icon');
    COLORS.forEach((color, index) => {
      const swatch = /** @type {HTMLElement|undefined} */ (items[index + 1]);
      swatch?.classList.add('color-swatch');
      swatch?.style.setProperty('--swatch', color);
    });
  }

  /** @param {string|null} color */
  function paint(color) {
    restore();
    document.execCommand('styleWithCSS', false, 'false');
    if (color) document.execCommand('foreColor', false, color);
    else document.execCommand('removeFormat');
    changed();
  }

  function askLink() {
    remember();
    const present = /** @type {HTMLAnchorElement|null} */ (around('a'));
    const selected = getSelection()?.toString() ?? '';
    const address = h('input', { class: 'field', type: 'text', inputmode: 'url', 'aria-label': t('compose.link.address'), placeholder: 'https://', autocomplete: 'off', prop: { value: present?.getAttribute('href') ?? (/^https?:\/\/\S+$/.test(selected) ? selected : '') } });
    const words = h('input', { class: 'field', type: 'text', 'aria-label': t('compose.link.text'), placeholder: t('compose.link.text'), autocomplete: 'off', prop: { value: present?.textContent ?? selected } });
    const form = h('form', { class: 'link-form-fields', on: { submit: (/** @type {Event} */ event) => {
      event.preventDefault();
      finish(address.value.trim(), words.value.trim());
    } } }, address, words, h('div', { class: 'link-form-foot' },
      present ? button({ label: t('compose.link.remove'), onClick: () => finish('', '') }) : null,
      h('button', { type: 'submit', class: 'button button-primary' }, t('compose.link.apply'))));
    /** @type {any} */
    const panel = h('div', { class: 'link-form', popover: 'auto', role: 'dialog', 'aria-label': t('compose.format.link'), on: { toggle: (/** @type {any} */ event) => {
      if (event.newState !== 'closed') return;
      const hadFocus = panel.contains(document.activeElement) || document.activeElement === document.body;
      panel.remove();
      if (hadFocus) restore();
    } } }, form);

    /** @param {string} target @param {string} text */
    function finish(target, text) {
      panel.hidePopover();
      applyLink(present, target, text);
    }

    document.body.append(panel);
    panel.showPopover();
    placeBeside(panel, /** @type {HTMLElement} */ (buttons.get('link')));
    address.focus();
  }

  /** @param {HTMLAnchorElement|null} present @param {string} address @param {string} words */
  function applyLink(present, address, words) {
    restore();
    if (present) {
      const range = document.createRange();
      range.selectNode(present);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
    }
    const href = linkTarget(address);
    if (!href) {
      if (present) present.replaceWith(...present.childNodes);
    } else if (!present && words !== '' && words === getSelection()?.toString().trim()) {
      document.execCommand('createLink', false, href);
    } else {
      const link = document.createElement('a');
      link.href = href;
      link.textContent = words || address;
      insertHTML(link.outerHTML);
    }
    changed();
  }

  /**
   * Inserts through the editing history, so that it can be undone.
   * @param {string} html
   */
  function insertHTML(html) {
    document.execCommand('insertHTML', false, pastedHTML(html));
  }

  function remember() {
    const selection = getSelection();
    if (selection?.rangeCount && area.contains(selection.anchorNode)) kept = selection.getRangeAt(0).cloneRange();
  }

  function showState() {
    if (!hasFocus()) return;
    remember();
    for (const { command, state } of TOOLS) {
      if (!state) continue;
      const on = command === 'quote' ? around('blockquote') !== null : command === 'code' ? around('code, pre') !== null : document.queryCommandState(command);
      buttons.get(command)?.setAttribute('aria-pressed', String(on));
    }
  }

  /** @param {KeyboardEvent} event */
  function moveInToolbar(event) {
    const all = Array.from(buttons.values());
    const at = all.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined || at < 0) return;
    event.preventDefault();
    const target = all[(next + all.length) % all.length];
    for (const one of all) one.tabIndex = one === target ? 0 : -1;
    target.focus();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const stroke = ['Mod', event.shiftKey ? 'Shift' : '', event.code.startsWith('Digit') ? event.code.slice(5) : event.key.toLowerCase()].filter(Boolean).join('+');
    const tool = TOOLS.find(({ keys }) => keys === stroke);
    if (!tool) return;
    event.preventDefault();
    event.stopPropagation();
    run(tool.command);
  }

  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    const data = event.clipboardData;
    if (!data) return;
    const files = Array.from(data.files);
    const html = data.getData('text/html');
    if (files.length > 0 && !(html && data.getData('text/plain').trim())) {
      event.preventDefault();
      onFiles(files, true);
    } else if (html) {
      event.preventDefault();
      insertHTML(html);
    }
  }

  area.addEventListener('input', changed, { signal: life.signal });
  area.addEventListener('keydown', onKey, { signal: life.signal });
  area.addEventListener('paste', onPaste, { signal: life.signal });
  area.addEventListener('click', (event) => {
    const link = /** @type {Element} */ (event.target).closest('a');
    if (link) event.preventDefault();
    if (link && (event.ctrlKey || event.metaKey)) window.open(/** @type {HTMLAnchorElement} */ (link).href, '_blank', 'noopener,noreferrer');
  }, { signal: life.signal });
  document.addEventListener('selectionchange', showState, { signal: life.signal });

  return {
    root: area,
    toolbar,
    area: () => area,
    set(nodes) {
      area.replaceChildren(nodes);
    },
    focus(atEnd = false) {
      area.focus({ preventScroll: true });
      const range = document.createRange();
      range.selectNodeContents(area);
      range.collapse(!atEnd);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      document.execCommand('defaultParagraphSeparator', false, 'div');
    },
    insert(node) {
      restore();
      const selection = getSelection();
      const range = selection?.rangeCount && area.contains(selection.anchorNode) ? selection.getRangeAt(0) : null;
      if (!range) area.prepend(node);
      else {
        range.deleteContents();
        range.insertNode(node);
        range.setStartAfter(node);
        range.collapse(true);
      }
      onChange();
    },
    destroy: () => life.abort(),
  };
}

/**
 * What a link may lead to; `example.org` means https.
 * @param {string} text @returns {string|null}
 */
export function linkTarget(text) {
  if (text === '') return null;
  const guess = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : /^\S+@\S+\.\S+$/.test(text) ? `mailto:${text}` : `https://${text}`;
  try {
    const url = new URL(guess);
    return ['http:', 'https:', 'mailto:', 'tel:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
