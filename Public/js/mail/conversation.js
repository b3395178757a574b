/** A conversation: newest message open, older ones folded, the actions above and the answer below. */
import { fill, h, setAttribute, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { button } from '../components/button.js';
import { icon, setIcon } from '../components/icon.js';
import { LIST_PROPERTIES } from '../jmap/store.js';
import { emailsOfThread } from './conversation-summary.js';
import { createMessageView } from './message-view.js';
import { messageMenu } from './message-menu.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {ReturnType<typeof createConversation>} Conversation */
/** More folded messages than this become one line. */
const MOST_FOLDED = 3;
const SKELETON_DELAY = 150;

/**
 * @param {import('./deps.js').MailDeps & { bodies: import('./bodies.js').Bodies }} deps
 * @param {object} options
 * @param {string} options.threadId
 * @param {import('./place.js').MailPlace} options.place
 * @param {(command: string) => void} options.onCommand
 */
export function createConversation(deps, { threadId, place, onCommand }) {
  const { store, client, mailboxes } = deps;
  const life = new AbortController();
  /** @type {ReturnType<typeof createMessageView>[]} */
  let views = [];
  let isUnfolded = false;
  /**
   * Those that were unread when they were first seen stay unfolded.
   * @type {Set<string>}
   */
  const fresh = new Set();

  const tools = toolbar(onCommand, place);
  const subject = h('h1', { class: 'conversation-subject', tabindex: -1 });
  const chips = h('div', { class: 'conversation-chips' });
  const messages = h('div', { class: 'conversation-messages' });
  const answers = h('div', { class: 'conversation-answers' });
  const page = h('div', { class: 'conversation-page' }, h('div', { class: 'conversation-head' }, subject, chips), messages, answers);
  const scroller = h('div', { class: 'conversation-scroller', tabindex: -1 }, page);
  const root = h('section', { class: 'conversation', 'aria-label': t('conversation.label') }, tools.root, scroller);

  /** The message that brought one here: the newest of this folder. */
  function sought() {
    const mailbox = place.mailbox;
    return mailbox ? [...emails()].reverse().find((email) => email.mailboxIds[mailbox.id])?.id : undefined;
  }

  /** @returns {Email[]} */
  function emails() {
    const thread = store.get('Thread', threadId);
    /** @type {Email[]} */
    const all = (thread?.emailIds ?? []).map((/** @type {string} */ id) => store.get('Email', id)).filter(Boolean);
    const here = all.filter((email) => place.mailbox && email.mailboxIds[place.mailbox.id]);
    const representative = here[here.length - 1] ?? all.find((email) => !Object.keys(email.mailboxIds).some((id) => deps.hidden().has(id))) ?? all[all.length - 1];
    return representative ? emailsOfThread(store, representative, deps.hidden()) : [];
  }

  function render() {
    const list = emails();
    if (list.length === 0) return;
    const last = list[list.length - 1];
    setText(subject, subjectOf(list));
    for (const email of list) if (!email.keywords.$seen && !email.keywords.$draft) fresh.add(email.id);
    showChips(list);
    tools.update(list);
    const newestRead = [...list].reverse().find((email) => !email.keywords.$draft) ?? last;
    const wanted = sought();
    const shown = list.filter((email) => email.id === wanted || isShown(email, list, newestRead));
    const known = new Map(views.map((view) => [view.id, view]));
    const next = shown.map((email) => known.get(email.id) ?? createMessageView(deps, email.id, {
      isOpen: email.id === newestRead.id || email.id === wanted || fresh.has(email.id), onMenu: (one, anchor) => messageMenu(deps, one, anchor, onCommand), onOpened: markSeen, onSettled: () => root.classList.add('is-settled'),
    }));
    for (const view of views) if (!next.includes(view)) view.destroy();
    views = next;
    arrange(list.length - shown.length);
    showAnswers(newestRead);
  }

  /** @param {Email} email @param {Email[]} list @param {Email} newest */
  function isShown(email, list, newest) {
    return isUnfolded || list.length <= MOST_FOLDED + 1 || email === list[0] || email.id === newest.id || fresh.has(email.id) || Boolean(email.keywords.$draft) || views.some((view) => view.id === email.id && view.isOpen());
  }

  /**
   * Puts the messages in order without moving those that stand (a frame that is moved loads again).
   * @param {number} hiddenCount  how many are left out
   */
  function arrange(hiddenCount) {
    messages.querySelector('.conversation-older')?.remove();
    /** @type {Node | null} */
    let at = messages.firstChild;
    for (const view of views) {
      if (view.root === at) at = at.nextSibling;
      else messages.insertBefore(view.root, at);
    }
    if (hiddenCount === 0) return;
    const older = button({ label: t('conversation.older', { count: hiddenCount }), kind: 'quiet', onClick: () => { isUnfolded = true; render(); views[1]?.root.focus(); }, props: { class: 'conversation-older' } });
    messages.insertBefore(older, views[1]?.root ?? null);
  }

  /** @param {Email[]} list */
  function showChips(list) {
    const ids = [...new Set(list.flatMap((email) => Object.keys(email.mailboxIds)))].filter((id) => id !== place.mailbox?.id);
    const key = ids.join();
    if (chips.dataset.key === key) return;
    chips.dataset.key = key;
    fill(chips, ids.map((id) => mailboxes.get(id)).map((mailbox) => mailbox && mailbox.role !== 'sent' ? h('a', { class: 'chip', href: `/mail/${encodeURIComponent(mailboxes.slug(mailbox))}` }, icon(mailboxes.icon(mailbox), 'icon-small'), mailboxes.name(mailbox)) : null));
  }

  /** @param {Email} newest */
  function showAnswers(newest) {
    const isMany = (newest.to?.length ?? 0) + (newest.cc?.length ?? 0) > 1;
    const key = `${newest.id}${isMany}`;
    if (answers.dataset.key === key) return;
    answers.dataset.key = key;
    const answer = (/** @type {'reply' | 'replyAll' | 'forward'} */ mode) => deps.openComposer({ mode, emailId: newest.id });
    fill(answers, newest.keywords.$draft ? null : [
      button({ label: t('action.reply'), icon: 'reply', kind: 'plain', keys: 'r', onClick: () => answer('reply') }),
      isMany ? button({ label: t('action.reply-all'), icon: 'reply-all', kind: 'plain', keys: 'a', onClick: () => answer('replyAll') }) : null,
      button({ label: t('action.forward'), icon: 'forward', kind: 'plain', keys: 'f', onClick: () => answer('forward') })]);
  }

  /** @param {Email} email */
  function markSeen(email) {
    const unread = emails().filter((one) => !one.keywords.$seen && (one.id === email.id || views.some((view) => view.id === one.id && view.isOpen())));
    if (unread.length > 0 && !life.signal.aborted) deps.actions.setSeen(unread.map(({ id }) => id), true, { silent: true });
  }

  async function load() {
    const skeleton = setTimeout(() => root.classList.add('is-waiting'), SKELETON_DELAY);
    try {
      if (emails().length === 0 || !store.get('Thread', threadId)) {
        const threads = client.call('Thread/get', { ids: [threadId] });
        const list = client.call('Email/get', { '#ids': threads.ref('/list/*/emailIds'), properties: LIST_PROPERTIES });
        const [answer, given] = await Promise.all([threads, list]);
        if (life.signal.aborted) return;
        store.put('Email', given.list);
        store.put('Thread', answer.list);
        store.begin('Email', given.state);
        store.begin('Thread', answer.state);
      }
      if (emails().length === 0) return fail('conversation.missing');
      render();
      // The list knows of older messages only who wrote them.
      const sketchy = emails().filter((email) => email.preview === undefined).map(({ id }) => id);
      if (sketchy.length > 0) {
        await store.fetch('Email', sketchy, { properties: LIST_PROPERTIES });
        if (life.signal.aborted) return;
        render();
        views.forEach((view) => view.refresh());
      }
      const first = views.find((view) => view.isOpen());
      if (first && first !== views[0]) requestAnimationFrame(() => first.root.scrollIntoView({ block: 'nearest' }));
    } catch (error) {
      console.error(error);
      fail('conversation.error');
    } finally {
      clearTimeout(skeleton);
      root.classList.remove('is-waiting');
    }
  }

  /** @param {string} key */
  function fail(key) {
    if (life.signal.aborted) return;
    fill(page, h('div', { class: 'empty-state', role: 'alert' }, icon('warning', 'icon-large'), h('h2', null, t(`${key}.title`)), h('p', null, t(`${key}.text`)), button({ label: t('conversation.back'), kind: 'plain', onClick: () => onCommand('back') })));
  }

  let mark = '';
  function follow() {
    const list = emails();
    const next = list.map((email) => `${email.id}${JSON.stringify(email.mailboxIds)}${Boolean(email.keywords.$seen)}${Boolean(email.keywords.$flagged)}`).join();
    if (next === mark || list.length === 0) return;
    mark = next;
    render();
  }
  store.observe('Thread', (ids) => {
    if (!ids.has(threadId)) return;
    const missing = store.get('Thread', threadId)?.emailIds.filter((/** @type {string} */ id) => !store.get('Email', id)) ?? [];
    if (missing.length > 0) store.fetch('Email', missing, { properties: LIST_PROPERTIES }).then(follow, () => {});
    else follow();
  }, life.signal);
  store.observe('Email', (ids) => {
    if (store.get('Thread', threadId)?.emailIds.some((/** @type {string} */ id) => ids.has(id))) follow();
  }, life.signal);
  void load();

  /** The message that keys speak of: the one with the focus, else the newest. */
  function current() {
    const focused = document.activeElement instanceof Element ? document.activeElement.closest('.message') : null;
    return views.find((view) => view.root === focused) ?? [...views].reverse().find((view) => !store.get('Email', view.id)?.keywords.$draft) ?? views[views.length - 1];
  }

  return {
    root,
    threadId,
    emails,
    current,
    focus: () => subject.focus({ preventScroll: true }),
    /**
     * Moves to the next (1) or the one before (-1).
     * @param {number} step
     */
    step(step) {
      const focused = document.activeElement instanceof Element ? document.activeElement.closest('.message') : null;
      const at = views.findIndex((view) => view.root === focused);
      const view = views[at < 0 ? views.length - 1 : Math.max(0, Math.min(views.length - 1, at + step))];
      view?.root.focus({ preventScroll: true });
      view?.root.scrollIntoView({ block: 'nearest', behavior: motion() });
    },
    /** @param {number} pages */
    scroll: (pages) => scroller.scrollBy({ top: pages * scroller.clientHeight * 0.85, behavior: motion() }),
    /** @param {{ hasNext: boolean, hasPrevious: boolean, text: string }} position */
    setPosition: (position) => tools.setPosition(position),
    destroy() {
      life.abort();
      views.forEach((view) => view.destroy());
      root.remove();
    },
  };
}

/** Smooth, unless the reader wants things to stand still. */
function motion() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
}

/**
 * The subject as the first message has it; while that is not known, the newest one's without "Re:".
 * @param {Email[]} list
 */
function subjectOf(list) {
  const known = list[0].subject ?? [...list].reverse().find(({ subject }) => subject)?.subject?.replace(/^((re|aw|sv|fwd?|wg|tr|rv)\s*:\s*)+/i, '');
  return known?.trim() || t('list.no-subject');
}

/** @param {(command: string) => void} onCommand @param {import('./place.js').MailPlace} place */
function toolbar(onCommand, place) {
  /** @param {string} command @param {string} symbol @param {string} [keys] */
  const tool = (command, symbol, keys) => button({ label: t(`action.${command}`), icon: symbol, iconOnly: true, keys, onClick: () => onCommand(command), props: { class: `tool-${command}` } });
  const isJunk = place.mailbox?.role === 'junk';
  const star = tool('star', 'star', 's');
  const text = h('span', { class: 'toolbar-position', 'aria-live': 'off' });
  const previous = tool('newer', 'chevron-up', 'k');
  const next = tool('older', 'chevron-down', 'j');
  const back = tool('back', 'back', 'u');
  const root = h('div', { class: 'toolbar conversation-toolbar', role: 'toolbar', 'aria-label': t('conversation.tools') }, back,
    h('div', { class: 'toolbar-group' }, tool('archive', 'archive', 'e'), tool('trash', 'trash', '#'), isJunk ? tool('not-spam', 'not-junk', '!') : tool('spam', 'junk', '!')),
    h('div', { class: 'toolbar-group' }, tool('mark-unread', 'unread', 'Shift+u'), tool('move', 'move', 'v'), star),
    h('span', { class: 'toolbar-space' }), text, h('div', { class: 'toolbar-group' }, previous, next));
  return {
    root,
    /** @param {Email[]} list */
    update(list) {
      const isFlagged = list.some((email) => email.keywords.$flagged);
      setIcon(/** @type {SVGSVGElement} */ (star.firstElementChild), isFlagged ? 'star-filled' : 'star');
      star.classList.toggle('is-on', isFlagged);
      setAttribute(star, 'aria-pressed', String(isFlagged));
    },
    /** @param {{ hasNext: boolean, hasPrevious: boolean, text: string }} position */
    setPosition({ hasNext, hasPrevious, text: words }) {
      previous.disabled = !hasPrevious;
      next.disabled = !hasNext;
      setText(text, words);
    },
  };
}
