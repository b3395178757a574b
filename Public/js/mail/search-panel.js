/** A form that writes the operators of a search. */
import { h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { button } from '../components/button.js';
import { homeOf, placeBeside } from '../components/menu.js';
import { termsOf, writeTerm } from './search-query.js';

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {HTMLElement} anchor
 * @param {string} text  what the field holds now
 * @param {(text: string) => void} onSearch
 */
export function openSearchPanel({ mailboxes }, anchor, text, onSearch) {
  const terms = termsOf(text);
  const valueOf = (/** @type {string} */ name) => terms.find(({ operator, negated }) => operator === name && !negated)?.value ?? '';
  const words = terms.filter(({ operator }) => operator === null).map(({ value, negated }) => (negated ? '-' : '') + writeTerm('', value)).join(' ');

  /** @param {string} name @param {import('../lib/dom.js').Props} [props] */
  const textField = (name, props = {}) => h('input', { class: 'field', name, type: 'text', autocomplete: 'off', prop: { value: name === 'words' ? words : valueOf(name) }, ...props });
  /** @param {string} name @param {HTMLElement} control */
  const labelled = (name, control) => {
    control.id = uniqueId('search-field');
    return h('div', { class: 'search-panel-row' }, h('label', { for: control.id, class: 'field-label' }, t(`search.field.${name}`)), control);
  };
  const folder = h('select', { class: 'field', name: 'in' }, h('option', { value: '' }, t('search.anywhere')),
    mailboxes.ordered().map((mailbox) => h('option', { value: mailboxes.slug(mailbox), prop: { selected: valueOf('in') === mailboxes.slug(mailbox) } }, mailboxes.path(mailbox))));
  /** @param {string} name @param {string} value */
  const check = (name, value) => h('label', { class: 'check' }, h('input', { type: 'checkbox', name: `${name}:${value}`, prop: { checked: terms.some((term) => term.operator === name && term.value === value) } }), h('span', null, t(`search.hint.${value}`)));

  /** @type {HTMLFormElement} */
  const form = h('form', { class: 'search-panel-form', on: { submit } },
    labelled('from', textField('from')), labelled('to', textField('to')), labelled('subject', textField('subject')), labelled('words', textField('words')), labelled('in', folder),
    h('div', { class: 'search-panel-pair' }, labelled('after', textField('after', { type: 'date' })), labelled('before', textField('before', { type: 'date' })), labelled('larger', textField('larger', { placeholder: t('search.size-example') }))),
    h('div', { class: 'search-panel-checks' }, check('has', 'attachment'), check('is', 'unread'), check('is', 'starred')),
    h('div', { class: 'dialog-foot' }, button({ label: t('action.cancel'), kind: 'plain', onClick: () => panel.hidePopover() }), h('button', { type: 'submit', class: 'button button-primary' }, t('search.submit'))));

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    const data = new FormData(form);
    const parts = ['from', 'to', 'subject', 'in', 'after', 'before', 'larger'].map((name) => [name, String(data.get(name) ?? '').trim()]).filter(([, value]) => value).map(([name, value]) => writeTerm(name, value));
    for (const name of ['has:attachment', 'is:unread', 'is:starred']) if (data.has(name)) parts.push(name);
    panel.hidePopover();
    onSearch([String(data.get('words') ?? '').trim(), ...parts].filter(Boolean).join(' '));
  }

  const panel = h('div', { class: 'search-panel', popover: 'auto', role: 'dialog', 'aria-label': t('search.panel') }, form);
  panel.addEventListener('toggle', (event) => {
    if (/** @type {any} */ (event).newState === 'closed') panel.remove();
  });
  homeOf(anchor).append(panel);
  panel.style.setProperty('min-inline-size', `${Math.min(anchor.offsetWidth, innerWidth - 16)}px`);
  panel.showPopover();
  placeBeside(panel, anchor);
  form.querySelector('input')?.focus();
}
