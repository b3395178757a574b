// @ts-check
/**
 * A field for people: chips that can be moved, edited, dragged to another field and taken away, and suggestions as one types. By keyboard:
 * comma, semicolon, Enter and Tab finish an entry, Backspace and the left arrow go into the chips.
 */
import { fill, h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { fullName } from '../lib/format.js';
import { avatar } from './avatar.js';
import { icon } from './icon.js';
import { placeBeside } from './menu.js';
import { formatAddress, isValidAddress, parseAddresses, uniqueAddresses } from '../mail/compose-addresses.js';

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/**
 * @typedef {object} AddressField
 * @property {HTMLElement} root
 * @property {() => EmailAddress[]} value     what is typed but not finished counts as an entry
 * @property {(addresses: EmailAddress[]) => void} set
 * @property {() => void} focus
 * @property {() => boolean} isValid
 * @property {() => void} destroy
 */

/**
 * The chip that is being dragged, and how to take it from where it was.
 * @type {{address: EmailAddress, take: () => void}|null}
 */
let dragged = null;

/**
 * @param {object} options
 * @param {string} options.label
 * @param {EmailAddress[]} options.value
 * @param {() => void} options.onChange
 * @param {(text: string, except: Set<string>) => Promise<EmailAddress[]>} options.suggest
 * @param {HTMLElement[]} [options.trailing]   stands at the end of the line
 * @returns {AddressField}
 */
export function createAddressField({ label, value, onChange, suggest, trailing = [] }) {
  let addresses = [...value];
  /** @type {EmailAddress[]} */
  let suggestions = [];
  let active = -1;
  let asked = 0;

  const inputId = uniqueId('address');
  /** @type {any} */
  const list = h('ul', { class: 'address-suggestions', id: uniqueId('suggestions'), role: 'listbox', 'aria-label': t('compose.suggestions'), popover: 'manual' });
  const input = h('input', {
    id: inputId, class: 'address-input', type: 'text', inputmode: 'email', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', role: 'combobox',
    'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id,
    on: { input: typed, keydown: onKey, paste: onPaste, blur: () => { commit(); close(); } },
  });
  const chips = h('ul', { class: 'address-chips', role: 'list', 'aria-label': label });
  const note = h('span', { class: 'visually-hidden', role: 'status' });
  /** @type {HTMLElement} */
  const root = h('div', {
    class: 'address-field',
    on: {
      pointerdown: (/** @type {PointerEvent} */ event) => {
        if (event.target !== root && event.target !== chips) return;
        event.preventDefault();
        input.focus();
      },
      dragover: (/** @type {DragEvent} */ event) => {
        if (!dragged) return;
        event.preventDefault();
        root.classList.add('is-target');
      },
      dragleave: () => root.classList.remove('is-target'),
      drop: (/** @type {DragEvent} */ event) => {
        root.classList.remove('is-target');
        if (!dragged) return;
        event.preventDefault();
        event.stopPropagation();
        const { address, take } = dragged;
        take();
        change([...addresses, address]);
      },
    },
  }, h('label', { class: 'address-label', for: inputId }, label), h('div', { class: 'address-entries' }, chips, input), ...trailing, list, note);

  /** @param {EmailAddress[]} next */
  function change(next) {
    addresses = uniqueAddresses(next);
    draw();
    onChange();
  }

  function draw() {
    fill(chips, addresses.map(chip));
    chips.hidden = addresses.length === 0;
  }

  /** @param {EmailAddress} address */
  function chip(address) {
    const valid = isValidAddress(address.email);
    const remove = () => change(addresses.filter((other) => other !== address));
    return h('li', {
      class: ['chip', !valid && 'chip-invalid'], draggable: 'true', title: formatAddress(address),
      on: {
        dragstart: (/** @type {DragEvent} */ event) => {
          dragged = { address, take: remove };
          event.dataTransfer?.setData('text/plain', formatAddress(address));
        },
        dragend: () => { dragged = null; },
        dblclick: () => edit(address),
      },
    },
    h('button', {
      type: 'button', class: 'chip-main', tabindex: -1, 'aria-label': valid ? t('compose.recipient', { name: formatAddress(address) }) : t('compose.recipient-invalid', { name: address.email }),
      on: { keydown: (/** @type {KeyboardEvent} */ event) => onChipKey(event, address) },
    }, valid ? null : icon('warning'), h('span', { class: 'chip-name' }, valid ? fullName(address) : address.email)),
    h('button', { type: 'button', class: 'chip-remove', tabindex: -1, 'aria-label': t('compose.remove-recipient', { name: fullName(address) }), on: { click: () => { remove(); input.focus(); } } }, icon('close')));
  }

  /** @param {EmailAddress} address */
  function edit(address) {
    change(addresses.filter((other) => other !== address));
    input.value = formatAddress(address);
    input.focus();
    input.select();
  }

  /** @param {KeyboardEvent} event @param {EmailAddress} address */
  function onChipKey(event, address) {
    const buttons = /** @type {HTMLElement[]} */ (Array.from(chips.querySelectorAll('.chip-main')));
    const at = buttons.indexOf(/** @type {HTMLElement} */ (event.currentTarget));
    if (event.key === 'ArrowLeft') buttons[at - 1]?.focus();
    else if (event.key === 'ArrowRight') (buttons[at + 1] ?? input).focus();
    else if (event.key === 'Home') buttons[0].focus();
    else if (event.key === 'End') input.focus();
    else if (event.key === 'Enter' || event.key === 'F2') edit(address);
    else if (event.key === 'Backspace' || event.key === 'Delete') {
      change(addresses.filter((other) => other !== address));
      const left = /** @type {HTMLElement[]} */ (Array.from(chips.querySelectorAll('.chip-main')));
      (left[Math.min(at, left.length - 1)] ?? input).focus();
      note.textContent = t('compose.recipient-removed', { name: fullName(address) });
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      input.focus();
      return;
    } else return;
    event.preventDefault();
  }

  /** Turns what is typed into chips. */
  function commit() {
    const found = parseAddresses(input.value);
    input.value = '';
    if (found.length > 0) change([...addresses, ...found]);
  }

  /** @param {EmailAddress} address */
  function choose(address) {
    input.value = '';
    close();
    change([...addresses, address]);
    input.focus();
  }

  async function typed() {
    if (/[,;]\s*$/.test(input.value) && (input.value.match(/"/g)?.length ?? 0) % 2 === 0) {
      commit();
      close();
      return;
    }
    onChange();
    const text = input.value.trim();
    const question = (asked += 1);
    if (text === '') {
      close();
      return;
    }
    const found = await suggest(text, new Set(addresses.map(({ email }) => email.toLowerCase()))).catch(() => []);
    if (question !== asked || input.value.trim() !== text) return;
    suggestions = found;
    active = found.length > 0 ? 0 : -1;
    drawSuggestions();
  }

  function drawSuggestions() {
    if (suggestions.length === 0 || document.activeElement !== input) {
      close();
      return;
    }
    fill(list, suggestions.map((address, index) => h('li', {
      class: 'address-suggestion', role: 'option', id: `${list.id}-${index}`, 'aria-selected': String(index === active),
      on: {
        pointerdown: (/** @type {PointerEvent} */ event) => event.preventDefault(),
        click: () => choose(address),
      },
    }, avatar(address, 'avatar-small'), h('span', { class: 'suggestion-words' }, h('span', { class: 'suggestion-name' }, fullName(address)), address.name ? h('span', { class: 'suggestion-email' }, address.email) : null))));
    if (!list.matches(':popover-open')) list.showPopover();
    placeBeside(list, input);
    input.setAttribute('aria-expanded', 'true');
    if (active >= 0) input.setAttribute('aria-activedescendant', `${list.id}-${active}`);
    note.textContent = t('compose.suggestions-count', { count: suggestions.length });
  }

  function close() {
    asked += 1;
    suggestions = [];
    active = -1;
    if (list.matches(':popover-open')) list.hidePopover();
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  }

  /** @param {number} step */
  function move(step) {
    active = (active + step + suggestions.length) % suggestions.length;
    drawSuggestions();
    list.children[active]?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.isComposing) return;
    const open = suggestions.length > 0;
    if (open && event.key === 'ArrowDown') move(1);
    else if (open && event.key === 'ArrowUp') move(-1);
    else if (open && event.key === 'Escape') {
      close();
      event.stopPropagation();
    } else if (open && active >= 0 && (event.key === 'Enter' || event.key === 'Tab') && !event.ctrlKey && !event.metaKey) choose(suggestions[active]);
    else if (event.key === 'Enter' && !event.ctrlKey && !event.metaKey) commit();
    else if (event.key === 'Tab' && input.value.trim() !== '') {
      commit();
      return;
    } else if ((event.key === 'Backspace' || event.key === 'ArrowLeft') && input.value === '' && addresses.length > 0) {
      /** @type {HTMLElement|null} */ (chips.querySelector('.chip:last-child .chip-main'))?.focus();
    } else return;
    event.preventDefault();
  }

  /** @param {ClipboardEvent} event */
  function onPaste(event) {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (!/[,;\n]|<.*>/.test(text.trim())) return;
    event.preventDefault();
    change([...addresses, ...parseAddresses(input.value + text)]);
    input.value = '';
    close();
  }

  draw();
  return {
    root,
    value: () => uniqueAddresses([...addresses, ...parseAddresses(input.value)]),
    set(next) {
      addresses = uniqueAddresses(next);
      draw();
    },
    focus: () => input.focus(),
    isValid: () => [...addresses, ...parseAddresses(input.value)].every(({ email }) => isValidAddress(email)),
    destroy: close,
  };
}
