/** Which conversations are chosen, and where the cursor stands. By email id, so that it holds while the list moves. */
import { createListeners } from '../lib/cell.js';

/**
 * @typedef {object} Selection
 * @property {() => string[]} ids
 * @property {() => number} size
 * @property {(id: string) => boolean} has
 * @property {() => string | null} cursor
 * @property {(id: string | null) => void} setCursor
 * @property {(id: string) => void} toggle  also makes it the anchor of a range
 * @property {(id: string) => void} extendTo  selects from the anchor to here
 * @property {(ids: string[]) => void} replace
 * @property {() => void} clear
 * @property {(isAlive: (id: string) => boolean) => void} prune
 * @property {(listener: () => void, signal?: AbortSignal) => void} observe
 */

/** @param {import('../jmap/email-list.js').EmailList} list @returns {Selection} */
export function createSelection(list) {
  /** @type {Set<string>} */
  let chosen = new Set();
  /** @type {string | null} */
  let cursor = null;
  /** @type {string | null} */
  let anchor = null;
  const listeners = createListeners();

  /** @param {Set<string>} next */
  function set(next) {
    chosen = next;
    listeners.call();
  }

  return {
    ids: () => [...chosen],
    size: () => chosen.size,
    has: (id) => chosen.has(id),
    cursor: () => cursor,
    setCursor(id) {
      if (cursor === id) return;
      cursor = id;
      listeners.call();
    },
    toggle(id) {
      const next = new Set(chosen);
      if (!next.delete(id)) next.add(id);
      anchor = id;
      cursor = id;
      set(next);
    },
    extendTo(id) {
      const from = list.indexOf(anchor ?? cursor ?? id);
      const to = list.indexOf(id);
      if (from < 0 || to < 0) return;
      const next = new Set(chosen);
      for (let index = Math.min(from, to); index <= Math.max(from, to); index += 1) {
        const at = list.idAt(index);
        if (at !== undefined) next.add(at);
      }
      cursor = id;
      set(next);
    },
    replace: (ids) => set(new Set(ids)),
    clear() {
      if (chosen.size > 0) set(new Set());
    },
    prune(isAlive) {
      const next = new Set([...chosen].filter(isAlive));
      if (next.size !== chosen.size) set(next);
    },
    observe: (listener, signal) => listeners.add(listener, signal),
  };
}
