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
import { correspondentsOf } from './correspondents.js';
import { createComposeFiles } from './compose-files.js';
import { createTextPane } from './compose-text-pane.js';
import { createSaver } from './compose-saver.js';
import { bindCompose } from './compose-keys.js';
import { isEmpty } from './compose-draft.js';
import { discardDraft, sendMessage } from './compose-send.js';
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
 * @property {string} [keptKey]                  what was kept in this browser
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

const PHONE = '(max-width: 719px)';
const DISCARD_AFTER = 8500;
const MENTIONS_FILE = /\b(?:attach(?:ed|ment|ments|ing)|enclosed|anbei|anhang|angehängt|beigefügt|ci-joint|pi[eè]ces? jointes?|adjunt[oa]s?|allegat[oi]|bijlage|bijgevoegd|anexo|em anexo|vedlagt|bifogad)|вложени|во вложении/i;

/**
 * @param {ComposeDeps} deps
 * @param {Identity[]} identities
 * @param {ComposeStart} start
 * @param {WindowEvents} events
 * @returns {ComposeWindow}
 */
export function createComposeWindow(deps, identities, start, events) {
  let identity = start.identity;
  let isSending = false;
  let isClosed = false;
  let ignoresMissingFile = false;
  /** @type {WindowState} */
  let state = 'open';
  const isForward = start.original?.keyword === '$forwarded';
  const known = correspondentsOf(deps.client, deps.store);
  const suggest = known.suggest;

  // The head: what it is about, whether it is kept, and the window's own buttons.
  const titleId = uniqueId('composer');
  const title = h('span', { class: 'composer-title', id: titleId });
  const status = h('span', { class: 'composer-status', role: 'status' });
  const sizeButton = iconButton('compose.expand', 'expand', () => setState(state === 'full' ? 'open' : 'full'), { class: 'composer-expand' });
  const smallButton = iconButton('compose.minimize', 'minimize', () => setState(state === 'small' ? 'open' : 'small'), { class: 'composer-minimize' });
  const head = h('header', { class: 'composer-head', on: { click: (/** @type {Event} */ event) => {
    if (state === 'small' && !(/** @type {Element} */ (event.target).closest('button'))) setState('open');
  } } }, h('h2', { class: 'composer-heading' }, title), status, smallButton, sizeButton, iconButton('compose.close', 'close', () => void close()));

  // Whom it is from, whom it goes to, and its subject.
  const ccButton = button({ label: t('compose.cc'), onClick: () => showField(cc, ccButton), props: { class: 'field-opener', hidden: start.cc.length > 0 } });
  const bccButton = button({ label: t('compose.bcc'), onClick: () => showField(bcc, bccButton), props: { class: 'field-opener', hidden: start.bcc.length > 0 } });
  const to = createAddressField({ label: t('compose.to'), value: start.to, onChange: changed, suggest, trailing: [ccButton, bccButton] });
  const cc = createAddressField({ label: t('compose.cc'), value: start.cc, onChange: changed, suggest });
  const bcc = createAddressField({ label: t('compose.bcc'), value: start.bcc, onChange: changed, suggest });
  cc.root.hidden = start.cc.length === 0;
  bcc.root.hidden = start.bcc.length === 0;
  const fromId = uniqueId('from');
  /** @type {HTMLSelectElement} */
  const from = h('select', { id: fromId, class: 'composer-from', on: { change: () => chooseIdentity(from.value) } },
    identities.map((one) => h('option', { value: one.id, selected: one.id === identity?.id }, one.name ? `${one.name} <${one.email}>` : one.email)));
  const fromRow = h('div', { class: 'composer-row', hidden: identities.length < 2 }, h('label', { class: 'address-label', for: fromId }, t('compose.from')), from);
  const subject = h('input', {
    class: 'composer-subject', type: 'text', 'aria-label': t('compose.subject'), placeholder: t('compose.subject'), maxlength: 900, dir: 'auto', prop: { value: start.subject },
    on: { input: () => { showTitle(); changed(); } },
  });

  // The text, and what goes with it.
  const files = createComposeFiles({ client: deps.client, onChange: changed, onProblem: (text) => warn(text) });
  files.set(start.files);
  const pane = createTextPane({ ...start, isForward, files, onChange: changed, onFiles: (chosen) => addFiles(chosen, true) });
  if (!start.hasSignature) pane.sign(identity);
  const picker = h('input', { type: 'file', multiple: true, hidden: true, 'aria-label': t('compose.attach'), on: { change: () => { files.attach(Array.from(picker.files ?? [])); picker.value = ''; } } });
  const notice = h('div', { class: 'composer-notice', role: 'alert', hidden: true });

  // The foot: what is done with it.
  const sendButton = button({ label: t('compose.send'), icon: 'sent', kind: 'primary', keys: keyText('Mod+Enter'), onClick: () => void send(null), props: { class: 'composer-send' } });
  const laterButton = button({ label: t('compose.send-later'), icon: 'chevron-up', iconOnly: true, kind: 'primary', onClick: chooseTime, props: { class: 'composer-later', 'aria-haspopup': 'menu' } });
  const formatButton = button({ label: t('compose.format.toolbar'), iconOnly: true, onClick: () => showToolbar(pane.toolbar.hidden), props: { 'aria-expanded': 'true', class: 'composer-format', hidden: pane.isPlain() } });
  formatButton.append(h('span', { class: 'composer-format-mark', 'aria-hidden': 'true' }, 'Aa'));
  const moreButton = iconButton('compose.more', 'more-vertical', openMore, { 'aria-haspopup': 'menu' });
  const foot = h('footer', { class: 'composer-foot' }, h('span', { class: 'split-button' }, sendButton, laterButton), formatButton,
    iconButton('compose.attach', 'attachment', () => picker.click()), h('span', { class: 'composer-space' }), moreButton, iconButton('compose.discard', 'trash', () => void discard()));

  const body = h('div', { class: 'composer-body' }, h('div', { class: 'composer-fields' }, fromRow, to.root, cc.root, bcc.root, subject), pane.root, files.root, notice, pane.toolbar, foot, picker);
  const root = h('section', { class: 'composer', role: 'dialog', 'aria-labelledby': titleId, 'aria-modal': 'false' },
    head, body, h('div', { class: 'composer-drop', 'aria-hidden': 'true' }, icon('attachment'), t('compose.drop')));

  const untouched = pane.text();
  const saver = createSaver({
    deps, emailId: start.emailId, keptKey: start.keptKey ?? crypto.randomUUID(), draft: kept, isEmpty: () => isEmpty(content(), untouched), files: files.all, onStatus: setStatus,
  });
  bindCompose(root, {
    send: () => void send(null), save: saveAtOnce, showCc: () => showField(cc, ccButton), showBcc: () => showField(bcc, bccButton), leave,
    holdsFocus: () => state === 'full', isSmall: () => state === 'small', drop: addFiles,
  });
  showTitle();
  /** @type {ComposeWindow} */
  const self = { root, focus, setState, state: () => state, close, get emailId() { return saver.emailId(); } };
  return self;

  /** @returns {DraftContent} */
  function content() {
    return {
      from: { name: identity?.name ?? null, email: identity?.email ?? '' }, to: to.value(), cc: cc.value(), bcc: bcc.value(), replyTo: identity?.replyTo ?? null,
      subject: subject.value, html: pane.html(), text: pane.text(), files: files.all(), inReplyTo: start.inReplyTo, references: start.references,
    };
  }

  /** @returns {import('./compose-keep.js').KeptDraft} */
  function kept() {
    return { ...content(), identityId: identity?.id ?? null, emailId: saver.emailId(), original: start.original };
  }

  function changed() {
    if (isClosed || isSending) return;
    notice.hidden = true;
    saver.changed();
  }

  function saveAtOnce() {
    saver.force();
    void saver.save();
  }

  /** @param {string} id */
  function chooseIdentity(id) {
    identity = identities.find((one) => one.id === id) ?? null;
    pane.sign(identity);
    changed();
  }

  /**
   * Pictures that are put into the text stand there; everything else is attached.
   * @param {File[]} chosen
   * @param {boolean} inText
   */
  function addFiles(chosen, inText) {
    const images = inText && !pane.isPlain() ? chosen.filter((file) => /^image\/(?:png|jpeg|gif|webp)$/.test(file.type)) : [];
    files.attach(chosen.filter((file) => !images.includes(file)));
    void pane.addImages(images);
  }

  // ---- sending ----

  /** @param {Date | null} at */
  async function send(at) {
    if (isSending || !isReady(at)) return;
    isSending = true;
    setBusy(true);
    try {
      if (files.isUploading()) {
        setStatus(t('compose.uploading'));
        await files.settled();
      }
      if (files.all().some(({ failed }) => failed)) throw new Error('upload');
      await saver.settled();
      saver.keepHere();
      setStatus(t('compose.sending'));
      const draft = content();
      const sent = await sendMessage(deps, { draft, identityId: identity?.id ?? '', previous: saver.emailId(), at });
      known.note([...draft.to, ...draft.cc, ...draft.bcc]);
      saver.forget();
      finish();
      events.sent({ sent, start, at });
    } catch (error) {
      isSending = false;
      setBusy(false);
      setStatus('');
      changed();
      warn(explain(error));
    }
  }

  /** @param {Date | null} at */
  function isReady(at) {
    const wrong = [to, cc, bcc].find((field) => !field.isValid());
    if (wrong || [to, cc, bcc].every((field) => field.value().length === 0)) {
      if (state === 'small') setState('open');
      warn(t(wrong ? 'compose.invalid-recipient' : 'compose.no-recipient'));
      (wrong ?? to).focus();
      return false;
    }
    if (!identity) {
      warn(t('compose.no-identity'));
      return false;
    }
    const hasFile = files.all().some(({ cid }) => cid === null);
    if (!ignoresMissingFile && !hasFile && MENTIONS_FILE.test(`${start.original ? '' : subject.value} ${pane.ownText()}`)) {
      warn(t('compose.missing-file'), [
        button({ label: t('compose.attach'), icon: 'attachment', onClick: () => picker.click() }),
        button({ label: t('compose.send-anyway'), onClick: () => { ignoresMissingFile = true; void send(at); } }),
      ]);
      return false;
    }
    return true;
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

  // ---- the window ----

  function openMore() {
    openMenu(moreButton, [
      { label: t('compose.plain-text'), checked: pane.isPlain(), run: () => setPlain(!pane.isPlain()) },
      { label: t('compose.insert-image'), icon: 'image', disabled: pane.isPlain(), run: chooseImage },
      null,
      { label: t('compose.save-now'), icon: 'drafts', run: saveAtOnce },
      { label: t('compose.discard'), icon: 'trash', danger: true, run: () => void discard() },
    ], t('compose.more'));
  }

  /** @param {boolean} plain */
  function setPlain(plain) {
    pane.setPlain(plain);
    formatButton.hidden = plain;
    showToolbar(!plain);
    changed();
  }

  /** @param {boolean} shows */
  function showToolbar(shows) {
    pane.toolbar.hidden = !shows;
    formatButton.setAttribute('aria-expanded', String(shows));
  }

  function chooseImage() {
    const images = h('input', { type: 'file', accept: 'image/png,image/jpeg,image/gif,image/webp', multiple: true, hidden: true });
    images.addEventListener('change', () => { addFiles(Array.from(images.files ?? []), true); images.remove(); });
    root.append(images);
    images.click();
  }

  /** @param {string} text @param {HTMLElement[]} [actions] */
  function warn(text, actions = []) {
    notice.replaceChildren(icon('warning'), h('span', { class: 'composer-notice-text' }, text), ...actions, iconButton('action.dismiss', 'close', () => { notice.hidden = true; }));
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
    else pane.focus();
  }

  /** @param {WindowState} next */
  function setState(next) {
    const was = state;
    state = next;
    root.classList.toggle('is-small', state === 'small');
    root.classList.toggle('is-full', state === 'full');
    root.setAttribute('aria-modal', String(state === 'full'));
    body.hidden = state === 'small';
    relabel(sizeButton, state === 'full' ? 'compose.shrink' : 'compose.expand', state === 'full' ? 'shrink' : 'expand');
    relabel(smallButton, state === 'small' ? 'compose.restore' : 'compose.minimize', state === 'small' ? 'chevron-up' : 'minimize');
    events.changed();
    if (state === 'small') {
      if (root.contains(document.activeElement) || document.activeElement === document.body) smallButton.focus({ preventScroll: true });
      void saver.save();
    } else if (was === 'small') {
      focus();
    }
  }

  /** Escape: out of the full screen, then out of the way; on a phone there is only closing. */
  function leave() {
    if (state === 'full') setState('open');
    else if (matchMedia(PHONE).matches) void close();
    else setState('small');
  }

  async function close() {
    if (isClosed) return;
    const wasDirty = saver.isDirty();
    if (wasDirty) saver.keepHere();
    root.hidden = true;
    events.closed(self);
    const saved = await saver.save();
    const emailId = saver.emailId();
    finish();
    if (!saved) deps.toast({ text: t('compose.kept-here'), kind: 'error' });
    else if (!emailId) saver.forget();
    else if (wasDirty) deps.toast({ text: t('compose.draft-saved'), action: { label: t('compose.reopen'), run: () => deps.openComposer?.({ mode: 'draft', emailId }) } });
  }

  async function discard() {
    const draft = kept();
    saver.hold();
    root.hidden = true;
    events.closed(self);
    await saver.settled();
    const emailId = saver.emailId();
    saver.forget();
    finish();
    if (!emailId && isEmpty(draft, untouched)) return;
    const timer = setTimeout(() => { if (emailId) void discardDraft(deps, emailId).catch(() => {}); }, DISCARD_AFTER);
    const undo = () => {
      clearTimeout(timer);
      deps.openComposer?.({ mode: 'kept', kept: { ...draft, emailId, files: draft.files.filter(({ blobId }) => blobId) } });
    };
    deps.toast({ text: t('compose.discarded'), action: { label: t('action.undo'), run: undo }, timeout: DISCARD_AFTER - 500 });
  }

  function finish() {
    if (isClosed) return;
    isClosed = true;
    for (const part of [saver, to, cc, bcc, pane, files]) part.destroy();
    root.remove();
    events.closed(self);
  }
}

/** @param {string} label @param {string} name @param {() => void} onClick @param {import('../lib/dom.js').Props} [props] */
function iconButton(label, name, onClick, props) {
  return button({ label: t(label), icon: name, iconOnly: true, onClick, props });
}

/** @param {HTMLButtonElement} element @param {string} label @param {string} name */
function relabel(element, label, name) {
  element.title = t(label);
  element.setAttribute('aria-label', t(label));
  setIcon(/** @type {any} */ (element.querySelector('svg')), name);
}
