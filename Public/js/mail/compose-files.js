// @ts-check
/** The files of a message that is being written: uploads with progress, and the list of them. */
import { fill, h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { formatSize } from '../lib/format.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';
import { kindOf } from './attachment-kinds.js';
import { iconOf } from './attachments.js';
import { newFile } from './compose-draft.js';

/** @typedef {import('./compose-draft.js').DraftFile} DraftFile */
/**
 * @typedef {object} ComposeFiles
 * @property {HTMLElement} root
 * @property {() => DraftFile[]} all
 * @property {(files: DraftFile[]) => void} set
 * @property {(blobs: Iterable<File>) => void} attach
 * @property {(blob: File) => Promise<DraftFile>} attachInline   resolves at once; the upload goes on
 * @property {() => boolean} isUploading
 * @property {() => Promise<void>} settled
 * @property {() => void} destroy
 */

/**
 * @param {object} options
 * @param {import('../jmap/client.js').Client} options.client
 * @param {() => void} options.onChange
 * @param {(text: string) => void} options.onProblem
 * @returns {ComposeFiles}
 */
export function createComposeFiles({ client, onChange, onProblem }) {
  /** @type {DraftFile[]} */
  let files = [];
  /** @type {Set<Promise<void>>} */
  const uploads = new Set();
  /** @type {Map<string, Blob>} */
  const blobs = new Map();
  const list = h('ul', { class: 'compose-files', role: 'list', 'aria-label': t('attachments.region'), hidden: true });
  const note = h('span', { class: 'visually-hidden', role: 'status' });
  const root = h('div', { class: 'compose-files-shell' }, list, note);
  const largest = Number(client.session?.capabilities?.['urn:ietf:params:jmap:core']?.maxSizeUpload ?? 50_000_000);

  function draw() {
    const shown = files.filter(({ cid }) => cid === null);
    list.hidden = shown.length === 0;
    fill(list, shown.map(row));
  }

  /** @param {DraftFile} file */
  function row(file) {
    const kind = kindOf({ partId: null, blobId: null, size: file.size, name: file.name, type: file.type });
    const state = file.failed ? t('compose.upload.failed') : file.blobId ? formatSize(file.size) : t('compose.upload.progress', { percent: Math.round(file.progress * 100) });
    return h('li', { class: ['compose-file', file.failed && 'is-failed'], data: { key: file.key } },
      h('span', { class: ['compose-file-icon', `kind-${kind}`], 'aria-hidden': 'true' }, icon(iconOf(kind))),
      h('span', { class: 'compose-file-words' }, h('span', { class: 'compose-file-name', title: file.name }, file.name), h('span', { class: 'compose-file-state' }, state)),
      file.failed ? button({ label: t('compose.upload.retry'), icon: 'refresh', iconOnly: true, onClick: () => upload(file) }) : null,
      button({ label: t(file.blobId || file.failed ? 'compose.upload.remove' : 'compose.upload.cancel', { name: file.name }), icon: 'close', iconOnly: true, onClick: () => remove(file) }),
      file.blobId || file.failed ? null : h('progress', { class: 'compose-file-progress', max: 1, 'aria-label': file.name, prop: { value: file.progress } }));
  }

  /** @param {DraftFile} file */
  function redraw(file) {
    const element = list.querySelector(`[data-key="${file.key}"]`);
    if (element) element.replaceWith(row(file));
  }

  /** @param {DraftFile} file */
  function remove(file) {
    file.cancel?.();
    files = files.filter((other) => other !== file);
    draw();
    note.textContent = t('compose.upload.removed', { name: file.name });
    onChange();
  }

  /** @param {File} blob @param {string|null} cid */
  function add(blob, cid) {
    const name = blob.name || t('attachments.unnamed');
    if (blob.size > largest) {
      onProblem(t('compose.upload.too-large', { name, size: formatSize(largest) }));
      return null;
    }
    const file = newFile(name, blob.type || 'application/octet-stream', blob.size);
    file.cid = cid;
    files.push(file);
    blobs.set(file.key, blob);
    upload(file);
    return file;
  }

  /** @param {DraftFile} file */
  function upload(file) {
    const blob = blobs.get(file.key);
    if (!blob) return;
    const life = new AbortController();
    file.cancel = () => life.abort();
    file.failed = false;
    file.progress = 0;
    draw();
    const work = client.upload(blob, { signal: life.signal, onProgress: (fraction) => { file.progress = fraction; progress(file); } }).then(({ blobId }) => {
      file.blobId = blobId;
      note.textContent = t('compose.upload.done', { name: file.name });
      blobs.delete(file.key);
      onChange();
    }).catch((error) => {
      if (life.signal.aborted) return;
      file.failed = true;
      onProblem(t('compose.upload.failed-named', { name: file.name }));
      console.warn(error);
    }).finally(() => {
      file.cancel = null;
      uploads.delete(work);
      if (files.includes(file)) redraw(file);
    });
    uploads.add(work);
  }

  /** @param {DraftFile} file */
  function progress(file) {
    const element = list.querySelector(`[data-key="${file.key}"]`);
    const bar = element?.querySelector('progress');
    if (bar) bar.value = file.progress;
    const words = element?.querySelector('.compose-file-state');
    if (words) words.textContent = t('compose.upload.progress', { percent: Math.round(file.progress * 100) });
  }

  return {
    root,
    all: () => files,
    set(next) {
      files = next;
      draw();
    },
    attach(chosen) {
      for (const blob of chosen) add(blob, null);
      onChange();
    },
    async attachInline(blob) {
      const file = add(blob, `${crypto.randomUUID()}@mailportal`);
      if (!file) throw new Error('too large');
      return file;
    },
    isUploading: () => uploads.size > 0,
    async settled() {
      while (uploads.size > 0) await Promise.allSettled(uploads);
    },
    destroy() {
      for (const file of files) file.cancel?.();
    },
  };
}
