/** The modules that show a conversation, loaded once it is likely that something will be read. */
import { loadStyles } from '../lib/lazy-styles.js';

/**
 * @typedef {object} Reader
 * @property {() => typeof import('./conversation.js').createConversation | null} ready  null until it is loaded
 * @property {() => Promise<void>} load
 * @property {() => void} prepare
 */

/** @returns {Reader} */
export function createReader() {
  /** @type {typeof import('./conversation.js').createConversation | null} */
  let create = null;
  /** @type {Promise<void> | null} */
  let loading = null;

  function load() {
    loading ??= Promise.all([import('./conversation.js'), loadStyles('conversation', 'message-body', 'attachments')])
      .then(([module]) => { create = module.createConversation; })
      .finally(() => { loading = null; });
    return loading;
  }

  return {
    ready: () => create,
    load,
    prepare() {
      if (create || loading) return;
      Promise.all([load(), import('./message-body.js'), import('./attachments.js')]).catch(() => { /* Opening asks again. */ });
    },
  };
}
