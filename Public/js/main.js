/** The start: words, session, and then either the sign-in page or the mail. Everything is wired here, once. */
import { fill, h } from './lib/dom.js';
import { loadWords, t } from './lib/i18n.js';
import { applyPreferences, createPreferences } from './lib/preferences.js';
import { createRouter } from './lib/router.js';
import { createClient } from './jmap/client.js';
import { createStore } from './jmap/store.js';
import { followServer } from './jmap/push.js';
import { loadIcons } from './components/icon.js';
import { createToasts } from './components/toast.js';
import { currentPerson, signOut } from './login/session.js';
import { loadStyles } from './lib/lazy-styles.js';
import { createActions } from './mail/actions.js';
import { createMailboxes } from './mail/mailboxes.js';
import { createShell } from './mail/shell.js';

/** @typedef {import('./jmap/types.js').Person} Person */
/** @typedef {import('./jmap/types.js').JMAPSession} JMAPSession */

const app = /** @type {HTMLElement} */ (document.getElementById('app'));
const preferences = createPreferences();
applyPreferences(preferences);

/** Whether it is worth asking for a session early. */
const wasSignedIn = {
  get: () => Boolean(stored('mailportal.signed-in')),
  set(/** @type {boolean} */ isSignedIn) {
    try {
      if (isSignedIn) localStorage.setItem('mailportal.signed-in', 'yes');
      else localStorage.removeItem('mailportal.signed-in');
    } catch { /* No storage: the next start asks one after the other. */ }
  },
};

/** The folders as they last were, so that the first request can ask for the inbox already. */
const remembered = {
  key: (/** @type {string} */ accountId) => `mailportal.folders.${accountId}`,
  read(/** @type {string} */ accountId) {
    return JSON.parse(stored(remembered.key(accountId)) ?? '[]');
  },
  write(/** @type {string} */ accountId, /** @type {unknown[]} */ folders) {
    try {
      localStorage.setItem(remembered.key(accountId), JSON.stringify(folders));
    } catch { /* No storage: the next start asks twice. */ }
  },
};

/** @param {string} key */
function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

async function start() {
  const asked = askWhoIsThere();
  await Promise.all([loadWords(), loadIcons()]);
  try {
    const [person, session] = await asked;
    if (person && session) showMail(person, session);
    else await showLogin();
  } catch (error) {
    console.error(error);
    showFailure();
  }
}

/**
 * Asks for both sessions at once where somebody was signed in before; else for the first alone.
 * @returns {Promise<[Person | null, JMAPSession | null]>}
 */
async function askWhoIsThere() {
  if (wasSignedIn.get()) return Promise.all([currentPerson(), jmapSession()]);
  const person = await currentPerson();
  return [person, person && await jmapSession()];
}

/** @returns {Promise<JMAPSession | null>} */
async function jmapSession() {
  const response = await fetch('/jmap/session');
  return response.ok ? response.json() : null;
}

async function showLogin() {
  wasSignedIn.set(false);
  const [{ createLogin }] = await Promise.all([import('./login/login.js'), loadStyles('login')]);
  const login = createLogin(async (person) => {
    const session = await jmapSession();
    login.destroy();
    if (session) showMail(person, session);
    else showFailure();
  });
  fill(app, login.root);
  login.focus();
}

function showFailure() {
  void loadStyles('login');
  fill(app, h('main', { class: 'login' }, h('div', { class: 'login-card', role: 'alert' }, h('h1', null, t('start.failed.title')), h('p', null, t('start.failed.text')),
    h('button', { type: 'button', class: 'button button-primary', on: { click: () => location.reload() } }, t('action.try-again')))));
}

/** @param {Person} person @param {JMAPSession} session */
function showMail(person, session) {
  wasSignedIn.set(true);
  let { csrfToken } = person;
  /** @type {Promise<void> | null} */
  let signingIn = null;
  const client = createClient({
    session,
    csrfToken: () => csrfToken,
    signInAgain() {
      signingIn ??= import('./login/login.js').then(({ signInOverPage }) => signInOverPage(person.address)).then((again) => { ({ csrfToken } = again); }).finally(() => { signingIn = null; });
      return signingIn;
    },
  });
  const life = new AbortController();
  const store = createStore(client);
  const toasts = createToasts();
  const mailboxes = createMailboxes(store);
  const router = createRouter();
  if (!location.pathname.startsWith('/mail/')) router.go('/mail/inbox', { replace: true });

  store.put('Mailbox', remembered.read(client.accountId));
  const deps = /** @type {import('./mail/deps.js').MailDeps} */ ({
    client, store, person, router, preferences, mailboxes, t,
    accountId: client.accountId,
    toast: toasts.show,
    actions: createActions({ store, mailboxes, toast: toasts.show }),
    own: derived(store, 'Identity', () => new Set([person.address.toLowerCase(), ...store.list('Identity').map(({ email }) => email.toLowerCase())])),
    hidden: derived(store, 'Mailbox', () => new Set(['junk', 'trash'].map((role) => mailboxes.withRole(role)?.id).filter((id) => id !== undefined))),
    openComposer: (spec) => void openComposer(spec),
    async signOut() {
      life.abort();
      remembered.write(client.accountId, []);
      wasSignedIn.set(false);
      await signOut(csrfToken).catch(() => {});
      location.assign('/login');
    },
  });

  /** @param {import('./mail/deps.js').ComposerSpec} spec */
  async function openComposer(spec) {
    try {
      const module = await import('./mail/compose.js');
      await module.openComposer(deps, spec);
    } catch (error) {
      console.error(error);
      toasts.show({ text: t('error.composer'), kind: 'error' });
    }
  }

  void loadFolders();
  void restoreComposers();
  const shell = createShell(deps);
  fill(app, shell.root);
  document.body.append(toasts.root);
  followServer(client, store, life.signal);

  /** Brings back what was being written when the page went away. */
  async function restoreComposers() {
    if (!Object.keys(localStorage).some((key) => key.startsWith('mailportal.compose.'))) return;
    const module = await import('./mail/compose.js');
    await module.restoreComposers(deps);
  }

  async function loadFolders() {
    const known = store.list('Mailbox').map(({ id }) => id);
    const [folders] = await Promise.all([store.fetch('Mailbox', null), store.fetch('Identity', null)]);
    const alive = new Set(folders.map(({ id }) => id));
    store.drop('Mailbox', known.filter((id) => !alive.has(id)));
    store.observe('Mailbox', () => remembered.write(client.accountId, store.list('Mailbox')), life.signal);
    remembered.write(client.accountId, folders);
  }
}

/**
 * A value made from records of one type, made again when one of them has changed.
 * @template T
 * @param {import('./jmap/store.js').Store} store
 * @param {import('./jmap/types.js').RecordType} type
 * @param {() => T} make
 * @returns {() => T}
 */
function derived(store, type, make) {
  /** @type {T | undefined} */
  let value;
  store.observe(type, () => { value = undefined; });
  return () => (value ??= make());
}

void start();
