/**
 * Follows the server by EventSource (RFC 8620 §7.3): every `state` event leads to one sync of the store.
 * A connection that was lost comes back by itself, and what was missed is asked for.
 */
import { expand } from './client.js';

const PING_SECONDS = 30;
const FIRST_DELAY = 1000;
const LAST_DELAY = 60_000;
const PATIENCE = 2000;

/**
 * @param {import('./client.js').Client} client
 * @param {import('./store.js').Store} store
 * @param {AbortSignal} signal
 */
export function followServer(client, store, signal) {
  /** @type {EventSource | null} */
  let source = null;
  /** @type {number | undefined} */
  let timer;
  /** @type {number | undefined} */
  let probe;
  let delay = FIRST_DELAY;
  let missed = false;

  function open() {
    if (signal.aborted || source) return;
    source = new EventSource(expand(client.session.eventSourceUrl, { types: '*', closeafter: 'no', ping: String(PING_SECONDS) }));
    source.addEventListener('open', () => {
      delay = FIRST_DELAY;
      client.retryNow();
      if (missed) void store.sync();
      missed = false;
    });
    source.addEventListener('state', (event) => {
      const changed = JSON.parse(event.data).changed?.[client.accountId];
      if (changed) void store.sync(changed);
    });
    source.addEventListener('error', () => {
      missed = true;
      clearTimeout(probe);
      // A request says whether the server is away, or the session; the browser may just be connecting again.
      probe = window.setTimeout(() => source?.readyState !== EventSource.OPEN && void store.sync(), PATIENCE);
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      timer = window.setTimeout(open, delay);
      delay = Math.min(delay * 2, LAST_DELAY);
    });
  }

  function close() {
    clearTimeout(timer);
    source?.close();
    source = null;
  }

  open();
  window.addEventListener('online', () => { close(); open(); }, { signal });
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && missed) void store.sync();
  }, { signal });
  client.status.subscribe((status) => {
    if (status === 'online' && !source) open();
  }, signal);
  signal.addEventListener('abort', () => {
    clearTimeout(probe);
    close();
  }, { once: true });
}
