/**
 * A value that can be watched.
 * @template T
 * @typedef {{ get(): T, set(value: T): void, subscribe(listener: (value: T) => void, signal?: AbortSignal): void }} Cell
 */

/**
 * Makes a cell. Listeners are called at once on each change, in order of subscription, until their signal aborts.
 * @template T
 * @param {T} initial
 * @returns {Cell<T>}
 */
export function createCell(initial) {
  let value = initial;
  const listeners = createListeners();
  return {
    get: () => value,
    set(next) {
      if (Object.is(value, next)) return;
      value = next;
      listeners.call(value);
    },
    subscribe: (listener, signal) => listeners.add(listener, signal),
  };
}

/**
 * A list of listeners that leave by AbortSignal.
 * @returns {{ add(listener: (...values: any[]) => void, signal?: AbortSignal): void, call(...values: any[]): void }}
 */
export function createListeners() {
  /** @type {Set<(...values: any[]) => void>} */
  const listeners = new Set();
  return {
    add(listener, signal) {
      if (signal?.aborted) return;
      listeners.add(listener);
      signal?.addEventListener('abort', () => listeners.delete(listener), { once: true });
    },
    call(...values) {
      for (const listener of [...listeners]) listener(...values);
    },
  };
}
