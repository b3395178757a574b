/** A list to choose from by typing: the folder picker and the command palette are made of it. */
import { fill, h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { caps } from './caps.js';
import { openDialog } from './dialog.js';
import { icon } from './icon.js';

/** @typedef {{ label: string, detail?: string, icon?: string, keys?: string, run: () => void }} Choice */

const MOST = 60;

/**
 * @param {object} options
 * @param {string} options.title
 * @param {string} options.placeholder
 * @param {Choice[]} options.choices
 * @param {(text: string) => Choice[]} [options.more]  choices that depend on what is typed, put last
 */
export async function openPicker({ title, placeholder, choices, more }) {
  const chosen = await openDialog({
    title,
    isTitleHidden: true,
    class: 'picker',
    content(close) {
      const listId = uniqueId('picker');
      const list = h('div', { class: 'picker-list', role: 'listbox', id: listId, 'aria-label': title });
      const input = h('input', {
        class: 'picker-field', type: 'text', role: 'combobox', placeholder, 'aria-label': placeholder, 'aria-expanded': 'true', 'aria-controls': listId,
        'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false', autofocus: true, on: { input: show, keydown: onKey },
      });
      /** @type {Choice[]} */
      let shown = [];
      let at = 0;

      function show() {
        const text = input.value.trim();
        shown = [...rank(choices, text), ...(more?.(text) ?? [])].slice(0, MOST);
        at = 0;
        fill(list, shown.length === 0 ? h('div', { class: 'picker-empty', role: 'option', 'aria-disabled': 'true', 'aria-selected': 'false' }, t('picker.empty')) : shown.map(row));
        mark();
      }

      /** @param {Choice} choice @param {number} index */
      function row(choice, index) {
        return h('div', { class: 'picker-item', role: 'option', id: `${listId}-${index}`, on: { click: () => close(choice), pointermove: () => { if (at !== index) { at = index; mark(); } } } },
          choice.icon ? icon(choice.icon) : null, h('span', { class: 'picker-label' }, choice.label), choice.detail ? h('span', { class: 'picker-detail' }, choice.detail) : null,
          choice.keys ? caps(choice.keys) : null);
      }

      function mark() {
        [...list.children].forEach((element, index) => {
          if (shown.length > 0) element.setAttribute('aria-selected', String(index === at));
        });
        if (shown.length > 0) input.setAttribute('aria-activedescendant', `${listId}-${at}`);
        else input.removeAttribute('aria-activedescendant');
        list.children[at]?.scrollIntoView({ block: 'nearest' });
      }

      /** @param {KeyboardEvent} event */
      function onKey(event) {
        const step = /** @type {Record<string, number>} */ ({ ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 })[event.key];
        if (step && shown.length > 0) {
          event.preventDefault();
          at = Math.abs(step) === 1 ? (at + step + shown.length) % shown.length : Math.max(0, Math.min(shown.length - 1, at + step));
          mark();
        } else if (event.key === 'Enter' && !event.isComposing) {
          event.preventDefault();
          if (shown[at]) close(shown[at]);
        }
      }

      show();
      return [h('div', { class: 'picker-head' }, icon('search'), input), list];
    },
  });
  chosen?.run();
}

/**
 * Those that fit what is typed, the best first.
 * @param {Choice[]} choices
 * @param {string} text
 */
function rank(choices, text) {
  if (text === '') return choices;
  const fold = (/** @type {string} */ value) => value.normalize('NFKD').replace(/\p{M}/gu, '').toLocaleLowerCase();
  const wanted = fold(text);
  return choices
    .map((choice) => ({ choice, score: scoreOf(fold(choice.label), wanted) || scoreOf(fold(choice.detail ?? ''), wanted) / 2 }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ choice }) => choice);
}

/** @param {string} text @param {string} wanted */
function scoreOf(text, wanted) {
  if (text.startsWith(wanted)) return 4;
  if (text.split(/[\s/]+/).some((word) => word.startsWith(wanted))) return 3;
  if (text.includes(wanted)) return 2;
  let from = 0;
  for (const letter of wanted) {
    from = text.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return 1;
}
