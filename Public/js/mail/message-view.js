/** One message of a conversation: folded to a line, or open with its head, attachments and body. */
import { fill, h, setAttribute, setText } from '../lib/dom.js';
import { formatSize, fullDate, fullName, messageDate } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { avatar } from '../components/avatar.js';
import { button } from '../components/button.js';
import { icon, setIcon } from '../components/icon.js';
import { createDeliveryStatus } from './delivery-status.js';
import { personName } from './people.js';

/** @typedef {import('../jmap/types.js').Email} Email */
/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('./deps.js').MailDeps} MailDeps */

const NAMES_IN_LINE = 4;
const SKELETON_DELAY = 150;

/**
 * @param {MailDeps & { bodies: import('./bodies.js').Bodies }} deps
 * @param {string} id
 * @param {{ isOpen: boolean, onMenu: (email: Email, anchor: HTMLElement) => void, onOpened: (email: Email) => void, onSettled: () => void }} options
 */
export function createMessageView(deps, id, { isOpen, onMenu, onOpened, onSettled }) {
  const { store, bodies, actions } = deps;
  const life = new AbortController();
  let opened = false;
  let hasDetails = false;
  /** @type {{ destroy(): void }[]} */
  let parts = [];

  const head = h('header', { class: 'message-head' });
  const details = h('dl', { class: 'message-details', hidden: true });
  const content = h('div', { class: 'message-content' });
  const star = button({ label: t('action.star'), icon: 'star', iconOnly: true, onClick: (event) => { event.stopPropagation(); toggleStar(); }, props: { class: 'message-star' } });
  const date = h('time', { class: 'message-date' });
  const root = h('article', { class: 'message', tabindex: -1, data: { id } }, head, details, content);

  /** @returns {Email | undefined} */
  const email = () => store.get('Email', id);

  function toggleStar() {
    const one = email();
    if (one) actions.setFlagged([id], !one.keywords.$flagged);
  }

  /** @param {Email} one */
  function showState(one) {
    const isFlagged = Boolean(one.keywords.$flagged);
    root.classList.toggle('is-unread', !one.keywords.$seen);
    root.classList.toggle('is-draft', Boolean(one.keywords.$draft));
    setIcon(/** @type {SVGSVGElement} */ (star.firstElementChild), isFlagged ? 'star-filled' : 'star');
    star.classList.toggle('is-on', isFlagged);
    setAttribute(star, 'aria-pressed', String(isFlagged));
    setText(date, messageDate(one.receivedAt));
    setAttribute(date, 'datetime', one.receivedAt);
    setAttribute(date, 'title', fullDate(one.receivedAt));
  }

  /** @param {Email} one */
  function showHead(one) {
    const from = one.from?.[0] ?? { name: t('message.unknown-sender'), email: '' };
    root.classList.toggle('is-open', opened);
    setAttribute(root, 'aria-label', t('message.label', { sender: fullName(from), date: messageDate(one.receivedAt) }));
    const fold = h('button', { type: 'button', class: 'message-fold', 'aria-expanded': String(opened), 'aria-label': t(opened ? 'message.fold' : 'message.unfold', { sender: fullName(from) }), on: { click: toggle } });
    fill(head, fold, avatar(from, opened ? '' : 'avatar-small'),
      h('div', { class: 'message-who' },
        opened ? h('h2', { class: 'message-from' }, personName(deps, from), from.name && from.name !== from.email ? h('span', { class: 'message-address' }, from.email) : null)
          : h('h2', { class: 'message-from' }, h('strong', null, fullName(from))),
        opened ? recipientLine(one) : h('div', { class: 'message-preview' }, one.preview)),
      h('div', { class: 'message-side' },
        one.keywords.$draft ? h('span', { class: 'message-tag' }, t('list.draft')) : null,
        one.hasAttachment && !opened ? icon('attachment', 'icon-small') : null,
        date,
        star,
        opened && !one.keywords.$draft ? button({ label: t('action.reply'), icon: 'reply', iconOnly: true, onClick: () => deps.openComposer({ mode: 'reply', emailId: id }), props: { class: 'message-reply' } }) : null,
        opened ? button({ label: t('action.more'), icon: 'more', iconOnly: true, onClick: (event) => onMenu(one, /** @type {HTMLElement} */ (event.currentTarget)), props: { 'aria-haspopup': 'menu' } }) : null));
    if (!opened) hasDetails = false;
    details.hidden = !hasDetails;
    if (hasDetails) showDetails(one);
  }

  /** @param {Email} one */
  function recipientLine(one) {
    const all = [...one.to ?? [], ...one.cc ?? [], ...one.bcc ?? []];
    const shown = all.slice(0, NAMES_IN_LINE);
    const rest = all.length - shown.length;
    return h('div', { class: 'message-to' }, h('span', null, `${t('message.to-line')} `),
      shown.map((address, index) => [index > 0 ? ', ' : null, personName(deps, address, { isShort: true })]),
      rest > 0 ? ` ${t('message.and-more', { count: rest })}` : null,
      h('button', { type: 'button', class: 'message-details-toggle', 'aria-expanded': String(hasDetails), 'aria-label': t('message.details'), title: t('message.details'), on: { click: toggleDetails } }, icon('chevron-down', 'icon-small')));
  }

  /** @param {Event} event */
  function toggleDetails(event) {
    event.stopPropagation();
    hasDetails = !hasDetails;
    const one = email();
    if (!one) return;
    details.hidden = !hasDetails;
    head.querySelector('.message-details-toggle')?.setAttribute('aria-expanded', String(hasDetails));
    if (hasDetails) showDetails(one);
  }

  /** @param {Email} one */
  function showDetails(one) {
    /** @type {[string, EmailAddress[] | null | undefined][]} */
    const people = [['from', one.from], ['sender', sameAs(one.sender, one.from) ? null : one.sender], ['to', one.to], ['cc', one.cc], ['bcc', one.bcc], ['reply-to', one.replyTo]];
    fill(details, people.filter(([, list]) => list?.length).map(([key, list]) => [h('dt', null, t(`message.field.${key}`)), h('dd', null, list?.map((address) => h('div', null, personName(deps, address), address.name ? h('span', { class: 'message-address' }, ` ${address.email}`) : null)))]),
      h('dt', null, t('message.field.date')), h('dd', null, fullDate(one.sentAt ?? one.receivedAt)),
      one.size ? [h('dt', null, t('message.field.size')), h('dd', null, formatSize(one.size))] : null);
  }

  function toggle() {
    if (opened) close();
    else void open();
  }

  async function open() {
    const one = email();
    if (opened || !one) return;
    if (one.keywords.$draft) return deps.openComposer({ mode: 'draft', emailId: id });
    opened = true;
    showHead(one);
    const skeleton = setTimeout(() => fill(content, h('div', { class: 'message-skeleton', 'aria-hidden': 'true' }, h('span'), h('span'), h('span'))), SKELETON_DELAY);
    try {
      const [bodyModule, attachmentModule] = await Promise.all([import('./message-body.js'), import('./attachments.js'), bodies.ensure([id])]);
      clearTimeout(skeleton);
      const full = email();
      if (!opened || life.signal.aborted || !full) return;
      const attachments = full.attachments?.length ? attachmentModule.renderAttachments(deps, full) : null;
      const body = bodyModule.renderMessageBody(deps, full);
      const delivery = isSent(full) ? createDeliveryStatus(deps, full) : null;
      parts = [body, attachments, delivery].filter(isThere);
      showHead(full);
      content.classList.remove('is-settled');
      fill(content, delivery?.root, body.root, attachments?.root);
      body.ready.catch(() => {}).then(() => {
        content.classList.add('is-settled');
        onSettled();
      });
      onOpened(full);
    } catch (error) {
      clearTimeout(skeleton);
      console.error(error);
      if (opened && !life.signal.aborted) fill(content, h('div', { class: 'message-error', role: 'alert' }, icon('warning'), h('span', null, t('message.error')), button({ label: t('action.try-again'), kind: 'plain', onClick: () => { close(); void open(); } })));
    }
  }

  /** @param {Email} one */
  function isSent(one) {
    const sent = deps.mailboxes.withRole('sent');
    return Boolean(sent && one.mailboxIds[sent.id]) && deps.own().has(one.from?.[0]?.email.toLowerCase() ?? '');
  }

  function close() {
    opened = false;
    parts.forEach((part) => part.destroy());
    parts = [];
    fill(content);
    const one = email();
    if (one) showHead(one);
  }

  store.observe('Email', (ids) => {
    const one = ids.has(id) ? email() : undefined;
    if (one) showState(one);
  }, life.signal);
  const one = email();
  if (one) {
    showState(one);
    showHead(one);
    if (isOpen) void open();
  }

  return {
    root,
    id,
    open,
    toggle,
    /** Shows the head anew, once more is known of the message. */
    refresh() {
      const one = email();
      if (one) showHead(one);
    },
    isOpen: () => opened,
    destroy() {
      life.abort();
      parts.forEach((part) => part.destroy());
      root.remove();
    },
  };
}

/**
 * @template T
 * @param {T | null} value
 * @returns {value is T}
 */
function isThere(value) {
  return value !== null;
}

/** @param {EmailAddress[] | null | undefined} a @param {EmailAddress[] | null | undefined} b */
function sameAs(a, b) {
  return JSON.stringify(a?.map(({ email }) => email)) === JSON.stringify(b?.map(({ email }) => email));
}
