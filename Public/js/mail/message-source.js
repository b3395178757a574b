// @ts-check
/** A message as it came: its headers, its source, and the whole as a file. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { formatSize } from '../lib/format.js';
import { openDialog } from '../components/dialog.js';
import { button } from '../components/button.js';
import { icon } from '../components/icon.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {{client: import('../jmap/client.js').Client, toast: import('../components/toast.js').ShowToast}} SourceDeps */

const LONGEST_SHOWN = 1_000_000;

/** @param {SourceDeps} deps @param {Email} email */
export function showMessageSource(deps, email) {
  return showRaw(deps, email, t('message.source.title'), (text) => text);
}

/** @param {SourceDeps} deps @param {Email} email */
export function showMessageHeaders(deps, email) {
  return showRaw(deps, email, t('message.headers.title'), (text) => text.split(/\r?\n\r?\n/, 1)[0]);
}

/**
 * Saves the message as an `.eml` file.
 * @param {SourceDeps} deps @param {Email} email
 */
export function downloadMessage(deps, email) {
  const link = h('a', { href: emlAddress(deps, email), download: fileName(email), hidden: true });
  document.body.append(link);
  link.click();
  link.remove();
}

/** @param {SourceDeps} deps @param {Email} email @param {string} title @param {(text: string) => string} cut */
async function showRaw(deps, email, title, cut) {
  const pre = h('pre', { class: 'source-text', tabindex: 0, dir: 'ltr', 'aria-label': title }, t('attachments.loading'));
  const life = new AbortController();
  deps.client.download(email.blobId ?? '', fileName(email), 'message/rfc822', life.signal).then(async (blob) => {
    const text = cut(new TextDecoder().decode(await blob.slice(0, LONGEST_SHOWN).arrayBuffer()));
    pre.replaceChildren(...coloured(text));
    if (blob.size > LONGEST_SHOWN) pre.append(`\n\n${t('attachments.truncated', { size: formatSize(LONGEST_SHOWN) })}`);
  }).catch(() => {
    if (!life.signal.aborted) pre.textContent = t('message.source.failed');
  });
  await openDialog({
    title,
    class: 'source',
    content: () => [
      h('div', { class: 'source-actions' },
        button({ label: t('message.source.copy'), icon: 'copy', onClick: () => void copy(deps, pre.textContent ?? '') }),
        h('a', { class: 'button button-quiet', href: emlAddress(deps, email), download: fileName(email) }, icon('download'), h('span', { class: 'button-label' }, t('message.source.download')))),
      pre,
    ],
  });
  life.abort();
}

/**
 * Header names stand out from their values.
 * @param {string} text @returns {(Node|string)[]}
 */
function coloured(text) {
  const end = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  /** @type {(Node|string)[]} */
  const nodes = [];
  for (const line of text.slice(0, end).split(/(?<=\n)/)) {
    const name = /^[!-9;-~]+:/.exec(line)?.[0];
    if (name) nodes.push(h('span', { class: 'source-name' }, name), line.slice(name.length));
    else nodes.push(line);
  }
  nodes.push(text.slice(end));
  return nodes;
}

/** @param {SourceDeps} deps @param {string} text */
async function copy(deps, text) {
  try {
    await navigator.clipboard.writeText(text);
    deps.toast({ text: t('message.source.copied') });
  } catch {
    deps.toast({ text: t('message.source.copy-failed'), kind: 'error' });
  }
}

/** @param {SourceDeps} deps @param {Email} email */
function emlAddress(deps, email) {
  return deps.client.downloadUrl(email.blobId ?? '', fileName(email), 'message/rfc822');
}

/** @param {Email} email */
function fileName(email) {
  const subject = (email.subject ?? '').replace(/[\\/:*?"<>|\u0000-\u001f]+/g, ' ').trim().slice(0, 80);
  return `${subject || t('message.no-subject')}.eml`;
}
