/** Modal dialogs on the platform's own <dialog>: focus is held inside, Escape closes, focus returns. */
import { h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { button } from './button.js';

/**
 * Opens a dialog. `content` gets `close`, and gives what stands inside.
 * @template T
 * @param {object} options
 * @param {string} options.title
 * @param {string} [options.class]
 * @param {boolean} [options.isTitleHidden]
 * @param {boolean} [options.isCloseable]  false: only `close` ends it
 * @param {(close: (value?: T) => void) => import('../lib/dom.js').Child[]} options.content
 * @returns {Promise<T | undefined>}  what it was closed with; undefined when it was dismissed
 */
export function openDialog({ title, class: extra = '', isTitleHidden = false, isCloseable = true, content }) {
  return new Promise((resolve) => {
    const origin = document.activeElement;
    const heading = uniqueId('dialog');
    /** @type {T | undefined} */
    let result;
    const close = (/** @type {T | undefined} */ value) => {
      result = value;
      element.close();
    };
    const element = h('dialog', { class: ['dialog', extra], 'aria-labelledby': heading },
      h('div', { class: ['dialog-head', isTitleHidden && 'visually-hidden'] },
        h('h2', { id: heading, class: 'dialog-title' }, title),
        isCloseable && !isTitleHidden ? button({ label: t('action.close'), icon: 'close', iconOnly: true, onClick: () => close(undefined) }) : null),
      content(/** @type {any} */ (close)));
    element.addEventListener('close', () => {
      element.remove();
      if (origin instanceof HTMLElement && origin.isConnected) origin.focus({ preventScroll: true });
      resolve(result);
    });
    element.addEventListener('cancel', (event) => {
      if (!isCloseable) event.preventDefault();
    });
    element.addEventListener('pointerdown', (event) => {
      if (isCloseable && event.target === element && !isInside(element, event)) close(undefined);
    });
    document.body.append(element);
    element.showModal();
  });
}

/** @param {HTMLElement} element @param {PointerEvent} event */
function isInside(element, { clientX, clientY }) {
  const box = element.getBoundingClientRect();
  return clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
}

/**
 * Asks for one line of text.
 * @param {{ title: string, label: string, value?: string, submit: string, check?: (text: string) => string | null }} options  `check` gives what is wrong
 * @returns {Promise<string | undefined>}
 */
export function askText({ title, label, value = '', submit, check }) {
  return openDialog({
    title,
    class: 'dialog-small',
    content(close) {
      const id = uniqueId('field');
      const note = h('p', { class: 'field-error', id: `${id}-error`, role: 'alert' });
      const input = h('input', { class: 'field', id, type: 'text', autocomplete: 'off', maxlength: 200, 'aria-describedby': note.id, autofocus: true, prop: { value } });
      return [h('form', {
        method: 'dialog',
        class: 'dialog-body stack',
        on: {
          submit: (/** @type {Event} */ event) => {
            event.preventDefault();
            const text = input.value.trim();
            const wrong = text === '' ? t('error.empty-name') : check?.(text);
            note.textContent = wrong ?? '';
            input.setAttribute('aria-invalid', String(Boolean(wrong)));
            if (!wrong) close(text);
          },
        },
      },
      h('label', { class: 'field-label', for: id }, label), input, note,
      h('div', { class: 'dialog-foot' },
        button({ label: t('action.cancel'), kind: 'plain', onClick: () => close(undefined) }),
        h('button', { type: 'submit', class: 'button button-primary' }, submit)))];
    },
  });
}

/**
 * Asks before something that cannot be undone.
 * @param {{ title: string, text: string, confirm: string }} options
 * @returns {Promise<boolean>}
 */
export async function confirmDanger({ title, text, confirm }) {
  /** @type {boolean | undefined} */
  const isSure = await openDialog({
    title,
    class: 'dialog-small',
    content: (/** @type {(value?: boolean) => void} */ close) => [h('div', { class: 'dialog-body stack' },
      h('p', null, text),
      h('div', { class: 'dialog-foot' },
        button({ label: t('action.cancel'), kind: 'plain', onClick: () => close(undefined), props: { autofocus: true } }),
        button({ label: confirm, kind: 'danger', onClick: () => close(true) })))],
  });
  return Boolean(isSure);
}
