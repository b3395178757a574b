/** Signing in: as a page of its own, and over the page when a session has ended. */
import { h, setText, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { openDialog } from '../components/dialog.js';
import { icon } from '../components/icon.js';
import { signIn } from './session.js';

/** @typedef {import('../jmap/types.js').Person} Person */

/** @param {(person: Person) => void} onSignedIn */
export function createLogin(onSignedIn) {
  const form = loginForm({ onSignedIn });
  const root = h('main', { class: 'login' }, h('div', { class: 'login-card' },
    h('div', { class: 'login-brand' }, icon('logo', 'icon-large'), h('h1', null, t('login.title'))),
    form.root));
  document.title = `${t('login.submit')} – ${t('app.name')}`;
  return { root, focus: form.focus, destroy: () => root.remove() };
}

/**
 * Asks for the password over the page, so that nothing typed is lost.
 * @param {string} address
 * @returns {Promise<Person>}
 */
export async function signInOverPage(address) {
  const person = await openDialog({
    title: t('login.ended.title'),
    class: 'dialog-small',
    isCloseable: false,
    content: (/** @type {(person?: Person) => void} */ close) => [h('div', { class: 'dialog-body stack' }, h('p', null, t('login.ended.text')), loginForm({ address, onSignedIn: close }).root)],
  });
  return /** @type {Person} */ (person);
}

/** @param {{ address?: string, onSignedIn: (person: Person) => void }} options */
function loginForm({ address, onSignedIn }) {
  const id = uniqueId('login');
  const user = h('input', { class: 'field', id: `${id}-address`, name: 'username', type: 'email', inputmode: 'email', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false', required: true, readonly: Boolean(address), prop: { value: address ?? '' } });
  const password = h('input', { class: 'field', id: `${id}-password`, name: 'password', type: 'password', autocomplete: 'current-password', required: true, 'aria-describedby': `${id}-error`, autofocus: Boolean(address) });
  const error = h('p', { class: 'field-error', id: `${id}-error`, role: 'alert' });
  const submit = h('button', { type: 'submit', class: 'button button-primary button-wide' }, t('login.submit'));
  const root = h('form', { class: 'stack login-form', novalidate: true, on: { submit: onSubmit } },
    h('div', { class: 'stack-tight' }, h('label', { class: 'field-label', for: user.id }, t('login.address')), user),
    h('div', { class: 'stack-tight' }, h('label', { class: 'field-label', for: password.id }, t('login.password')), password),
    error, submit);

  /** @param {Event} event */
  async function onSubmit(event) {
    event.preventDefault();
    setText(error, '');
    if (!user.value.trim() || !password.value) {
      setText(error, t('login.error.empty'));
      (user.value.trim() ? password : user).focus();
      return;
    }
    submit.disabled = true;
    root.setAttribute('aria-busy', 'true');
    try {
      onSignedIn(await signIn(user.value.trim(), password.value));
    } catch (failure) {
      const { status } = /** @type {{ status?: number }} */ (failure);
      setText(error, t(status === 401 || status === 403 ? 'login.error.wrong' : status === 429 ? 'login.error.often' : 'login.error.unreachable'));
      password.select();
      password.focus();
    } finally {
      submit.disabled = false;
      root.removeAttribute('aria-busy');
    }
  }

  return { root, focus: () => (user.value ? password : user).focus() };
}
