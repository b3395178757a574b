/** The lists that were last looked at, so that going back to one shows it at once, also without a network. */
import { createEmailList } from '../jmap/email-list.js';

const MOST = 8;

/** @typedef {{ list: import('../jmap/email-list.js').EmailList, snippets: Map<string, import('../jmap/types.js').SearchSnippet> }} CachedList */

/** @param {import('./deps.js').MailDeps} deps */
export function createListCache(deps) {
  /**
   * The oldest first.
   * @type {Map<string, CachedList>}
   */
  const known = new Map();

  /**
   * @param {import('./place.js').MailPlace} place
   * @returns {CachedList}
   */
  function make(place) {
    /** @type {CachedList['snippets']} */
    const snippets = new Map();
    const list = createEmailList(deps, {
      filter: place.filter, stays: place.stays, snippets: place.kind === 'search',
      onSnippets: (given) => given.forEach((snippet) => snippets.set(snippet.emailId, snippet)),
    });
    return { list, snippets };
  }

  return {
    /**
     * @param {import('./place.js').MailPlace} place
     * @returns {CachedList}
     */
    of(place) {
      const made = known.get(place.key) ?? make(place);
      known.delete(place.key);
      known.set(place.key, made);
      for (const [key, old] of known) {
        if (known.size <= MOST) break;
        old.list.destroy();
        known.delete(key);
      }
      return made;
    },
  };
}
