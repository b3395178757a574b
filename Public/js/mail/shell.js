/** The frame around the mail for people who are signed in: top bar, folders, panes, keys, notes. */
import { fill, h, setText } from '../lib/dom.js';
import { listenToKeys } from '../lib/keys.js';
import { t } from '../lib/i18n.js';
import { avatar } from '../components/avatar.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { openMenu } from '../components/menu.js';
import { createSplitter } from '../components/splitter.js';
import { createFolders } from './folders.js';
import { announceNewMail } from './announce.js';
import { createMailView } from './mail-view.js';
import { createSearchField } from './search-field.js';

/** @typedef {import('./commands.js').Command} Command */

/** @param {import('./deps.js').MailDeps} deps */
export function createShell(deps) {
  const { router, preferences, mailboxes, client, person } = deps;
  const life = new AbortController();
  const mail = createMailView(deps);
  let lastFolder = '/mail/inbox';

  const folders = createFolders(deps, { onDrop: (ids, mailbox) => mail.drop(ids, mailbox), place: mail.place });
  const search = createSearchField(deps, {
    onSearch(text) {
      const place = mail.place();
      if (place.kind !== 'search') lastFolder = place.href();
      router.go(`/mail/search?q=${encodeURIComponent(text)}`, { replace: place.kind === 'search' });
    },
    onLeave() {
      if (mail.place().kind === 'search') router.go(lastFolder, { replace: true });
    },
    onDown: () => mail.focusList(),
  });
  const status = h('div', { class: 'connection', role: 'status', hidden: true });
  const announcer = h('div', { class: 'visually-hidden', 'aria-live': 'polite' });
  const compose = button({ label: t('command.compose'), icon: 'compose', kind: 'primary', keys: 'c', onClick: () => deps.openComposer({ mode: 'new' }), props: { class: 'compose-button' } });
  const fab = button({ label: t('command.compose'), icon: 'compose', kind: 'primary', iconOnly: true, onClick: () => deps.openComposer({ mode: 'new' }), props: { class: 'compose-fab' } });
  const splitter = createSplitter({
    label: t('pane.resize-folders'), width: () => preferences.get().sidebarWidth, least: 180, most: 380, usual: 240,
    onChange(width, isDone) {
      root.style.setProperty('--sidebar-width', `${width}px`);
      if (isDone) preferences.change({ sidebarWidth: width });
    },
  });
  const sidebar = h('aside', { class: 'sidebar', id: 'sidebar', 'aria-label': t('folders.label') }, h('div', { class: 'sidebar-head' }, compose), folders.root, splitter);
  const scrim = h('div', { class: 'drawer-scrim', on: { click: () => setDrawer(false) } });
  const menu = button({ label: t('folders.show'), icon: 'menu', iconOnly: true, onClick: () => setDrawer(!root.classList.contains('has-drawer')), props: { class: 'menu-button', 'aria-controls': 'sidebar', 'aria-expanded': 'false' } });
  const settings = button({ label: t('settings.title'), icon: 'settings', iconOnly: true, onClick: (event) => settingsMenu(/** @type {HTMLElement} */ (event.currentTarget)), props: { class: 'settings-button', 'aria-haspopup': 'menu' } });
  const account = h('button', { type: 'button', class: 'account-button', 'aria-haspopup': 'menu', 'aria-label': t('account.label', { address: person.address }), title: person.address, on: { click: (/** @type {Event} */ event) => accountMenu(/** @type {HTMLElement} */ (event.currentTarget)) } },
    avatar({ name: person.displayName, email: person.address }));
  const root = h('div', { class: 'shell', style: { '--sidebar-width': `${preferences.get().sidebarWidth}px` } },
    h('a', { class: 'skip-link', href: '#main', on: { click: (/** @type {Event} */ event) => { event.preventDefault(); mail.focusList(); } } }, t('app.skip')),
    h('header', { class: 'topbar' }, menu, h('a', { class: 'brand', href: '/mail/inbox', 'aria-label': t('app.name') }, icon('logo'), h('span', { class: 'brand-name' }, t('app.name'))), search.root, h('div', { class: 'topbar-end' }, status, settings, account)),
    scrim, sidebar, mail.root, fab, announcer);

  /** @param {boolean} isOpen */
  function setDrawer(isOpen) {
    root.classList.toggle('has-drawer', isOpen);
    menu.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) /** @type {HTMLElement | null} */ (sidebar.querySelector('[aria-current], a'))?.focus();
    else if (sidebar.contains(document.activeElement)) menu.focus();
  }

  /** @returns {import('../components/menu.js').MenuItems} */
  function settingsItems() {
    const { theme, density, panes } = preferences.get();
    /** @param {'system' | 'light' | 'dark'} value @param {string} symbol */
    const themeItem = (value, symbol) => ({ label: t(`settings.theme.${value}`), icon: symbol, checked: theme === value, run: () => preferences.change({ theme: value }) });
    return [
      t('settings.theme'), themeItem('system', 'monitor'), themeItem('light', 'sun'), themeItem('dark', 'moon'),
      t('settings.density'),
      { label: t('settings.density.comfortable'), checked: density === 'comfortable', run: () => preferences.change({ density: 'comfortable' }) },
      { label: t('settings.density.compact'), checked: density === 'compact', run: () => preferences.change({ density: 'compact' }) },
      // A phone has one pane and seldom a keyboard.
      ...(matchMedia('(max-width: 699px)').matches ? [] : [
        t('settings.panes'),
        { label: t('settings.panes.beside'), checked: panes === 'beside', run: () => preferences.change({ panes: 'beside' }) },
        { label: t('settings.panes.alone'), checked: panes === 'alone', run: () => preferences.change({ panes: 'alone' }) },
        null,
        { label: t('command.shortcuts'), icon: 'keyboard', keys: '?', run: showShortcuts },
      ]),
    ];
  }

  /** @param {HTMLElement} anchor */
  const settingsMenu = (anchor) => openMenu(anchor, settingsItems(), t('settings.title'));

  /** @param {HTMLElement} anchor */
  function accountMenu(anchor) {
    // On a phone there is no room for a button of its own.
    const more = settings.offsetParent ? [] : [...settingsItems(), null];
    openMenu(anchor, [person.address, ...more, { label: t('account.sign-out'), icon: 'sign-out', run: deps.signOut }], t('account.label', { address: person.address }));
  }

  /** @param {string} command @returns {() => unknown} */
  const run = (command) => () => mail.run(command);
  /** @param {string} href */
  const go = (href) => () => router.go(href);
  /** @type {Command[]} */
  const commands = [
    { id: 'older', group: 'list', keys: ['j', 'ArrowDown'], run: run('older'), isOnlyKey: true },
    { id: 'newer', group: 'list', keys: ['k', 'ArrowUp'], run: run('newer'), isOnlyKey: true },
    { id: 'open', group: 'list', keys: ['o', 'Enter'], run: (event) => (event?.key === 'Enter' && !isRowFocus(event) ? false : mail.run('open')), isOnlyKey: true },
    { id: 'select', group: 'list', keys: ['x'], run: run('select'), isOnlyKey: true },
    { id: 'extend-down', group: 'list', keys: ['Shift+ArrowDown', 'Shift+j'], run: run('extend-down'), isOnlyKey: true },
    { id: 'extend-up', group: 'list', keys: ['Shift+ArrowUp', 'Shift+k'], run: run('extend-up'), isOnlyKey: true },
    { id: 'select-all', group: 'list', keys: ['* a', 'Mod+a'], run: run('select-all'), icon: 'select-all' },
    { id: 'select-none', group: 'list', keys: ['* n'], run: run('select-none'), icon: 'checkbox' },
    { id: 'archive', group: 'conversation', keys: ['e'], run: run('archive'), icon: 'archive' },
    { id: 'trash', group: 'conversation', keys: ['#', 'Delete'], run: run('trash'), icon: 'trash' },
    { id: 'spam', group: 'conversation', keys: ['!'], run: run('spam'), icon: 'junk' },
    { id: 'move', group: 'conversation', keys: ['v', 'l'], run: run('move'), icon: 'move' },
    { id: 'star', group: 'conversation', keys: ['s'], run: run('star'), icon: 'star' },
    { id: 'mark-read', group: 'conversation', keys: ['Shift+i'], run: run('mark-read'), icon: 'read' },
    { id: 'mark-unread', group: 'conversation', keys: ['Shift+u'], run: run('mark-unread'), icon: 'unread' },
    { id: 'archive-newer', group: 'conversation', keys: [']'], run: run('archive-newer'), isOnlyKey: true },
    { id: 'archive-older', group: 'conversation', keys: ['['], run: run('archive-older'), isOnlyKey: true },
    { id: 'undo', group: 'conversation', keys: ['z', 'Mod+z'], run: () => (deps.actions.canUndo.get() ? deps.actions.undo() : false), icon: 'undo' },
    { id: 'back', group: 'conversation', keys: ['u'], run: run('back'), isOnlyKey: true },
    { id: 'compose', group: 'message', keys: ['c'], run: () => deps.openComposer({ mode: 'new' }), icon: 'compose' },
    { id: 'reply', group: 'message', keys: ['r'], run: run('reply'), icon: 'reply' },
    { id: 'reply-all', group: 'message', keys: ['a'], run: run('replyAll'), icon: 'reply-all' },
    { id: 'forward', group: 'message', keys: ['f'], run: run('forward'), icon: 'forward' },
    { id: 'next-message', group: 'message', keys: ['n'], run: run('next-message'), isOnlyKey: true },
    { id: 'previous-message', group: 'message', keys: ['p'], run: run('previous-message'), isOnlyKey: true },
    { id: 'scroll', group: 'message', keys: ['Space'], run: (event) => (isControl(event?.target) ? false : mail.run('scroll')), isOnlyKey: true },
    { id: 'scroll-back', group: 'message', keys: ['Shift+Space'], run: (event) => (isControl(event?.target) ? false : mail.run('scroll-back')), isOnlyKey: true },
    ...[['inbox', 'i'], ['starred', 's'], ['sent', 't'], ['drafts', 'd'], ['archive', 'a'], ['junk', 'j'], ['trash', 'k']].map(([name, key]) => /** @type {Command} */ ({ id: `go-${name}`, group: 'go', keys: [`g ${key}`], run: go(`/mail/${name}`), isOnlyKey: true })),
    { id: 'search', group: 'go', keys: ['/'], run: () => search.focus(), icon: 'search' },
    { id: 'palette', group: 'app', keys: ['Mod+k'], run: showPalette, isOnlyKey: true, isForFields: true },
    { id: 'shortcuts', group: 'app', keys: ['?'], run: showShortcuts, icon: 'keyboard' },
    { id: 'theme', group: 'app', keys: [], run: toggleTheme, icon: 'moon' },
    { id: 'density', group: 'app', keys: [], run: () => preferences.change({ density: preferences.get().density === 'compact' ? 'comfortable' : 'compact' }), icon: 'density' },
    { id: 'panes', group: 'app', keys: [], run: () => preferences.change({ panes: preferences.get().panes === 'beside' ? 'alone' : 'beside' }), icon: 'window' },
    { id: 'sign-out', group: 'app', keys: [], run: deps.signOut, icon: 'sign-out' },
    { id: 'escape', group: 'app', keys: ['Escape'], run: () => (root.classList.contains('has-drawer') ? setDrawer(false) : mail.run('escape')), isOnlyKey: true },
  ];

  function toggleTheme() {
    const isDark = preferences.get().theme === 'dark' || (preferences.get().theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    preferences.change({ theme: isDark ? 'light' : 'dark' });
  }

  function showShortcuts() {
    void import('./commands.js').then(({ openShortcutSheet }) => openShortcutSheet(commands));
  }

  function showPalette() {
    const places = mailboxes.all().map((mailbox) => ({ label: t('palette.go', { folder: mailboxes.path(mailbox) }), icon: mailboxes.icon(mailbox), run: go(`/mail/${encodeURIComponent(mailboxes.slug(mailbox))}`) }));
    const search = (/** @type {string} */ text) => router.go(`/mail/search?q=${encodeURIComponent(text)}`);
    void import('./commands.js').then(({ openPalette }) => openPalette(commands, places, search));
  }

  listenToKeys(() => commands, life.signal);
  announceNewMail(deps, announcer);
  mail.onPlace(showPlace);
  function showPlace() {
    folders.render();
    search.show(mail.place().search);
    setDrawer(false);
  }
  showPlace();

  client.status.subscribe((now) => {
    status.hidden = now === 'online';
    if (now === 'online') setText(status, '');
    else fill(status, icon('offline', 'icon-small'), h('span', null, t(`connection.${now}`)), now === 'offline' ? h('button', { type: 'button', class: 'link', on: { click: client.retryNow } }, t('connection.retry')) : null);
  }, life.signal);

  return {
    root,
    destroy() {
      life.abort();
      folders.destroy();
      root.remove();
    },
  };
}

/**
 * Enter on a button or a link is the button's own.
 * @param {KeyboardEvent} event
 */
function isRowFocus(event) {
  return !isControl(event.target);
}

/** @param {EventTarget | null | undefined} target */
function isControl(target) {
  return target instanceof Element && Boolean(target.closest('button, a, summary, select, [role=menuitem], [role=separator]'));
}
