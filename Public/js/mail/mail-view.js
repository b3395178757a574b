/** The mail: list and conversation side by side, what is where, and what commands do to it. */
import { fill, h } from '../lib/dom.js';
import { formatNumber } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { createSplitter } from '../components/splitter.js';
import { createBodies } from './bodies.js';
import { createListCache } from './list-cache.js';
import { createListToolbar } from './list-toolbar.js';
import { createMessageList } from './message-list.js';
import { createSelection } from './selection.js';
import { chooseFolder, openRowMenu } from './row-menu.js';
import { createScope } from './scope.js';
import { nothingOpen } from './nothing-open.js';
import { readPlace } from './place.js';
import { createReader } from './reader.js';

/** @typedef {import('./deps.js').MailDeps} MailDeps */
/** @typedef {import('./place.js').MailPlace} MailPlace */

/** Commands after which the conversation is no longer where one is. */
const REMOVES = new Set(['archive', 'trash', 'spam', 'not-spam', 'move', 'mark-unread']);

/**
 * @typedef {object} MailView
 * @property {HTMLElement} root
 * @property {() => MailPlace} place
 * @property {(command: string) => unknown} run  a command by its id; `false` when there is nothing to do it to
 * @property {(ids: string[], mailbox: import('../jmap/types.js').Mailbox) => void} drop
 * @property {(listener: () => void) => void} onPlace
 * @property {() => void} focusList
 */

/** @param {MailDeps} deps @returns {MailView} */
export function createMailView(deps) {
  const { store, router, mailboxes, actions, preferences } = deps;
  const bodies = createBodies(deps);
  const lists = createListCache(deps);
  let place = readPlace(router.place.get(), mailboxes);
  /** @type {ReturnType<typeof openList> | null} */
  let open = null;
  /** @type {import('./conversation.js').Conversation | null} */
  let conversation = null;
  const reader = createReader();
  // Nobody opens a message without moving first: by then the reader is loaded.
  for (const type of ['pointermove', 'touchstart', 'keydown']) document.addEventListener(type, reader.prepare, { once: true, passive: true });
  /** @type {(() => void)[]} */
  const placeListeners = [];
  /**
   * How far each list was scrolled.
   * @type {Map<string, number>}
   */
  const scrolled = new Map();

  const listPane = h('section', { class: 'list-pane', 'aria-label': t('list.label') });
  const readingPane = h('section', { class: 'reading-pane', 'aria-label': t('conversation.pane') });
  const splitter = createSplitter({
    label: t('pane.resize-list'), width: () => preferences.get().listWidth, least: 300, most: 720, usual: 420,
    onChange(width, isDone) {
      root.style.setProperty('--list-width', `${width}px`);
      if (isDone) preferences.change({ listWidth: width });
    },
  });
  const root = h('main', { class: 'panes', id: 'main', style: { '--list-width': `${preferences.get().listWidth}px` } }, listPane, splitter, readingPane);

  /** Whether list and conversation are seen at once. */
  const isBeside = () => preferences.get().panes === 'beside' && matchMedia('(min-width: 700px)').matches;

  function openList() {
    const life = new AbortController();
    const { list, snippets } = lists.of(place);
    list.resume();
    const selection = createSelection(list);
    const scope = createScope(deps, { place, list });
    const rows = createMessageList(deps, {
      list, selection, place, snippets,
      openThread: () => conversation?.threadId,
      onOpen: (id) => openConversation(id),
      onPeek: peek,
      onAction: (action, id) => perform({ toggle: '', star: 'toggle-star', seen: 'toggle-read', archive: 'archive', trash: 'trash' }[action], [id]),
      onMenu: (ids, point) => rowMenu(ids, point),
    });
    const toolbar = createListToolbar({ place, selection, list, onCommand: run });
    fill(listPane, toolbar.root, rows.root);
    list.observe(showPosition, life.signal);
    list.ensure(0, 50);
    rows.render();
    const top = scrolled.get(place.key);
    if (top) requestAnimationFrame(() => rows.scrollTo(top));
    return {
      key: place.key, list, selection, scope, rows, toolbar,
      destroy() {
        scrolled.set(this.key, rows.scrollTop());
        life.abort();
        list.pause();
        rows.destroy();
        toolbar.destroy();
      },
    };
  }

  /**
   * Makes ready to open a conversation.
   * @param {string} id
   */
  function peek(id) {
    reader.prepare();
    const email = store.get('Email', id);
    if (email) bodies.prefetch(email);
  }

  /** Shows what the address says. */
  function show() {
    const before = place;
    place = readPlace(router.place.get(), mailboxes);
    if (open?.key !== place.key) {
      open?.destroy();
      open = place.kind === 'unknown' ? null : openList();
      if (!open) fill(listPane, mailboxes.all().length > 0 ? noSuchFolder() : null);
    }
    showConversation(before);
    root.dataset.view = place.threadId ? 'conversation' : 'list';
    listPane.inert = Boolean(place.threadId) && !isBeside();
    showTitle();
    placeListeners.forEach((listener) => listener());
  }

  /** @param {MailPlace} before */
  function showConversation(before) {
    if (conversation?.threadId === place.threadId && before.key === place.key) return;
    const hadFocus = readingPane.contains(document.activeElement);
    conversation?.destroy();
    conversation = null;
    if (!place.threadId) {
      fill(readingPane, nothingOpen(place));
      if (hadFocus || !isBeside()) open?.rows.focus();
    } else {
      openReader(place.threadId, hadFocus || !isBeside());
    }
    const index = open && place.threadId ? open.list.indexOfThread(place.threadId) : -1;
    const id = index >= 0 ? open?.list.idAt(index) : undefined;
    if (id) {
      open?.selection.setCursor(id);
      open?.rows.reveal(id);
    }
    open?.rows.render();
    showPosition();
  }

  /** @param {string} threadId @param {boolean} takesFocus */
  function openReader(threadId, takesFocus) {
    const create = reader.ready();
    if (!create) {
      fill(readingPane);
      // Comes back here once it is loaded, if this is still where one is.
      reader.load().then(() => {
        if (place.threadId === threadId && !conversation) {
          openReader(threadId, takesFocus);
          open?.rows.render();
          showPosition();
        }
      }, () => deps.toast({ text: t('message.error'), kind: 'error' }));
      return;
    }
    conversation = create({ ...deps, bodies }, { threadId, place, onCommand: run });
    fill(readingPane, conversation.root);
    if (takesFocus) conversation.focus();
  }

  function showPosition() {
    if (!conversation || !open) return;
    const index = open.list.indexOfThread(conversation.threadId);
    const total = open.list.length() ?? 0;
    conversation.setPosition({
      hasPrevious: index > 0, hasNext: index >= 0 && index < total - 1,
      text: index >= 0 ? t('conversation.position', { number: formatNumber(index + 1), total: formatNumber(total) }) : '',
    });
  }

  function showTitle() {
    const inbox = mailboxes.withRole('inbox');
    const unread = inbox?.unreadThreads ?? 0;
    const subject = conversation?.emails()[0]?.subject;
    document.title = `${unread > 0 ? `(${formatNumber(unread)}) ` : ''}${subject || place.title()} – ${t('app.name')}`;
  }

  /** @param {string} id @param {{ replace?: boolean, focus?: boolean }} [options] */
  function openConversation(id, options) {
    const { replace = false, focus = false } = options ?? {};
    const email = store.get('Email', id);
    if (!email) return;
    const one = conversationOf(id);
    if (one.length === 1 && one[0].keywords.$draft) return deps.openComposer({ mode: 'draft', emailId: one[0].id });
    router.go(place.href(email.threadId), { replace });
    if (focus) conversation?.focus();
  }

  /** @param {string} id */
  const conversationOf = (id) => open?.scope.conversation(id) ?? [];

  /** The conversations that a command is about: the chosen ones, else the open one, else the one under the cursor. */
  function targets() {
    if (!open) return [];
    if (open.selection.size() > 0) return open.selection.ids();
    if (conversation) {
      const index = open.list.indexOfThread(conversation.threadId);
      const id = index >= 0 ? open.list.idAt(index) : conversation.emails()[conversation.emails().length - 1]?.id;
      return id ? [id] : [];
    }
    const cursor = open.selection.cursor();
    return cursor && open.list.indexOf(cursor) >= 0 ? [cursor] : [];
  }

  /**
   * Moves the cursor, and with it the open conversation.
   * @param {number} step
   */
  function move(step) {
    if (!open) return false;
    const { list, selection, rows } = open;
    const cursor = selection.cursor();
    const at = conversation ? list.indexOfThread(conversation.threadId) : cursor ? list.indexOf(cursor) : -1;
    const next = at < 0 ? (conversation ? -1 : 0) : Math.max(0, Math.min((list.length() ?? 1) - 1, at + step));
    const id = list.idAt(next);
    if (next === at || next < 0) return;
    if (id === undefined) return void moveWhenThere(next, step);
    selection.setCursor(id);
    rows.reveal(id);
    if (conversation) openConversation(id, { replace: true });
    else {
      peek(id);
      if (!isBeside() || !readingPane.contains(document.activeElement)) rows.focus();
    }
  }

  /**
   * The row is still on its way: goes to it when it comes.
   * @param {number} index @param {number} step
   */
  function moveWhenThere(index, step) {
    if (!open) return;
    const { list } = open;
    const wait = new AbortController();
    list.observe(() => {
      const isThere = list.idAt(index) !== undefined;
      if (!isThere && !list.error()) return list.ensure(index, index + 1);
      wait.abort();
      if (isThere && open?.list === list) move(step);
    }, wait.signal);
    list.ensure(index, index + 1);
  }

  /** @param {string} command @param {string[]} ids @returns {unknown} */
  function perform(command, ids) {
    if (!open || ids.length === 0) return false;
    if (command === 'move') return void pickFolder(ids);
    const { scope } = open;
    const leave = leaving(command, ids);
    switch (command) {
      case 'archive': actions.archive(scope.movable(ids)); break;
      case 'trash': {
        if (place.mailbox?.role === 'trash') return void destroy(ids, leave);
        actions.trash(scope.movable(ids));
        break;
      }
      case 'spam':
        if (place.mailbox?.role === 'junk') actions.notSpam(scope.movable(ids));
        else actions.spam(scope.movable(ids));
        break;
      case 'not-spam': actions.notSpam(scope.movable(ids)); break;
      case 'mark-read': actions.setSeen(scope.all(ids), true); break;
      case 'mark-unread': actions.setSeen(scope.newest(ids), false); break;
      case 'toggle-read': {
        const isUnread = scope.all(ids).some((id) => !store.get('Email', id)?.keywords.$seen);
        actions.setSeen(isUnread ? scope.all(ids) : scope.newest(ids), isUnread);
        break;
      }
      case 'toggle-star': {
        const flagged = scope.all(ids).filter((id) => store.get('Email', id)?.keywords.$flagged);
        if (flagged.length > 0) actions.setFlagged(flagged, false);
        else actions.setFlagged(scope.newest(ids), true);
        break;
      }
      default: return false;
    }
    leave();
  }

  /**
   * Deletes for good, which nothing can undo: so it asks.
   * @param {string[]} ids @param {() => void} leave
   */
  async function destroy(ids, leave) {
    const emails = open?.scope.movable(ids) ?? [];
    const { confirmDanger } = await import('../components/dialog.js');
    if (!await confirmDanger({ title: t('destroy.title', { count: ids.length }), text: t('destroy.text'), confirm: t('destroy.confirm') })) return;
    leave();
    await actions.destroyForever(emails);
  }

  /**
   * Where to go when `command` takes the open conversation away: to the next one, or back to the list.
   * @param {string} command @param {string[]} ids @returns {() => void}
   */
  function leaving(command, ids) {
    if (!open || !REMOVES.has(command)) return () => {};
    const { list, selection } = open;
    const isOpen = conversation && ids.some((id) => store.get('Email', id)?.threadId === conversation?.threadId);
    const gone = new Set(ids);
    const from = Math.max(0, ...ids.map((id) => list.indexOf(id)));
    const candidates = [from + 1, ...Array.from({ length: Math.min(from, 50) }, (_, index) => from - 1 - index)].map((index) => list.idAt(index));
    const next = candidates.find((id) => id !== undefined && !gone.has(id));
    return () => {
      selection.clear();
      if (next && command !== 'mark-unread') selection.setCursor(next);
      if (!isOpen) return;
      if (command !== 'mark-unread' && isBeside() && next) openConversation(next, { replace: true });
      else router.go(place.href(), { replace: true });
    };
  }

  /** @param {string[]} ids */
  function pickFolder(ids) {
    return chooseFolder(deps, place.mailbox, (mailboxId) => {
      if (!open) return;
      const leave = leaving('move', ids);
      actions.move(open.scope.movable(ids), mailboxId);
      leave();
    });
  }

  /** @param {string[]} ids @param {{ x: number, y: number }} point */
  function rowMenu(ids, point) {
    openRowMenu(deps, point, {
      isOne: ids.length === 1,
      isUnread: open?.scope.all(ids).some((id) => !store.get('Email', id)?.keywords.$seen) ?? false,
      isJunk: place.mailbox?.role === 'junk',
      emailId: open?.scope.newest(ids)[0],
      act: (command) => void perform(command, ids),
    });
  }

  /** @param {string} command @returns {unknown} */
  function run(command) {
    switch (command) {
      case 'older': return move(1);
      case 'newer': return move(-1);
      case 'open': {
        const cursor = open?.selection.cursor();
        if (!cursor || conversation) return false;
        return openConversation(cursor, { focus: true });
      }
      case 'back':
        if (!place.threadId) return place.kind === 'search' ? router.go('/mail/inbox') : false;
        router.go(place.href());
        return open?.rows.focus();
      case 'escape':
        if (open && open.selection.size() > 0) return open.selection.clear();
        return place.threadId ? run('back') : false;
      case 'select': {
        const id = targets().length > 0 ? open?.selection.cursor() : null;
        return id ? open?.selection.toggle(id) : false;
      }
      case 'select-all': return open?.selection.replace(open.list.known());
      case 'select-none': return open?.selection.clear();
      case 'select-everything': return void open?.scope.loadEverything().then((ids) => open?.selection.replace(ids)).catch(() => deps.toast({ text: t('list.error.title'), kind: 'error' }));
      case 'extend-down': case 'extend-up': {
        const cursor = open?.selection.cursor();
        if (!open || !cursor) return false;
        if (open.selection.size() === 0) open.selection.toggle(cursor);
        const next = open.list.idAt(open.list.indexOf(cursor) + (command === 'extend-down' ? 1 : -1));
        if (next) {
          open.selection.extendTo(next);
          open.rows.reveal(next);
        }
        return;
      }
      case 'archive-newer': case 'archive-older': {
        const step = command === 'archive-newer' ? -1 : 1;
        const id = conversation && open ? open.list.idAt(open.list.indexOfThread(conversation.threadId) + step) : undefined;
        if (perform('archive', targets()) === false) return false;
        return id ? openConversation(id, { replace: true }) : undefined;
      }
      case 'next-message': return conversation ? conversation.step(1) : false;
      case 'previous-message': return conversation ? conversation.step(-1) : false;
      case 'scroll': return conversation ? conversation.scroll(1) : false;
      case 'scroll-back': return conversation ? conversation.scroll(-1) : false;
      case 'reply': case 'replyAll': case 'forward': {
        const id = conversation?.current()?.id ?? open?.scope.newest(targets().slice(0, 1))[0];
        return id ? deps.openComposer({ mode: command, emailId: id }) : false;
      }
      case 'star': return perform('toggle-star', targets());
      default: return perform(command, targets());
    }
  }

  router.place.subscribe(show);
  // While the folders are not known, an address says little.
  store.observe('Mailbox', () => {
    const isHere = place.mailbox && mailboxes.get(place.mailbox.id);
    // A folder that got another name got another address.
    if (isHere && place.href(place.threadId) !== router.place.get().href) router.go(place.href(place.threadId), { replace: true });
    else if (!open || readPlace(router.place.get(), mailboxes).key !== open.key) show();
    else {
      if (place.mailbox) open.toolbar.setMailbox(mailboxes.get(place.mailbox.id));
      showTitle();
    }
  });
  preferences.subscribe(({ panes }) => {
    root.dataset.panes = panes;
    open?.rows.render();
  });
  root.dataset.panes = preferences.get().panes;
  matchMedia('(min-width: 700px)').addEventListener('change', () => { listPane.inert = Boolean(place.threadId) && !isBeside(); });
  store.observe('Email', () => {
    if (conversation) showTitle();
  });

  const view = {
    root,
    place: () => place,
    run,
    /** @type {MailView['drop']} */
    drop(ids, mailbox) {
      if (!open) return;
      const leave = leaving('move', ids);
      const emails = open.scope.movable(ids);
      if (mailbox.role === 'junk') actions.spam(emails);
      else actions.move(emails, mailbox.id);
      leave();
    },
    /** @type {MailView['onPlace']} */
    onPlace: (listener) => { placeListeners.push(listener); },
    focusList: () => open?.rows.focus(),
  };
  show();
  return view;
}

/** What stands in place of the list of a folder that is not there. */
function noSuchFolder() {
  return h('div', { class: 'empty-state' }, h('h2', null, t('empty.unknown.title')), h('p', null, t('empty.unknown.text')), h('a', { class: 'button button-plain', href: '/mail/inbox' }, t('empty.unknown.back')));
}
