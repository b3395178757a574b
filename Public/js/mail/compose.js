// @ts-check
/**
 * The composers of the page: docked at the lower right, several at once; on a phone one fills the screen. `openComposer` is the door: a new
 * message, an answer, a forward, a draft, a `mailto:` link.
 */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { BODY_PROPERTIES } from './message-body.js';
import { createComposeWindow } from './compose-window.js';
import { editableContent, forwardOf, quoteOf } from './compose-body.js';
import { filesOf } from './compose-draft.js';
import { fragmentOfText } from './compose-text.js';
import { identityFor, readMailto, recipientsOf, subjectOf, threadOf } from './compose-reply.js';
import { parseAddresses } from './compose-addresses.js';
import { callBack, markOriginal, UNDO_SECONDS } from './compose-send.js';
import { keptDrafts } from './compose-keep.js';
import { loadStyles } from '../lib/lazy-styles.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('../jmap/types.js').Identity} Identity */
/** @typedef {import('./compose-window.js').ComposeDeps} ComposeDeps */
/** @typedef {import('./compose-window.js').ComposeStart} ComposeStart */
/** @typedef {import('./compose-window.js').ComposeWindow} ComposeWindow */
/** @typedef {import('./compose-draft.js').DraftFile} DraftFile */
/** @typedef {import('./compose-keep.js').KeptDraft} KeptDraft */
/**
 * What to write. `to` is an address, a list as text, or addresses.
 * @typedef {{mode: 'new'|'reply'|'replyAll'|'forward'|'draft'|'mailto'|'kept', emailId?: string, url?: string, to?: string|EmailAddress[], cc?: string, subject?: string, body?: string, kept?: KeptDraft, keptKey?: string, original?: ComposeStart['original']}} ComposeSpec
 */

const PROPERTIES = ['id', 'blobId', 'from', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'sentAt', 'receivedAt', 'messageId', 'inReplyTo', 'references', 'textBody', 'htmlBody', 'attachments', 'bodyValues'];
const NARROW = '(max-width: 719px)';

/** @type {HTMLElement|null} */
let dock = null;
/** @type {ComposeWindow[]} */
let windows = [];

/**
 * @param {ComposeDeps} deps
 * @param {ComposeSpec} spec
 * @returns {Promise<ComposeWindow|null>}
 */
export async function openComposer(deps, spec) {
  const shown = spec.mode === 'draft' && windows.find((window) => window.emailId === spec.emailId);
  if (shown) {
    shown.focus();
    return shown;
  }
  const opener = document.activeElement;
  try {
    const [identities] = await Promise.all([loadIdentities(deps), loadStyles('compose', 'address-field', 'rich-editor')]);
    const start = await startOf(deps, spec, identities);
    return show(deps, identities, start, opener);
  } catch (error) {
    console.error(error);
    deps.toast({ text: t('compose.open-failed'), kind: 'error', action: { label: t('action.retry'), run: () => void openComposer(deps, spec) } });
    return null;
  }
}

/**
 * Opens again what a tab had not given to the server when it ended.
 * @param {ComposeDeps} deps
 */
export async function restoreComposers(deps) {
  for (const { key, draft } of keptDrafts(deps.client.accountId)) {
    const window = await openComposer(deps, { mode: 'kept', kept: draft, keptKey: key });
    window?.setState('small');
    if (document.activeElement instanceof HTMLElement && window?.root.contains(document.activeElement)) document.activeElement.blur();
  }
}

/** @param {ComposeDeps} deps @param {Identity[]} identities @param {ComposeStart} start @param {Element|null} opener */
function show(deps, identities, start, opener) {
  dock ??= document.body.appendChild(h('aside', { class: 'composer-dock', 'aria-label': t('compose.region') }));
  const bound = { ...deps, openComposer: (/** @type {ComposeSpec} */ spec) => void openComposer(deps, spec) };
  const window = createComposeWindow(bound, identities, start, {
    closed(closed) {
      const had = windows.includes(closed);
      windows = windows.filter((other) => other !== closed);
      arrange();
      if (had && windows.length === 0 && history.state?.composer) history.back();
      if (had && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    },
    changed: arrange,
    sent: (message) => announce(bound, message),
  });
  windows.push(window);
  leaveByBack();
  dock.append(window.root);
  const room = matchMedia(NARROW).matches ? 1 : Math.max(1, Math.floor((innerWidth - 80) / 580));
  for (const other of windows.slice(0, -room)) if (other.state() === 'open') other.setState('small');
  arrange();
  window.focus();
  return window;
}

/** On a phone the back button leaves the composer, not the page behind it. */
function leaveByBack() {
  if (!matchMedia(NARROW).matches || history.state?.composer) return;
  history.pushState({ depth: (history.state?.depth ?? 0) + 1, composer: true }, '', location.href);
  addEventListener('popstate', () => {
    for (const window of windows) void window.close();
  }, { once: true });
}

/** While one fills the screen, the page behind is out of reach. */
function arrange() {
  const covers = windows.some((window) => window.state() === 'full' || (window.state() === 'open' && matchMedia(NARROW).matches));
  dock?.classList.toggle('has-full', covers);
  for (const child of /** @type {HTMLElement[]} */ (Array.from(document.body.children))) {
    if (child !== dock && child.localName !== 'script' && !child.matches('.toast-region, dialog, [popover]')) child.inert = covers;
  }
}

/** @param {ComposeDeps} deps @param {{sent: import('./compose-send.js').Sent, start: ComposeStart, at: Date|null}} message */
function announce(deps, { sent, start, at }) {
  if (start.original) void markOriginal(deps, start.original.id, start.original.keyword, true);
  const undo = async () => {
    const done = await callBack(deps, sent).catch(() => false);
    if (!done) {
      deps.toast({ text: t('compose.too-late'), kind: 'error' });
      return;
    }
    if (start.original) void markOriginal(deps, start.original.id, start.original.keyword, false);
    void openComposer(deps, { mode: 'draft', emailId: sent.emailId, original: start.original });
  };
  const text = at ? t('compose.scheduled', { date: new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' }).format(at) }) : t('compose.sent');
  deps.toast({ text, ...(sent.holds ? { action: { label: t('action.undo'), run: () => void undo() }, timeout: UNDO_SECONDS * 1000 } : {}) });
}

/** @param {ComposeDeps} deps @returns {Promise<Identity[]>} */
async function loadIdentities({ client, store }) {
  const known = store.list('Identity');
  if (known.length > 0) return known;
  return (await client.call('Identity/get', { ids: null })).list;
}

/** @param {ComposeDeps} deps @param {ComposeSpec} spec @param {Identity[]} identities @returns {Promise<ComposeStart>} */
async function startOf(deps, spec, identities) {
  switch (spec.mode) {
    case 'reply':
    case 'replyAll':
    case 'forward': return answer(deps, await fetchEmail(deps, spec.emailId ?? ''), spec.mode, identities);
    case 'draft': return draft(deps, await fetchEmail(deps, spec.emailId ?? ''), identities, spec.original ?? null);
    case 'kept': return kept(deps, /** @type {KeptDraft} */ (spec.kept), spec.keptKey, identities);
    case 'mailto': return fresh(identities, readMailto(spec.url ?? ''));
    default: return fresh(identities, { to: spec.to ?? '', cc: spec.cc ?? '', bcc: '', subject: spec.subject ?? '', body: spec.body ?? '' });
  }
}

/** @param {Identity[]} identities @param {{to: string|EmailAddress[], cc: string, bcc: string, subject: string, body: string}} fields @returns {ComposeStart} */
function fresh(identities, { to, cc, bcc, subject, body }) {
  return {
    to: typeof to === 'string' ? parseAddresses(to) : to, cc: parseAddresses(cc), bcc: parseAddresses(bcc), subject,
    content: body ? fragmentOfText(body) : document.createDocumentFragment(), quote: null, files: [], inReplyTo: null, references: null, original: null,
    identity: identities[0] ?? null, emailId: null, isPlain: false, hasSignature: false,
  };
}

/** @param {ComposeDeps} deps @param {Email} email @param {import('./compose-reply.js').AnswerMode} mode @param {Identity[]} identities @returns {Promise<ComposeStart>} */
async function answer(deps, email, mode, identities) {
  const files = filesOf(email, mode === 'forward');
  const content = await editableContent(email, files, showImage(deps));
  for (const element of content.querySelectorAll('.signature')) element.classList.remove('signature');
  const forwards = mode === 'forward';
  const text = document.createDocumentFragment();
  text.append(h('div', null, h('br')));
  if (forwards) text.append(forwardOf(email, content));
  return {
    ...recipientsOf(email, mode, identities.map((identity) => identity.email)), bcc: [],
    subject: subjectOf(email.subject, mode), content: text, quote: forwards ? null : quoteOf(email, content),
    files, ...threadOf(email, mode), original: { id: email.id, keyword: forwards ? '$forwarded' : '$answered' },
    identity: identityFor(email, identities), emailId: null, isPlain: false, hasSignature: false,
  };
}

/** @param {ComposeDeps} deps @param {Email} email @param {Identity[]} identities @param {ComposeStart['original']} original @returns {Promise<ComposeStart>} */
async function draft(deps, email, identities, original) {
  const files = filesOf(email, true);
  const sender = email.from?.[0]?.email.toLowerCase();
  return {
    to: email.to ?? [], cc: email.cc ?? [], bcc: email.bcc ?? [], subject: email.subject ?? '', content: await editableContent(email, files, showImage(deps)), quote: null, files,
    inReplyTo: email.inReplyTo ?? null, references: email.references ?? null, original: original ?? await originalOf(deps, email),
    identity: identities.find((identity) => identity.email.toLowerCase() === sender) ?? identities[0] ?? null, emailId: email.id,
    isPlain: !(email.htmlBody ?? []).some((part) => part.type === 'text/html'), hasSignature: true,
  };
}

/** @param {ComposeDeps} deps @param {KeptDraft} draftKept @param {string|undefined} keptKey @param {Identity[]} identities @returns {Promise<ComposeStart>} */
async function kept(deps, draftKept, keptKey, identities) {
  const isPlain = draftKept.html === null;
  /** @type {any} */
  const email = { htmlBody: [{ partId: '1', type: isPlain ? 'text/plain' : 'text/html' }], bodyValues: { 1: { value: draftKept.html ?? draftKept.text } } };
  const alive = draftKept.emailId ? (await deps.client.call('Email/get', { ids: [draftKept.emailId], properties: ['id'] })).list.length > 0 : false;
  return {
    to: draftKept.to, cc: draftKept.cc, bcc: draftKept.bcc, subject: draftKept.subject, content: await editableContent(email, draftKept.files, showImage(deps)), quote: null,
    files: draftKept.files, inReplyTo: draftKept.inReplyTo, references: draftKept.references, original: draftKept.original,
    identity: identities.find(({ id }) => id === draftKept.identityId) ?? identities[0] ?? null, emailId: alive ? draftKept.emailId : null, isPlain, hasSignature: true, keptKey,
  };
}

/**
 * What a draft answers, found by its message id.
 * @param {ComposeDeps} deps @param {Email} email @returns {Promise<ComposeStart['original']>}
 */
async function originalOf({ client }, email) {
  const id = email.inReplyTo?.[0];
  if (!id) return null;
  try {
    const { ids } = await client.call('Email/query', { filter: { header: ['Message-ID', id] }, limit: 1 });
    return ids[0] ? { id: ids[0], keyword: '$answered' } : null;
  } catch {
    return null;
  }
}

/** @param {ComposeDeps} deps @param {string} id @returns {Promise<Email>} */
async function fetchEmail({ client }, id) {
  const { list } = await client.call('Email/get', { ids: [id], properties: PROPERTIES, ...BODY_PROPERTIES, maxBodyValueBytes: 5_000_000 });
  if (!list[0]) throw new Error('the message is gone');
  return list[0];
}

/** @param {ComposeDeps} deps @returns {(image: HTMLImageElement, file: DraftFile) => void} */
function showImage({ client }) {
  return (image, file) => {
    if (!/^image\/(?:png|jpeg|gif|webp)$/.test(file.type) || !file.blobId) return;
    client.download(file.blobId, file.name, file.type).then((blob) => { image.src = URL.createObjectURL(new Blob([blob], { type: file.type })); }).catch(() => {});
  };
}
