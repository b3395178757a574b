/** The search field: results as one types, suggestions for operators and people, and a panel that writes the operators. */
import { fill, h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { fullName } from '../lib/format.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { termsOf, writeTerm } from './search-query.js';

const TYPING_DELAY = 120;
const MOST = 8;
/** @type {[string, string][]} */
const HINTS = [['from:', 'from'], ['to:', 'to'], ['subject:', 'subject'], ['has:attachment', 'attachment'], ['is:unread', 'unread'], ['is:starred', 'starred'], ['in:', 'in'], ['before:', 'before'], ['after:', 'after'], ['larger:', 'larger']];

/** @typedef {{ text: string, label: string, detail: string, symbol: string }} Suggestion  `text`: what the whole field becomes */

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {{ onSearch: (text: string) => void, onLeave: () => void, onDown: () => void }} options
 */
export function createSearchField(deps, { onSearch, onLeave, onDown }) {
  const listId = uniqueId('search');
  const input = h('input', {
    class: 'search-input', type: 'search', role: 'combobox', placeholder: t('search.placeholder'), 'aria-label': t('search.label'), 'aria-expanded': 'false', 'aria-controls': listId,
    'aria-autocomplete': 'list', autocomplete: 'off', spellcheck: 'false', enterkeyhint: 'search', on: { input: onInput, keydown: onKey, focus: onInput, blur: () => setTimeout(hide, 120) },
  });
  const list = h('div', { class: 'search-suggestions', role: 'listbox', id: listId, 'aria-label': t('search.suggestions'), hidden: true });
  const clear = button({ label: t('search.clear'), icon: 'close', iconOnly: true, props: { class: 'button-small search-clear', hidden: true }, onClick: () => { set(''); onLeave(); input.focus(); } });
  const panel = button({ label: t('search.panel'), icon: 'filter', iconOnly: true, props: { class: 'button-small search-panel-button', 'aria-haspopup': 'dialog' }, onClick: () => void import('./search-panel.js').then(({ openSearchPanel }) => openSearchPanel(deps, root, input.value, commit)) });
  const root = h('div', { class: 'search', role: 'search' }, h('div', { class: 'search-box' }, icon('search'), input, clear, panel), list);

  /** @type {Suggestion[]} */
  let shown = [];
  let at = -1;
  /** @type {number | undefined} */
  let timer;

  /** @param {Event} event */
  function onInput(event) {
    clear.hidden = input.value === '';
    suggest();
    if (event.type !== 'input') return;
    clearTimeout(timer);
    const text = input.value.trim();
    if (text === '') onLeave();
    // A lone letter finds nearly everything, and "from:" nothing yet.
    else if (text.length > 1 && !/(^|\s)\w+:"?$/.test(input.value)) timer = window.setTimeout(() => onSearch(text), TYPING_DELAY);
  }

  /** @param {string} text */
  function commit(text) {
    clearTimeout(timer);
    set(text);
    hide();
    if (text.trim() === '') onLeave();
    else onSearch(text.trim());
  }

  /** @param {string} text */
  function set(text) {
    input.value = text;
    clear.hidden = text === '';
  }

  function suggest() {
    shown = document.activeElement === input ? suggestions(deps, input.value) : [];
    at = -1;
    list.hidden = shown.length === 0;
    input.setAttribute('aria-expanded', String(shown.length > 0));
    input.removeAttribute('aria-activedescendant');
    fill(list, shown.map((one, index) => h('div', {
      class: 'search-suggestion', role: 'option', id: `${listId}-${index}`, 'aria-selected': 'false',
      on: { pointerdown: (/** @type {Event} */ event) => { event.preventDefault(); take(one); } },
    }, icon(one.symbol), h('span', { class: 'search-suggestion-label' }, one.label), h('span', { class: 'search-suggestion-detail' }, one.detail))));
  }

  function hide() {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
  }

  /** @param {Suggestion} suggestion */
  function take(suggestion) {
    set(suggestion.text);
    if (/:"?$/.test(suggestion.text)) suggest();
    else commit(`${suggestion.text} `);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.isComposing) return;
    if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && shown.length > 0 && !list.hidden) {
      event.preventDefault();
      at = (at + (event.key === 'ArrowDown' ? 1 : -1) + shown.length + 1) % (shown.length + 1);
      [...list.children].forEach((element, index) => element.setAttribute('aria-selected', String(index === at)));
      if (shown[at]) input.setAttribute('aria-activedescendant', `${listId}-${at}`);
      else input.removeAttribute('aria-activedescendant');
    } else if (event.key === 'ArrowDown') onDown();
    else if (event.key === 'Enter') {
      event.preventDefault();
      if (shown[at] && !list.hidden) take(shown[at]);
      else {
        commit(input.value);
        onDown();
      }
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (!list.hidden) return hide();
      set('');
      onLeave();
      onDown();
    }
  }

  return {
    root,
    focus() {
      input.focus();
      input.select();
    },
    /** @param {string} text */
    show(text) {
      if (document.activeElement !== input || input.value.trim() === '') set(text);
    },
  };
}

/**
 * What could come next.
 * @param {import('./deps.js').MailDeps} deps
 * @param {string} text
 * @returns {Suggestion[]}
 */
function suggestions({ store, mailboxes }, text) {
  const last = /(\S*)$/.exec(text)?.[1] ?? '';
  const before = text.slice(0, text.length - last.length);
  const operator = /^(from|to|in):(.*)$/i.exec(last);
  if (operator?.[1].toLowerCase() === 'in') {
    return mailboxes.all().map((mailbox) => ({ text: before + writeTerm('in', mailboxes.slug(mailbox)), label: mailboxes.path(mailbox), detail: `in:${mailboxes.slug(mailbox)}`, symbol: mailboxes.icon(mailbox) }))
      .filter(({ label, detail }) => fits(`${label} ${detail.slice(3)}`, operator[2])).slice(0, MOST);
  }
  const wanted = operator ? operator[2] : last;
  const people = wanted.length > (operator ? 0 : 1) ? peopleLike(store, wanted, operator?.[1].toLowerCase() === 'to').map((address) => ({
    text: before + writeTerm(operator ? operator[1].toLowerCase() : 'from', address.email), label: fullName(address), detail: address.email, symbol: 'person',
  })) : [];
  if (operator) return people.slice(0, MOST);
  const used = new Set(termsOf(text).map(({ operator: name, value }) => `${name}:${value}`));
  const hints = HINTS.filter(([hint]) => hint.startsWith(last.toLowerCase()) && hint !== last && !used.has(hint)).map(([hint, key]) => ({ text: before + hint, label: hint, detail: t(`search.hint.${key}`), symbol: 'filter' }));
  return (last === '' && text !== '' ? [] : [...people.slice(0, 4), ...hints]).slice(0, MOST);
}

/** @param {import('../jmap/store.js').Store} store @param {string} wanted @param {boolean} isTo */
function peopleLike(store, wanted, isTo) {
  /** @type {Map<string, import('../jmap/types.js').EmailAddress>} */
  const found = new Map();
  for (const email of store.list('Email')) {
    for (const address of (isTo ? email.to : email.from) ?? []) {
      if (!found.has(address.email) && fits(`${address.name ?? ''} ${address.email}`, wanted)) found.set(address.email, address);
      if (found.size >= MOST) return [...found.values()];
    }
  }
  return [...found.values()];
}

/** @param {string} text @param {string} wanted */
function fits(text, wanted) {
  const needle = wanted.replace(/^"/, '').toLocaleLowerCase();
  return text.toLocaleLowerCase().split(/[\s/@.]+/).some((word) => word.startsWith(needle)) || text.toLocaleLowerCase().includes(` ${needle}`) || text.toLocaleLowerCase().startsWith(needle);
}
