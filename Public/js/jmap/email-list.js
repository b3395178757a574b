/**
 * A list of conversations of any length, of which only what is looked at is known: a window over `Email/query` with
 * collapsed threads. It shows changes of the store at once, and asks again for what is in view whenever the store syncs.
 */
import { createListeners } from '../lib/cell.js';
import { LIST_PROPERTIES } from './store.js';

/** Of the other messages of a conversation a row shows only who wrote, and what is unread, starred or attached. */
const THREAD_PROPERTIES = ['id', 'threadId', 'mailboxIds', 'keywords', 'from', 'receivedAt', 'hasAttachment'];
const PAGE = 50;

/**
 * @typedef {object} EmailList
 * @property {() => number | null} length  null while unknown
 * @property {(index: number) => string | undefined} idAt
 * @property {(id: string) => number} indexOf  among what is known, else -1
 * @property {(threadId: string) => number} indexOfThread
 * @property {() => string[]} known
 * @property {(from: number, to: number) => void} ensure  says what is in view
 * @property {(from: number, to: number) => Promise<string[]>} idsIn  fetches ids alone
 * @property {() => Error | null} error
 * @property {() => void} retry
 * @property {() => void} pause  nobody looks at it: stops asking
 * @property {() => void} resume  shows what is known, and asks for what was missed
 * @property {(listener: () => void, signal?: AbortSignal) => void} observe
 * @property {() => void} destroy
 */

/**
 * @param {{ client: import('./client.js').Client, store: import('./store.js').Store }} deps
 * @param {object} options
 * @param {Record<string, any> | null} options.filter  RFC 8621 §4.4.1
 * @param {((email: import('./types.js').Email) => boolean)} [options.stays]  whether an email still belongs here, as far as can be told without the server
 * @param {boolean} [options.snippets]  whether to ask for highlighted hits
 * @param {(snippets: import('./types.js').SearchSnippet[]) => void} [options.onSnippets]
 * @returns {EmailList}
 */
export function createEmailList({ client, store }, { filter, stays, snippets = false, onSnippets }) {
  const life = new AbortController();
  const listeners = createListeners();
  /**
   * Sparse: a hole is a place whose email is not known.
   * @type {string[]}
   */
  let ids = [];
  /**
   * The query state that each place was told in. A place of an older one is shown until it is asked for again, lest the list forgets
   * where its reader stands whenever something changes.
   * @type {string[]}
   */
  let told = [];
  /** @type {number | null} */
  let total = null;
  /** @type {string | null} */
  let queryState = null;
  /** @type {Error | null} */
  let failure = null;
  /** @type {{ from: number, to: number }} */
  let view = { from: 0, to: PAGE };
  /**
   * Windows that are on their way, so that none is asked for twice.
   * @type {Set<{ from: number, to: number }>}
   */
  const asked = new Set();
  let generation = 0;
  /** The youngest request whose answer is shown. */
  let placed = 0;
  let isPaused = false;
  let isStale = false;

  const query = { filter, sort: [{ property: 'receivedAt', isAscending: false }], collapseThreads: true };

  /** @param {number} from @param {number} to */
  async function load(from, to) {
    const window = { from, to };
    asked.add(window);
    generation += 1;
    const mine = generation;
    const found = client.call('Email/query', { ...query, position: from, limit: to - from, calculateTotal: true });
    const rows = client.call('Email/get', { '#ids': found.ref('/ids'), properties: LIST_PROPERTIES });
    const conversations = client.call('Thread/get', { '#ids': rows.ref('/list/*/threadId') });
    const members = client.call('Email/get', { '#ids': conversations.ref('/list/*/emailIds'), properties: THREAD_PROPERTIES });
    const marks = snippets ? client.call('SearchSnippet/get', { filter, '#emailIds': found.ref('/ids') }) : null;
    const results = await Promise.allSettled([found, rows, conversations, members, marks]);
    asked.delete(window);
    if (life.signal.aborted) return;
    if (results[0].status === 'rejected' || results[1].status === 'rejected') {
      failure = /** @type {any} */ (results.find((result) => result.status === 'rejected')).reason;
      listeners.call();
      return;
    }
    failure = null;
    const [answer, list, threads, others, marked] = results.map((result) => result.status === 'fulfilled' ? result.value : null);
    if (others) absorb('Email', others);
    absorb('Email', list);
    if (threads) absorb('Thread', threads);
    if (marked) onSnippets?.(marked.list);
    place(answer, mine);
  }

  /**
   * The first answer of a type also says from which state on to follow.
   * @param {import('./types.js').RecordType} type
   * @param {any} given
   */
  function absorb(type, given) {
    store.put(type, given.list);
    store.begin(type, given.state);
  }

  /** @param {any} answer @param {number} mine */
  function place(answer, mine) {
    if (answer.queryState !== queryState) {
      // Older than what is shown: its rows are asked for again.
      if (mine < placed) return ensure(view.from, view.to);
    }
    placed = Math.max(placed, mine);
    const present = answer.ids.filter((/** @type {string} */ id) => belongs(id));
    const length = Math.max(0, (answer.total ?? answer.position + answer.ids.length) - (answer.ids.length - present.length));
    if (answer.queryState !== queryState) forget(length, new Set(present));
    queryState = answer.queryState;
    total = length;
    present.forEach((/** @type {string} */ id, /** @type {number} */ offset) => {
      ids[answer.position + offset] = id;
      told[answer.position + offset] = answer.queryState;
    });
    ids.length = Math.min(ids.length, length);
    listeners.call();
    ensure(view.from, view.to);
  }

  /**
   * Keeps of an older state what may still be true: nothing when the length is another, and no email at two places.
   * @param {number} length @param {Set<string>} placedAnew
   */
  function forget(length, placedAnew) {
    if (length !== total) {
      ids = [];
      told = [];
    } else ids.forEach((id, index) => { if (placedAnew.has(id)) delete ids[index]; });
  }

  /** @param {number} index */
  const isKnown = (index) => ids[index] !== undefined && told[index] === queryState;

  /** @param {string} id */
  function belongs(id) {
    const email = store.get('Email', id);
    return !stays || !email || stays(email) || Boolean(substitute(email));
  }

  /**
   * Another email of the conversation that still belongs here.
   * @param {import('./types.js').Email} email
   */
  function substitute(email) {
    const thread = store.get('Thread', email.threadId);
    return [...thread?.emailIds ?? []].reverse().find((/** @type {string} */ id) => {
      const other = store.get('Email', id);
      return id !== email.id && other && stays?.(other);
    });
  }

  /** @type {EmailList['ensure']} */
  function ensure(from, to) {
    if (isPaused) return;
    view = { from: Math.max(0, from), to: Math.max(to, from + 1) };
    const end = total === null ? view.to : Math.min(view.to, total);
    let first = view.from;
    while (first < end && (isKnown(first) || isAsked(first))) first += 1;
    if (first >= end) return;
    let last = end - 1;
    while (last > first && (isKnown(last) || isAsked(last))) last -= 1;
    const start = Math.floor(first / PAGE) * PAGE;
    void load(!isKnown(start) && !isAsked(start) ? start : first, Math.max(last + 1, start + PAGE));
  }

  /** @param {number} index */
  function isAsked(index) {
    for (const window of asked) if (index >= window.from && index < window.to) return true;
    return false;
  }

  function refresh() {
    isStale = isPaused;
    if (isPaused) return;
    if (total === null && asked.size > 0) return;
    void load(view.from, Math.max(view.to, view.from + PAGE));
  }

  store.onSync(({ emails }) => emails && refresh(), life.signal);
  store.observe('Email', (changed) => {
    let moved = false;
    for (const id of changed) {
      const index = ids.indexOf(id);
      if (index < 0) continue;
      const email = store.get('Email', id);
      if (email && (!stays || stays(email))) continue;
      const other = email && substitute(email);
      if (other) ids[index] = other;
      else {
        ids.splice(index, 1);
        told.splice(index, 1);
        if (total !== null) total -= 1;
      }
      moved = true;
    }
    if (moved) {
      listeners.call();
      ensure(view.from, view.to);
    }
  }, life.signal);

  return {
    length: () => total,
    idAt: (index) => ids[index],
    indexOf: (id) => ids.indexOf(id),
    indexOfThread: (threadId) => ids.findIndex((id) => id !== undefined && store.get('Email', id)?.threadId === threadId),
    known: () => ids.filter((id) => id !== undefined),
    ensure,
    async idsIn(from, to) {
      const answer = await client.call('Email/query', { ...query, position: from, limit: to - from });
      return answer.ids;
    },
    error: () => failure,
    retry() {
      failure = null;
      listeners.call();
      refresh();
    },
    pause: () => { isPaused = true; },
    resume() {
      isPaused = false;
      if (isStale || failure) refresh();
    },
    observe: (listener, signal) => listeners.add(listener, signal),
    destroy: () => life.abort(),
  };
}
