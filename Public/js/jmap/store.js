/**
 * What the pages know of the account: records by type and id, as the server last gave them, under the changes that are
 * on their way. A change shows at once; when the server refuses it, its layer is taken away and the record is as before.
 * The store follows the server by `sync`, one request for all that has changed.
 */
import { createListeners } from '../lib/cell.js';
import { applyPatch } from './patch.js';
import { MethodError, SetError } from './errors.js';

/** @typedef {import('./types.js').RecordType} RecordType */
/** @typedef {import('./types.js').Patch} Patch */
/** @typedef {{ id: string, [property: string]: any }} StoreRecord */
/** @typedef {{ type: RecordType, patches: Record<string, Patch | null> }} Layer */
/** @typedef {Record<string, { type: string, description?: string }>} Failures */

/**
 * @typedef {object} Store
 * @property {(type: RecordType, id: string) => any} get  the record as it shall look now, or undefined
 * @property {(type: RecordType) => any[]} list  all known records of a type
 * @property {(type: RecordType, records: StoreRecord[]) => void} put  takes in what the server gave; properties are merged
 * @property {(type: RecordType, ids: string[]) => void} drop  forgets records
 * @property {(type: RecordType, ids: string[] | null, args?: Record<string, any>) => Promise<any[]>} fetch  asks the server, and keeps the answer
 * @property {(type: RecordType, patches: Record<string, Patch>) => Promise<void>} update  shows at once; on refusal rolls back and throws SetError
 * @property {(type: RecordType, creations: Record<string, any>) => Promise<Record<string, any>>} create  creation id → record
 * @property {(type: RecordType, ids: string[], args?: Record<string, any>) => Promise<void>} destroy  hides at once; on refusal shows again and throws SetError
 * @property {(type: RecordType, listener: (ids: Set<string>) => void, signal?: AbortSignal) => void} observe
 *   Hears of changed records, together once a turn.
 * @property {(listener: (event: { emails: boolean }) => void, signal?: AbortSignal) => void} onSync
 *   Hears that the store asks for changes: calls made in the listener travel in the same request.
 * @property {(listener: (emails: any[]) => void, signal?: AbortSignal) => void} onNewEmails  hears of emails created since the last sync
 * @property {(changed?: Record<string, string> | undefined) => Promise<void>} sync  follows the server; `changed` is a StateChange's type → state
 * @property {(type: RecordType) => string | undefined} state
 * @property {(type: RecordType, state: string) => void} begin  follows a type from this state on, unless it is followed already
 */

/**
 * Properties that a list shows.
 * @type {string[]}
 */
export const LIST_PROPERTIES = ['id', 'blobId', 'threadId', 'mailboxIds', 'keywords', 'from', 'to', 'subject', 'receivedAt', 'preview', 'hasAttachment', 'size'];
/** Properties of an email that can change (RFC 8621 §4). */
const MUTABLE_PROPERTIES = ['id', 'threadId', 'mailboxIds', 'keywords'];
const MAX_CHANGES = 200;
const SET_LIMIT = 400;
/** What changes along with a type. @type {Record<RecordType, RecordType[]>} */
const TOUCHES = { Email: ['Email', 'Mailbox', 'Thread'], Thread: [], Mailbox: ['Mailbox', 'Email'], Identity: ['Identity'], EmailSubmission: ['EmailSubmission', 'Email', 'Mailbox', 'Thread'] };
/** @type {RecordType[]} */
const FOLLOWED = ['Mailbox', 'Thread', 'Email', 'Identity', 'EmailSubmission'];

/**
 * @param {import('./client.js').Client} client
 * @returns {Store}
 */
export function createStore(client) {
  /** @type {Map<RecordType, Map<string, StoreRecord>>} */
  const records = new Map(FOLLOWED.map((type) => [type, new Map()]));
  /** @type {Map<RecordType, string>} */
  const states = new Map();
  /** @type {Layer[]} */
  let layers = [];
  /** @type {Map<RecordType, Set<string>>} */
  let dirty = new Map();
  /** @type {Map<RecordType, ReturnType<typeof createListeners>>} */
  const observers = new Map(FOLLOWED.map((type) => [type, createListeners()]));
  const syncListeners = createListeners();
  const newEmailListeners = createListeners();

  /** @param {RecordType} type */
  const table = (type) => /** @type {Map<string, StoreRecord>} */ (records.get(type));

  /** @type {Store['get']} */
  function get(type, id) {
    let record = table(type).get(id);
    for (const layer of layers) {
      if (!record || layer.type !== type || !(id in layer.patches)) continue;
      const patch = layer.patches[id];
      record = patch === null ? undefined : /** @type {StoreRecord} */ (applyPatch(record, patch));
    }
    return record;
  }

  /** @param {RecordType} type @param {Iterable<string>} ids */
  function touch(type, ids) {
    if (dirty.size === 0) queueMicrotask(notify);
    const set = dirty.get(type) ?? new Set();
    for (const id of ids) set.add(id);
    dirty.set(type, set);
  }

  function notify() {
    const changed = dirty;
    dirty = new Map();
    for (const [type, ids] of changed) if (ids.size > 0) observers.get(type)?.call(ids);
  }

  /** @type {Store['put']} */
  function put(type, list) {
    for (const record of list) table(type).set(record.id, { ...table(type).get(record.id), ...record });
    touch(type, list.map(({ id }) => id));
  }

  /** @type {Store['drop']} */
  function drop(type, ids) {
    for (const id of ids) table(type).delete(id);
    touch(type, ids);
  }

  /** @type {Store['fetch']} */
  async function fetch(type, ids, args = {}) {
    const answer = await client.call(`${type}/get`, { ids, ...args });
    take(type, answer, args.properties === undefined || ids === null);
    return answer.list;
  }

  /**
   * Takes in the answer to a /get. Its state is only ours to keep where we had none: everything
   * else that we know is of the older state, and `sync` must still fetch what happened between.
   * @param {RecordType} type @param {any} answer @param {boolean} [wholeType]
   */
  function take(type, answer, wholeType = false) {
    put(type, answer.list);
    if (answer.notFound?.length) drop(type, answer.notFound);
    if (!states.has(type) || (wholeType && type === 'Mailbox')) states.set(type, answer.state);
  }

  /**
   * Shows `patches` until `work` has been answered.
   * @template T
   * @param {Layer} layer
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async function layered(layer, work) {
    layers = [...layers, layer];
    touch(layer.type, Object.keys(layer.patches));
    try {
      return await work();
    } finally {
      layers = layers.filter((other) => other !== layer);
      touch(layer.type, Object.keys(layer.patches));
    }
  }

  /**
   * What one's own change has led to elsewhere.
   * @param {RecordType} type
   */
  function touched(type) {
    for (const other of TOUCHES[type]) wanted.set(other, null);
    return follow();
  }

  /** @param {RecordType} type @param {any} answer */
  function advance(type, answer) {
    if (answer.oldState && answer.oldState === states.get(type)) states.set(type, answer.newState);
  }

  /** @type {Store['update']} */
  async function update(type, patches) {
    /** @type {Failures} */
    const failures = {};
    await layered({ type, patches }, async () => {
      const chunks = chunked(Object.entries(patches), SET_LIMIT).map(Object.fromEntries);
      const given = await Promise.all(chunks.map((chunk) => client.call(`${type}/set`, { update: chunk })));
      for (const answer of given) {
        Object.assign(failures, answer.notUpdated ?? {});
        for (const [id, more] of Object.entries(answer.updated ?? {})) {
          const record = table(type).get(id);
          if (record) table(type).set(id, { .../** @type {StoreRecord} */ (applyPatch(record, patches[id])), .../** @type {any} */ (more) });
        }
        advance(type, answer);
      }
    });
    void touched(type);
    if (Object.keys(failures).length > 0) throw new SetError(`${type}/set`, failures);
  }

  /** @type {Store['create']} */
  async function create(type, creations) {
    const answer = await client.call(`${type}/set`, { create: creations });
    const made = Object.fromEntries(Object.entries(answer.created ?? {}).map(([key, given]) => [key, { ...creations[key], .../** @type {any} */ (given) }]));
    if (type !== 'Email') put(type, Object.values(made));
    advance(type, answer);
    void touched(type);
    if (answer.notCreated && Object.keys(answer.notCreated).length > 0) throw new SetError(`${type}/set`, answer.notCreated);
    return made;
  }

  /** @type {Store['destroy']} */
  async function destroy(type, ids, args = {}) {
    /** @type {Failures} */
    const failures = {};
    await layered({ type, patches: Object.fromEntries(ids.map((id) => [id, null])) }, async () => {
      const given = await Promise.all(chunked(ids, SET_LIMIT).map((chunk) => client.call(`${type}/set`, { destroy: chunk, ...args })));
      for (const answer of given) {
        Object.assign(failures, answer.notDestroyed ?? {});
        for (const id of answer.destroyed ?? []) table(type).delete(id);
        advance(type, answer);
      }
    });
    void touched(type);
    if (Object.keys(failures).length > 0) throw new SetError(`${type}/set`, failures);
  }

  /** @type {Promise<void> | null} */
  let running = null;
  /** Types to ask for, each with the state that it should then be in, where that is known. @type {Map<RecordType, string | null>} */
  let wanted = new Map();

  /**
   * Follows the server, now or right after what is running.
   * @param {Record<string, string>} [changed]
   */
  function sync(changed) {
    for (const type of FOLLOWED) if (!changed || type in changed) wanted.set(type, changed?.[type] ?? null);
    return follow();
  }

  function follow() {
    running ??= followWanted().catch((error) => console.warn('sync', error)).finally(() => {
      running = null;
      if (wanted.size > 0) void follow();
    });
    return running;
  }

  async function followWanted() {
    const types = [...wanted].filter(([type, state]) => states.has(type) && states.get(type) !== state).map(([type]) => type);
    wanted = new Map();
    if (types.length === 0) return;
    const work = types.map(followType);
    syncListeners.call({ emails: types.includes('Email') || types.includes('Thread') });
    const results = await Promise.allSettled(work);
    results.forEach((result, index) => {
      if (result.status === 'fulfilled' && result.value) wanted.set(types[index], null);
    });
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw /** @type {PromiseRejectedResult} */ (failed).reason;
  }

  /**
   * Brings one type up to date; true when there is more to fetch.
   * @param {RecordType} type
   * @returns {Promise<boolean>}
   */
  async function followType(type) {
    const changes = client.call(`${type}/changes`, { sinceState: states.get(type), maxChanges: MAX_CHANGES });
    const mutable = type === 'Email' ? { properties: MUTABLE_PROPERTIES } : {};
    const fresh = type === 'Email' ? { properties: LIST_PROPERTIES } : {};
    const created = client.call(`${type}/get`, { '#ids': changes.ref('/created'), ...fresh });
    const updated = client.call(`${type}/get`, { '#ids': changes.ref('/updated'), ...mutable });
    const [answer, made, altered] = await Promise.allSettled([changes, created, updated]);
    if (answer.status === 'rejected') {
      if (!(answer.reason instanceof MethodError) || answer.reason.type !== 'cannotCalculateChanges') throw answer.reason;
      await startOver(type);
      return false;
    }
    if (made.status === 'fulfilled') put(type, made.value.list);
    // Of what the store never held, mutable properties alone would make a broken record.
    if (altered.status === 'fulfilled') put(type, type === 'Email' ? altered.value.list.filter((/** @type {StoreRecord} */ { id }) => table(type).has(id)) : altered.value.list);
    drop(type, answer.value.destroyed);
    states.set(type, answer.value.newState);
    if (type === 'Email' && made.status === 'fulfilled' && made.value.list.length > 0) newEmailListeners.call(made.value.list);
    return answer.value.hasMoreChanges;
  }

  /**
   * The server no longer knows our state: asks anew for all that we hold.
   * @param {RecordType} type
   */
  async function startOver(type) {
    states.delete(type);
    const known = [...table(type).keys()];
    const ids = type === 'Mailbox' || type === 'Identity' ? null : known.slice(-SET_LIMIT);
    const list = await fetch(type, ids, type === 'Email' ? { properties: LIST_PROPERTIES } : {});
    const alive = new Set(list.map(({ id }) => id));
    drop(type, known.filter((id) => !alive.has(id)));
  }

  return {
    get,
    list: (type) => [...table(type).keys()].map((id) => get(type, id)).filter(Boolean),
    put,
    drop,
    fetch,
    update,
    create,
    destroy,
    observe: (type, listener, signal) => observers.get(type)?.add(listener, signal),
    onSync: (listener, signal) => syncListeners.add(listener, signal),
    onNewEmails: (listener, signal) => newEmailListeners.add(listener, signal),
    sync,
    state: (type) => states.get(type),
    begin: (type, state) => {
      if (!states.has(type)) states.set(type, state);
    },
  };
}

/**
 * @template T
 * @param {T[]} list
 * @param {number} size
 * @returns {T[][]}
 */
function chunked(list, size) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));
}
