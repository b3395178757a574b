// @ts-check
/**
 * Keeps what is written: on the server some seconds after a change, one save after the other, and in this browser whenever that did not work or the
 * page goes away.
 */
import { t } from '../lib/i18n.js';
import { saveDraft } from './compose-send.js';
import { forgetKept, keep } from './compose-keep.js';

/** @typedef {import('./compose-keep.js').KeptDraft} KeptDraft */
/**
 * @typedef {object} Saver
 * @property {() => void} changed                  something was typed
 * @property {() => Promise<boolean>} save         keeps what there is, if anything is new; whether the server has it
 * @property {() => Promise<void>} settled         no save is on its way
 * @property {() => void} keepHere
 * @property {() => void} force                    the next save happens, whether anything is new or not
 * @property {() => void} hold                     no save by itself until something changes again
 * @property {() => boolean} isDirty
 * @property {() => string | null} emailId         the draft on the server
 * @property {() => void} forget                   what this browser kept is not needed any more
 * @property {() => void} destroy
 */

const SAVE_AFTER = 2500;
const SAVE_AT_LATEST = 10_000;

/**
 * @param {object} options
 * @param {import('./compose-send.js').SendDeps} options.deps
 * @param {string | null} options.emailId
 * @param {string} options.keptKey
 * @param {() => KeptDraft} options.draft
 * @param {() => boolean} options.isEmpty
 * @param {() => import('./compose-draft.js').DraftFile[]} options.files
 * @param {(text: string) => void} options.onStatus
 * @returns {Saver}
 */
export function createSaver({ deps, emailId: startId, keptKey, draft, isEmpty, files, onStatus }) {
  const { client } = deps;
  const life = new AbortController();
  let emailId = startId;
  let isDirty = false;
  let changedAt = 0;
  /** @type {number | undefined} */
  let timer;
  /** @type {Promise<void>} */
  let saving = Promise.resolve();

  /** @param {number} delay */
  function schedule(delay) {
    clearTimeout(timer);
    if (!life.signal.aborted) timer = window.setTimeout(() => void save(), delay);
  }

  function changed() {
    if (!isDirty) changedAt = Date.now();
    isDirty = true;
    schedule(Math.max(0, Math.min(SAVE_AFTER, changedAt + SAVE_AT_LATEST - Date.now())));
  }

  /** @returns {Promise<boolean>} */
  function save() {
    clearTimeout(timer);
    const work = saving.then(saveNow);
    saving = work.then(() => {}, () => {});
    return work;
  }

  async function saveNow() {
    if (!isDirty) return true;
    isDirty = false;
    if (!emailId && isEmpty()) return true;
    onStatus(t('compose.saving'));
    try {
      emailId = await saveDraft(deps, draft(), emailId);
      await refreshFiles(emailId);
      if (!isDirty) forgetKept(client.accountId, keptKey);
      onStatus(t('compose.saved'));
      return true;
    } catch (error) {
      isDirty = true;
      keepHere();
      onStatus(t(/** @type {any} */ (error).name === 'OfflineError' ? 'compose.kept-here' : 'compose.not-saved'));
      schedule(SAVE_AT_LATEST);
      return false;
    }
  }

  /**
   * The parts of a draft go with it: after each save the files are those of the new one.
   * @param {string} id
   */
  async function refreshFiles(id) {
    const ready = files().filter(({ blobId }) => blobId);
    if (ready.length === 0) return;
    const { list } = await client.call('Email/get', { ids: [id], properties: ['attachments'], bodyProperties: ['blobId', 'name', 'size', 'cid', 'type'] });
    const parts = [...(list[0]?.attachments ?? [])];
    for (const file of ready) {
      const at = parts.findIndex((part) => part.name === file.name && part.size === file.size && (part.cid ?? null) === file.cid);
      if (at >= 0) file.blobId = parts.splice(at, 1)[0].blobId;
    }
  }

  function keepHere() {
    const all = { ...draft(), emailId };
    keep(client.accountId, keptKey, { ...all, files: all.files.filter(({ blobId }) => blobId) });
  }

  window.addEventListener('pagehide', () => {
    if (isDirty) keepHere();
  }, { signal: life.signal });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden' || !isDirty) return;
    keepHere();
    void save();
  }, { signal: life.signal });
  client.status.subscribe((status) => {
    if (status === 'online' && isDirty) void save();
  }, life.signal);

  return {
    changed,
    save,
    settled: () => saving,
    keepHere,
    force() {
      isDirty = true;
    },
    hold() {
      clearTimeout(timer);
      isDirty = false;
    },
    isDirty: () => isDirty,
    emailId: () => emailId,
    forget: () => forgetKept(client.accountId, keptKey),
    destroy() {
      clearTimeout(timer);
      life.abort();
    },
  };
}
