// @ts-check
/**
 * One message that is being written. Whatever is typed is kept: on the server a few seconds later, in this browser at once when the page
 * goes away, so that nothing is lost with the network, the session or the tab.
 */
import { h, uniqueId } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { keyText } from '../lib/keys.js';
import { button } from '../components/button.js';
import { icon, setIcon } from '../components/icon.js';
import { openMenu } from '../components/menu.js';
import { createAddressField } from '../components/address-field.js';
import { createRichEditor } from '../components/rich-editor.js';
import { correspondentsOf } from './correspondents.js';
import { createComposeFiles } from './compose-files.js';
import { outgoingHTML, signatureOf } from './compose-body.js';
import { fragmentOfText, textOf } from './compose-text.js';
import { isEmpty } from './compose-draft.js';
import { discardDraft, sendMessage, saveDraft } from './compose-send.js';
import { forgetKept, keep } from './compose-keep.js';
import { askSendTime, sendTimes } from './compose-schedule.js';
import { explain } from './compose-errors.js';

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('../jmap/types.js').Identity} Identity */
/** @typedef {import('./compose-draft.js').DraftFile} DraftFile */
/** @typedef {import('./compose-draft.js').DraftContent} DraftContent */
/** @typedef {{client: import('../jmap/client.js').Client, store: import('../jmap/store.js').Store, toast: import('../components/toast.js').ShowToast, openComposer?: (spec: any) => void}} ComposeDeps */
/**
 * @typedef {object} ComposeStart
 * @property {EmailAddress[]} to
 * @property {EmailAddress[]} cc
 * @property {EmailAddress[]} bcc
 * @property {string} subject
 * @property {DocumentFragment} content
 * @property {DocumentFragment|null} quote      what is answered: folded away until asked for
 * @property {DraftFile[]} files
 * @property {string[]|null} inReplyTo
 * @property {string[]|null} references
 * @property {{id: string, keyword: '$answered'|'$forwarded'}|null} original
 * @property {Identity|null} identity
 * @property {string|null} emailId              the draft that is kept on the server
 * @property {boolean} isPlain
 * @property {boolean} hasSignature             the content has one already
 * @property {string} [keptKey]                 what was kept in this browser
 */
/** @typedef {'open'|'small'|'full'} WindowState */
/**
 * @typedef {object} ComposeWindow
 * @property {HTMLElement} root
 * @property {() => void} focus
 * @property {(state: WindowState) => void} setState
 * @property {() => WindowState} state
 * @property {() => Promise<void>} close
 * @property {string|null} emailId
 */
/** @typedef {{closed: (window: ComposeWindow) => void, changed: () => void, sent: (message: {sent: import('./compose-send.js').Sent, start: ComposeStart, at: Date|null}) => void}} WindowEvents */

const SAVE_AFTER = 2500;
const SAVE_AT_LATEST = 10_000;
const MENTIONS_FILE = /\b(?:attach(?:ed|ment|ments|ing)|enclosed|anbei|anhang|angehängt|beigefügt|ci-joint|pi[eè]ces? jointes?|adjunt[oa]s?|allegat[oi]|bijlage|bijgevoegd|anexo|em anexo|vedlagt|bifogad)|вложени|во вложении/i;

/**
 * @param {ComposeDeps} deps
 * @param {Identity[]} identities
 * @param {ComposeStart} start
 * @param {WindowEvents} events
 * @returns {ComposeWindow}
 */
export function createComposeWindow(deps, identities, start, events) {
  const life = new AbortController();
  let identity = start.identity;
  let emailId = start.emailId;
  let quote = start.quote;
  let isPlain = start.isPlain;
  let isDirty = false;
  let isSending = false;
  let isClosed = false;
  let ignoresMissingFile = false;
  /** @type {WindowState} */
  let state = 'open';
  const keptKey = start.keptKey ?? uniqueKey();
  /** @type {string[]} */
  const objects = [];
  const known = correspondentsOf(deps.client, deps.store);
  const suggest = known.suggest;

  // Head
  const titleId = uniqueId('composer');
  const title = h('span', { class: 'composer-title', id: titleId });
  const status = h('span', { class: 'composer-status', role: 'status' });
  const sizeButton = button({ label: t('compose.expand'), icon: 'expand', iconOnly: true, onClick: () => setState(state === 'full' ? 'open' : 'full'), props: { class: 'composer-expand' } });
  const smallButton = button({ label: t('compose.minimize'), icon: 'minimize', iconOnly: true, onClick: () => setState(state === 'small' ? 'open' : 'small'), props: { class: 'composer-minimize' } });
  const head = h('header', { class: 'composer-head', on: { click: (/** @type {Event} */ event) => {
    if (state === 'small' && !(/** @type {Element} */ (event.target).closest('button'))) setState('open');
  } } }, h('h2', { class: 'composer-heading' }, title), status, smallButton, sizeButton,
  button({ label: t('compose.close'), icon: 'close', iconOnly: true, keys: 'Esc', onClick: () => void close() }));

  // Fields
  const ccButton = button({ label: t('compose.cc'), onClick: () => showField(cc, ccButton), props: { class: 'field-opener' } });
  const bccButton = button({ label: t('compose.bcc'), onClick: () => showField(bcc, bccButton), props: { class: 'field-opener' } });
  const to = createAddressField({ label: t('compose.to'), value: start.to, onChange: changed, suggest, trailing: [ccButton, bccButton] });
  const cc = createAddressField({ label: t('compose.cc'), value: start.cc, onChange: changed, suggest });
  const bcc = createAddressField({ label: t('compose.bcc'), value: start.bcc, onChange: changed, suggest });
  cc.root.hidden = start.cc.length === 0;
  bcc.root.hidden = start.bcc.length === 0;
  ccButton.hidden = !cc.root.hidden;
  bccButton.hidden = !bcc.root.hidden;
  const fromId = uniqueId('from');
  /** @type {HTMLSelectElement} */
  const from = h('select', { id: fromId, class: 'composer-from', on: { change: () => chooseIdentity(identities.find(({ id }) => id === from.value) ?? null) } },
    identities.map((one) => h('option', { value: one.id, selected: one.id === identity?.id }, one.name ? `${one.name} <${one.email}>` : one.email)));
  const fromRow = h('div', { class: 'composer-row', hidden: identities.length < 2 }, h('label', { class: 'address-label', for: fromId }, t('compose.from')), from);
  const subject = h('input', { class: 'composer-subject', type: 'text', 'aria-label': t('compose.subject'), placeholder: t('compose.subject'), maxlength: 900, dir: 'auto', prop: { value: start.subject }, on: { input: () => { showTitle(); changed(); } } });

  // Text
  const editor = createRichEditor({ label: t('compose.body'), onChange: changed, onFiles: (files) => void addImages(files) });
  const plain = h('textarea', { class: 'composer-plain', 'aria-label': t('compose.body'), hidden: true, dir: 'auto', on: { input: changed } });
  const quoteButton = h('button', { type: 'button', class: 'composer-quote', title: t('message.quote.show'), 'aria-label': t('message.quote.show'), hidden: quote === null, on: { click: () => openQuote(true) } }, '•••');
  const files = createComposeFiles({ client: deps.client, onChange: changed, onProblem: (text) => warn(text) });
  const picker = h('input', { type: 'file', multiple: true, hidden: true, 'aria-label': t('compose.attach'), on: { change: () => { files.attach(Array.from(picker.files ?? [])); picker.value = ''; } } });
  const notice = h('div', { class: 'composer-notice', role: 'alert', hidden: true });

  // Foot
  const sendButton = button({ label: t('compose.send'), icon: 'sent', kind: 'primary', keys: keyText('Mod+Enter'), onClick: () => void send(null), props: { class: 'composer-send' } });
  const laterButton = button({ label: t('compose.send-later'), icon: 'chevron-up', iconOnly: true, kind: 'primary', onClick: () => chooseTime(), props: { class: 'composer-later', 'aria-haspopup': 'menu' } });
  const formatButton = button({ label: t('compose.format.toolbar'), iconOnly: true, onClick: () => showToolbar(editor.toolbar.hidden), props: { 'aria-expanded': 'true', class: 'composer-format' } });
  formatButton.append(h('span', { class: 'composer-format-mark', 'aria-hidden': 'true' }, 'Aa'));
  const moreButton = button({ label: t('compose.more'), icon: 'more-vertical', iconOnly: true, onClick: openMore, props: { 'aria-haspopup': 'menu' } });
  const foot = h('footer', { class: 'composer-foot' },
    h('span', { class: 'split-button' }, sendButton, laterButton), formatButton,
    button({ label: t('compose.attach'), icon: 'attachment', iconOnly: true, onClick: () => picker.click() }),
    h('span', { class: 'composer-space' }), moreButton,
    button({ label: t('compose.discard'), icon: 'trash', iconOnly: true, onClick: () => void discard() }));

  /** @type {HTMLElement} */
  const scroller = h('div', { class: 'composer-scroll', on: { pointerdown: (/** @type {PointerEvent} */ event) => {
    if (event.target !== scroller || isPlain) return;
    event.preventDefault();
    editor.focus(true);
  } } }, editor.root, plain, quoteButton);
  const body = h('div', { class: 'composer-body' },
    h('div', { class: 'composer-fields' }, fromRow, to.root, cc.root, bcc.root, subject), scroller, files.root, notice, editor.toolbar, foot, picker);
  const root = h('section', {
    class: 'composer', role: 'dialog', 'aria-labelledby': titleId, 'aria-modal': 'false',
    on: { keydown: onKey, dragenter: onDrag, dragover: onDrag, dragleave: endDrag, drop: onDrop },
  }, head, body, h('div', { class: 'composer-drop', 'aria-hidden': 'true' }, icon('attachment'), t('compose.drop')));

  /** @type {ComposeWindow} */
  const self = { root, focus, setState, state: () => state, close, get emailId() { return emailId; } };

  // ---- the text ----

  editor.set(start.content);
  if (editor.area().childNodes.length === 0) editor.area().append(emptyLine());
  if (!start.hasSignature) placeSignature();
  files.set(start.files);
  if (isPlain) showPlain();
  showTitle();
  const untouched = content().text;

  function emptyLine() {
    return h('div', null, h('br'));
  }

  function placeSignature() {
    const old = editor.area().querySelector(':scope > .signature');
    const block = identity ? signatureOf(identity) : null;
    if (old && block) old.replaceWith(block);
    else if (old) old.remove();
    else if (block) {
      const forwarded = start.original?.keyword === '$forwarded' ? editor.area().firstElementChild?.nextSibling ?? null : null;
      editor.area().insertBefore(block, forwarded);
      block.before(emptyLine());
      if (editor.area().firstElementChild?.nextElementSibling === block) editor.area().prepend(emptyLine());
    }
  }

  /** Everything that is said, with what is still folded. */
  function whole() {
    const all = /** @type {HTMLElement} */ (editor.area().cloneNode(true));
    Array.from(all.querySelectorAll('[style]')).forEach((element, index) => {
      /** @type {HTMLElement} */ (element).style.cssText = /** @type {HTMLElement} */ (editor.area().querySelectorAll('[style]')[index]).style.cssText;
    });
    if (quote) all.append(h('div', null, h('br')), quote.cloneNode(true));
    return all;
  }

  /** @returns {DraftContent} */
  function content() {
    const all = isPlain ? null : whole();
    return {
      from: { name: identity?.name ?? null, email: identity?.email ?? '' },
      to: to.value(), cc: cc.value(), bcc: bcc.value(), replyTo: identity?.replyTo ?? null,
      subject: subject.value,
      html: all ? outgoingHTML(all) : null,
      text: all ? textOf(all) : plain.value + (quote ? `\n\n${textOf(quote)}` : ''),
      files: files.all(), inReplyTo: start.inReplyTo, references: start.references,
    };
  }

  /** @param {boolean} moves */
  function openQuote(moves) {
    if (!quote) return;
    if (isPlain) plain.value += `\n\n${textOf(quote)}`;
    else editor.area().append(emptyLine(), quote);
    quote = null;
    quoteButton.hidden = true;
    if (moves && !isPlain) editor.focus();
    changed();
  }

  function showPlain() {
    openQuote(false);
    plain.value = textOf(editor.area());
    isPlain = true;
    editor.root.hidden = editor.toolbar.hidden = formatButton.hidden = true;
    plain.hidden = false;
  }

  function showRich() {
    isPlain = false;
    editor.set(fragmentOfText(plain.value));
    plain.hidden = true;
    editor.root.hidden = editor.toolbar.hidden = formatButton.hidden = false;
  }

  /** @param {boolean} shows */
  function showToolbar(shows) {
    editor.toolbar.hidden = !shows;
    formatButton.setAttribute('aria-expanded', String(shows));
  }

  /** @param {File[]} chosen */
  async function addImages(chosen) {
    const images = chosen.filter((file) => /^image\/(?:png|jpeg|gif|webp)$/.test(file.type) && !isPlain);
    files.attach(chosen.filter((file) => !images.includes(file)));
    for (const image of images) {
      const file = await files.attachInline(image).catch(() => null);
      if (!file) continue;
      const object = URL.createObjectURL(image);
      objects.push(object);
      editor.insert(h('img', { src: object, alt: image.name, data: { cid: file.cid ?? '' } }));
    }
  }

  /** @param {Identity|null} chosen */
  function chooseIdentity(chosen) {
    identity = chosen;
    if (!isPlain) placeSignature();
    changed();
  }

  // ---- keeping ----

  /** @type {number|undefined} */
  let timer;
  let changedAt = 0;
  /** @type {Promise<void>} */
  let saving = Promise.resolve();

  function changed() {
    if (isClosed || isSending) return;
    notice.hidden = true;
    if (!isDirty) changedAt = Date.now();
    isDirty = true;
    clearTimeout(timer);
    timer = window.setTimeout(() => void save(), Math.max(0, Math.min(SAVE_AFTER, changedAt + SAVE_AT_LATEST - Date.now())));
  }

  /**
   * Keeps what there is; one save after the other.
   * @returns {Promise<boolean>}
   */
  function save() {
    clearTimeout(timer);
    const work = saving.then(async () => {
      if (!isDirty) return true;
      const draft = content();
      if (isEmpty(draft, untouched) && !emailId) {
        isDirty = false;
        return true;
      }
      isDirty = false;
      setStatus(t('compose.saving'));
      try {
        const id = await saveDraft(deps, draft, emailId);
        emailId = id;
        await refreshFiles(id);
        if (!isDirty) forgetKept(deps.client.accountId, keptKey);
        setStatus(t('compose.saved'));
        return true;
      } catch (error) {
        isDirty = true;
        keepHere();
        setStatus(t(/** @type {any} */ (error).name === 'OfflineError' ? 'compose.kept-here' : 'compose.not-saved'));
        clearTimeout(timer);
        timer = window.setTimeout(() => void save(), SAVE_AT_LATEST);
        return false;
      }
    });
    saving = work.then(() => {}, () => {});
    return work;
  }

  /**
   * The parts of a draft go with it: after each save the files are those of the new one.
   * @param {string} id
   */
  async function refreshFiles(id) {
    const ready = files.all().filter(({ blobId }) => blobId);
    if (ready.length === 0) return;
    const { list } = await deps.client.call('Email/get', { ids: [id], properties: ['attachments'], bodyProperties: ['blobId', 'name', 'size', 'cid', 'type'] });
    const parts = [...(list[0]?.attachments ?? [])];
    for (const file of ready) {
      const at = parts.findIndex((part) => part.name === file.name && part.size === file.size && (part.cid ?? null) === file.cid);
      if (at >= 0) file.blobId = parts.splice(at, 1)[0].blobId;
    }
  }

  function keepHere() {
    if (isClosed || (!isDirty && !isSending)) return;
    keep(deps.client.accountId, keptKey, { ...content(), files: files.all().filter(({ blobId }) => blobId), identityId: identity?.id ?? null, emailId, original: start.original });
  }

  window.addEventListener('pagehide', keepHere, { signal: life.signal });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'hidden') return;
    keepHere();
    void save();
  }, { signal: life.signal });
  deps.client.status.subscribe((now) => {
    if (now === 'online' && isDirty) void save();
  }, life.signal);

  // ---- sending ----

  /** @param {Date|null} at */
  async function send(at) {
    if (isSending) return;
    if (!isReadyToSend(at)) return;
    isSending = true;
    setBusy(true);
    try {
      if (files.isUploading()) {
        setStatus(t('compose.uploading'));
        await files.settled();
      }
      if (files.all().some(({ failed }) => failed)) throw new Error('upload');
      await saving;
      clearTimeout(timer);
      keepHere();
      setStatus(t('compose.sending'));
      const draft = content();
      const sent = await sendMessage(deps, { draft, identityId: identity?.id ?? '', previous: emailId, at });
      known.note([...draft.to, ...draft.cc, ...draft.bcc]);
      forgetKept(deps.client.accountId, keptKey);
      finish();
      events.sent({ sent, start, at });
    } catch (error) {
      isSending = false;
      isDirty = true;
      setBusy(false);
      setStatus('');
      warn(explain(error));
      changed();
      notice.hidden = false;
    }
  }

  /** @param {Date|null} at */
  function isReadyToSend(at) {
    const recipients = [...to.value(), ...cc.value(), ...bcc.value()];
    const wrong = [to, cc, bcc].find((field) => !field.isValid());
    if (recipients.length === 0 || wrong) {
      if (state === 'small') setState('open');
      warn(t(wrong ? 'compose.invalid-recipient' : 'compose.no-recipient'));
      (wrong ?? to).focus();
      return false;
    }
    if (!identity) {
      warn(t('compose.no-identity'));
      return false;
    }
    if (!ignoresMissingFile && mentionsFile() && files.all().every(({ cid }) => cid !== null)) {
      warn(t('compose.missing-file'), [
        button({ label: t('compose.attach'), icon: 'attachment', onClick: () => picker.click() }),
        button({ label: t('compose.send-anyway'), onClick: () => { ignoresMissingFile = true; void send(at); } }),
      ]);
      return false;
    }
    return true;
  }

  function mentionsFile() {
    if (isPlain) return MENTIONS_FILE.test(plain.value.replace(/^>.*$/gm, ''));
    const own = /** @type {HTMLElement} */ (editor.area().cloneNode(true));
    for (const element of own.querySelectorAll('blockquote, .signature')) element.remove();
    const text = start.original?.keyword === '$forwarded' ? textOf(own).split(/^-{6,}/m)[0] : textOf(own);
    return MENTIONS_FILE.test(text) || MENTIONS_FILE.test(start.original ? '' : subject.value);
  }

  function chooseTime() {
    openMenu(laterButton, [
      t('compose.send-later'),
      ...sendTimes(new Date()).map(({ label, date }) => ({ label, icon: 'clock', run: () => void send(date) })),
      null,
      { label: t('compose.pick-time'), icon: 'calendar', run: async () => {
        const date = await askSendTime();
        if (date) void send(date);
      } },
    ], t('compose.send-later'));
  }

  function openMore() {
    openMenu(moreButton, [
      { label: t('compose.plain-text'), checked: isPlain, run: () => { if (isPlain) showRich(); else showPlain(); changed(); } },
      { label: t('compose.insert-image'), icon: 'image', disabled: isPlain, run: chooseImage },
      null,
      { label: t('compose.save-now'), icon: 'drafts', run: () => { isDirty = true; void save(); } },
      { label: t('compose.discard'), icon: 'trash', danger: true, run: () => void discard() },
    ], t('compose.more'));
  }

  function chooseImage() {
    const images = h('input', { type: 'file', accept: 'image/png,image/jpeg,image/gif,image/webp', multiple: true, hidden: true });
    images.addEventListener('change', () => { void addImages(Array.from(images.files ?? [])); images.remove(); });
    root.append(images);
    images.click();
  }

  // ---- the window ----

  /** @param {string} text @param {HTMLElement[]} [actions] */
  function warn(text, actions = []) {
    notice.replaceChildren(icon('warning'), h('span', { class: 'composer-notice-text' }, text), ...actions, button({ label: t('action.dismiss'), icon: 'close', iconOnly: true, onClick: () => { notice.hidden = true; } }));
    notice.hidden = false;
  }

  /** @param {boolean} busy */
  function setBusy(busy) {
    root.toggleAttribute('aria-busy', busy);
    sendButton.disabled = laterButton.disabled = busy;
  }

  /** @param {string} text */
  function setStatus(text) {
    if (status.textContent !== text) status.textContent = text;
  }

  function showTitle() {
    title.textContent = subject.value.trim() || t('compose.new-message');
  }

  /** @param {{root: HTMLElement, focus: () => void}} field @param {HTMLElement} opener */
  function showField(field, opener) {
    field.root.hidden = false;
    opener.hidden = true;
    field.focus();
  }

  function focus() {
    if (state === 'small') setState('open');
    if (to.value().length === 0) to.focus();
    else if (isPlain) {
      plain.focus();
      plain.setSelectionRange(0, 0);
    } else editor.focus();
  }

  /** @param {WindowState} next */
  function setState(next) {
    const was = state;
    state = next;
    root.classList.toggle('is-small', state === 'small');
    root.classList.toggle('is-full', state === 'full');
    body.hidden = state === 'small';
    root.setAttribute('aria-modal', String(state === 'full'));
    const isFull = state === 'full';
    sizeButton.title = t(isFull ? 'compose.shrink' : 'compose.expand');
    sizeButton.setAttribute('aria-label', sizeButton.title);
    setIcon(/** @type {any} */ (sizeButton.querySelector('svg')), isFull ? 'shrink' : 'expand');
    smallButton.title = t(state === 'small' ? 'compose.restore' : 'compose.minimize');
    smallButton.setAttribute('aria-label', smallButton.title);
    setIcon(/** @type {any} */ (smallButton.querySelector('svg')), state === 'small' ? 'chevron-up' : 'minimize');
    events.changed();
    if (state === 'small') void save();
    else if (was === 'small') focus();
  }

  async function close() {
    if (isClosed) return;
    clearTimeout(timer);
    if (isDirty) keepHere();
    const wasDirty = isDirty;
    root.hidden = true;
    events.closed(self);
    const saved = await save();
    finish();
    if (!saved) deps.toast({ text: t('compose.kept-here'), kind: 'error' });
    else if (wasDirty && emailId) deps.toast({ text: t('compose.draft-saved'), action: { label: t('compose.reopen'), run: () => deps.openComposer?.({ mode: 'draft', emailId }) } });
  }

  async function discard() {
    clearTimeout(timer);
    const draft = content();
    const kept = emailId;
    isDirty = false;
    events.closed(self);
    root.hidden = true;
    await saving;
    forgetKept(deps.client.accountId, keptKey);
    finish();
    const last = emailId ?? kept;
    if (isEmpty(draft, untouched) && !last) return;
    let undone = false;
    deps.toast({ text: t('compose.discarded'), action: { label: t('action.undo'), run: () => {
      undone = true;
      deps.openComposer?.({ mode: 'kept', kept: { ...draft, files: draft.files.filter(({ blobId }) => blobId), identityId: identity?.id ?? null, emailId: last, original: start.original } });
    } }, timeout: 8000 });
    setTimeout(() => { if (!undone && last) void discardDraft(deps, last).catch(() => {}); }, 8500);
  }

  function finish() {
    if (isClosed) return;
    isClosed = true;
    life.abort();
    for (const field of [to, cc, bcc]) field.destroy();
    editor.destroy();
    files.destroy();
    for (const object of objects) URL.revokeObjectURL(object);
    root.remove();
    events.closed(self);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    // What is typed here is no command of the page.
    event.stopPropagation();
    if (event.defaultPrevented || event.isComposing) return;
    const mod = event.ctrlKey || event.metaKey;
    if (mod && event.key === 'Enter') void send(null);
    else if (mod && event.shiftKey && event.key.toLowerCase() === 'c') showField(cc, ccButton);
    else if (mod && event.shiftKey && event.key.toLowerCase() === 'b') showField(bcc, bccButton);
    else if (mod && event.key.toLowerCase() === 's') { isDirty = true; void save(); }
    else if (event.key === 'Escape') {
      if (document.querySelector('[popover]:popover-open')) return;
      if (state === 'full') setState('open');
      else if (matchMedia('(max-width: 719px)').matches) void close();
      else setState('small');
    } else {
      if (event.key === 'Tab' && state === 'full') holdFocus(event);
      return;
    }
    event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  function holdFocus(event) {
    const all = /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll('button, input, select, textarea, a[href], [contenteditable="true"]'))).filter((element) => element.tabIndex >= 0 && element.offsetParent !== null && !(/** @type {any} */ (element).disabled));
    const at = event.shiftKey ? all[0] : all[all.length - 1];
    if (document.activeElement !== at) return;
    event.preventDefault();
    (event.shiftKey ? all[all.length - 1] : all[0]).focus();
  }

  /** @param {DragEvent} event */
  function onDrag(event) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    root.classList.add('is-drop-target');
  }

  /** @param {DragEvent} event */
  function endDrag(event) {
    if (!root.contains(/** @type {Node|null} */ (event.relatedTarget))) root.classList.remove('is-drop-target');
  }

  /** @param {DragEvent} event */
  function onDrop(event) {
    root.classList.remove('is-drop-target');
    const dropped = Array.from(event.dataTransfer?.files ?? []);
    if (dropped.length === 0) return;
    event.preventDefault();
    if (/** @type {Element} */ (event.target).closest('.editor-area')) void addImages(dropped);
    else files.attach(dropped);
  }

  return self;
}

function uniqueKey() {
  return crypto.randomUUID();
}

