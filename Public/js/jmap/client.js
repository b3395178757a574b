/**
 * Speaks JMAP (RFC 8620). Calls made in one turn of the event loop travel in one request, in their order, so that views
 * can ask for what they need without knowing of each other. Losing the network or the session stops nothing: requests
 * that may be repeated wait, and go out again when the server is back or the person has signed in again.
 */
import { createCell, createListeners } from '../lib/cell.js';
import { MethodError, OfflineError, RequestError } from './errors.js';

/** @typedef {import('./types.js').JMAPSession} JMAPSession */
/** @typedef {import('./types.js').ResultReference} ResultReference */
/** @typedef {Promise<any> & { ref(path: string): ResultReference }} Call */
/** @typedef {{ id: string, name: string, args: Record<string, any>, resolve(value: any): void, reject(error: Error): void }} QueuedCall */
/** @typedef {'online' | 'offline' | 'ended'} ConnectionStatus */

/**
 * @typedef {object} Client
 * @property {string} accountId
 * @property {JMAPSession} session
 * @property {import('../lib/cell.js').Cell<ConnectionStatus>} status
 * @property {(name: string, args: Record<string, any>) => Call} call
 *   Queues a method call and gives its answer. An argument `#name` takes `otherCall.ref('/path')` of a call made in the same turn.
 * @property {(listener: (name: string, answer: any) => void, signal?: AbortSignal) => void} onAnswer
 *   Hears every answer, also implicit ones (the Email/set that onSuccessUpdateEmail makes).
 * @property {(blob: Blob, options?: { onProgress?: (fraction: number) => void, signal?: AbortSignal }) => Promise<{ blobId: string, type: string, size: number }>} upload
 * @property {(blobId: string, name: string, type: string) => string} downloadUrl
 * @property {(blobId: string, name: string, type: string, signal?: AbortSignal) => Promise<Blob>} download
 * @property {(path: string, options?: { method?: string, body?: any, signal?: AbortSignal }) => Promise<any>} rest
 *   Calls our REST API with the session and the CSRF token; gives the parsed answer.
 * @property {() => void} retryNow
 */

const CORE = 'urn:ietf:params:jmap:core';
const USED = [CORE, 'urn:ietf:params:jmap:mail', 'urn:ietf:params:jmap:submission'];
const FIRST_DELAY = 1000;
const LAST_DELAY = 30_000;

/**
 * @param {object} options
 * @param {JMAPSession} options.session
 * @param {() => string} options.csrfToken  the present one: it changes when the person signs in again
 * @param {() => Promise<void>} options.signInAgain  asks for the password over the page; resolves when the session is good again
 * @returns {Client}
 */
export function createClient({ session, csrfToken, signInAgain }) {
  const accountId = session.primaryAccounts['urn:ietf:params:jmap:mail'];
  const using = USED.filter((capability) => capability in session.capabilities);
  const maxCalls = session.capabilities[CORE]?.maxCallsInRequest ?? 16;
  /** @type {import('../lib/cell.js').Cell<ConnectionStatus>} */
  const status = createCell(/** @type {ConnectionStatus} */ ('online'));
  const answers = createListeners();
  const wake = createListeners();
  /** @type {QueuedCall[]} */
  let queue = [];
  let calls = 0;

  window.addEventListener('online', () => wake.call());

  /** @type {Client['call']} */
  function call(name, args) {
    calls += 1;
    const id = `c${calls}`;
    /** @type {Call} */
    const promise = /** @type {any} */ (new Promise((resolve, reject) => {
      if (queue.length === 0) queueMicrotask(flush);
      queue.push({ id, name, args: name === 'Core/echo' ? args : { accountId, ...args }, resolve, reject });
    }));
    promise.ref = (path) => ({ resultOf: id, name, path });
    return promise;
  }

  function flush() {
    const waiting = queue;
    queue = [];
    for (const batch of splitCalls(waiting, maxCalls)) void send(batch);
  }

  /** @param {QueuedCall[]} batch */
  async function send(batch) {
    const byId = new Map(batch.map((queued) => [queued.id, queued]));
    try {
      const response = await post({ using, methodCalls: batch.map(({ id, name, args }) => [name, args, id]) }, batch.every(isRepeatable));
      for (const [name, answer, id] of response.methodResponses) {
        answers.call(name, answer);
        const queued = byId.get(id);
        if (!queued) continue;
        if (name === 'error') queued.reject(new MethodError(queued.name, answer));
        else if (name === queued.name) queued.resolve(answer);
      }
      for (const queued of batch) queued.reject(new MethodError(queued.name, { type: 'serverFail', description: 'no answer' }));
    } catch (error) {
      for (const queued of batch) queued.reject(/** @type {Error} */ (error));
    }
  }

  /**
   * @param {object} body
   * @param {boolean} repeatable
   * @returns {Promise<{ methodResponses: [string, any, string][], sessionState: string }>}
   */
  async function post(body, repeatable) {
    const response = await reach(() => fetch(session.apiUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': csrfToken() },
      body: JSON.stringify(body),
    }), repeatable);
    return response.json();
  }

  /**
   * Fetches until the server has answered: waits while it cannot be reached, and while the session has ended.
   * @param {() => Promise<Response>} attempt
   * @param {boolean} repeatable
   */
  async function reach(attempt, repeatable) {
    let delay = FIRST_DELAY;
    for (;;) {
      /** @type {Response | undefined} */
      let response;
      try {
        response = await attempt();
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') throw error;
      }
      if (response?.ok) {
        status.set('online');
        return response;
      }
      if (response?.status === 401) {
        status.set('ended');
        await signInAgain();
        continue;
      }
      const unreachable = !response || [502, 503, 504].includes(response.status);
      if (!unreachable) throw new RequestError(response?.status ?? 0, await problemOf(response));
      status.set('offline');
      if (!repeatable) {
        watchForReturn();
        throw new OfflineError();
      }
      await pause(delay);
      delay = Math.min(delay * 2, LAST_DELAY);
    }
  }

  let watching = false;
  /** While nothing else is asking: finds out when the server is back. */
  async function watchForReturn() {
    if (watching) return;
    watching = true;
    for (let delay = FIRST_DELAY; status.get() === 'offline'; delay = Math.min(delay * 2, LAST_DELAY)) {
      await pause(delay);
      const response = await fetch('/health', { cache: 'no-store' }).catch(() => undefined);
      if (response && response.status < 500) status.set('online');
    }
    watching = false;
  }

  /** @param {number} milliseconds */
  function pause(milliseconds) {
    return new Promise((resolve) => {
      const life = new AbortController();
      const done = () => {
        life.abort();
        clearTimeout(timer);
        resolve(undefined);
      };
      const timer = setTimeout(done, milliseconds);
      wake.add(done, life.signal);
    });
  }

  /** @type {Client['downloadUrl']} */
  function downloadUrl(blobId, name, type) {
    return expand(session.downloadUrl, { accountId, blobId, name, type });
  }

  return {
    accountId,
    session,
    status,
    call,
    onAnswer: (listener, signal) => answers.add(listener, signal),
    upload: (blob, options = {}) => upload(expand(session.uploadUrl, { accountId }), blob, csrfToken(), options),
    downloadUrl,
    async download(blobId, name, type, signal) {
      return (await reach(() => fetch(downloadUrl(blobId, name, type), { signal }), true)).blob();
    },
    async rest(path, { method = 'GET', body, signal } = {}) {
      const response = await reach(() => fetch(path, {
        method,
        signal,
        headers: { Accept: 'application/json', 'X-CSRF-Token': csrfToken(), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        body: body === undefined ? undefined : JSON.stringify(body),
      }), method === 'GET');
      return response.status === 204 ? null : response.json();
    },
    retryNow: () => wake.call(),
  };
}

/**
 * Splits calls into requests of at most `limit` calls; calls that refer to one another stay together.
 * @param {QueuedCall[]} calls
 * @param {number} limit
 */
export function splitCalls(calls, limit) {
  if (calls.length <= limit) return [calls];
  /** @type {Map<string, QueuedCall[]>} */
  const groupOf = new Map();
  /** @type {QueuedCall[][]} */
  const groups = [];
  for (const queued of calls) {
    const target = Object.values(queued.args).find((value) => groupOf.has(value?.resultOf))?.resultOf;
    const group = groupOf.get(target) ?? groups[groups.push([]) - 1];
    group.push(queued);
    groupOf.set(queued.id, group);
  }
  /** @type {QueuedCall[][]} */
  const requests = [[]];
  for (const group of groups) {
    const last = requests[requests.length - 1];
    if (last.length > 0 && last.length + group.length > limit) requests.push([...group]);
    else last.push(...group);
  }
  return requests;
}

/**
 * Reads can be sent twice, and so can patches: they say what shall be, not what to add.
 * @param {QueuedCall} call
 */
function isRepeatable({ name, args }) {
  return !name.endsWith('/set') && !name.endsWith('/import') && !name.endsWith('/copy')
    || (name.endsWith('/set') && !args.create && !name.startsWith('EmailSubmission'));
}

/** @param {Response | undefined} response @returns {Promise<{ type?: string, title?: string, detail?: string }>} */
async function problemOf(response) {
  try {
    return await response?.json() ?? {};
  } catch {
    return {};
  }
}

/**
 * Fills a URI template of the session (RFC 8620 §2: level 1 only).
 * @param {string} template
 * @param {Record<string, string>} values
 */
export function expand(template, values) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(values[name] ?? ''));
}

/**
 * Uploads a blob; by XMLHttpRequest, since fetch cannot tell how far it is.
 * @param {string} url
 * @param {Blob} blob
 * @param {string} csrfToken
 * @param {{ onProgress?: (fraction: number) => void, signal?: AbortSignal }} options
 * @returns {Promise<{ blobId: string, type: string, size: number }>}
 */
function upload(url, blob, csrfToken, { onProgress, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', blob.type || 'application/octet-stream');
    request.setRequestHeader('X-CSRF-Token', csrfToken);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress?.(event.loaded / event.total);
    request.onload = () => request.status < 300 ? resolve(request.response) : reject(new RequestError(request.status, request.response ?? {}));
    request.onerror = () => reject(new OfflineError());
    request.onabort = () => reject(new DOMException('aborted', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(blob);
  });
}
