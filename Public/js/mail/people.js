/** People at the head of a message, each a card: write to them, see their mail, copy the address. */
import { h, uniqueId } from '../lib/dom.js';
import { fullName, shortName } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { avatar } from '../components/avatar.js';
import { button } from '../components/button.js';
import { homeOf, placeBeside } from '../components/menu.js';
import { writeTerm } from './search-query.js';

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {import('./deps.js').MailDeps} MailDeps */

/**
 * A name that opens the person's card.
 * @param {MailDeps} deps
 * @param {EmailAddress} address
 * @param {{ isShort?: boolean }} [options]
 */
export function personName(deps, address, options) {
  const { isShort = false } = options ?? {};
  const name = deps.own().has(address.email.toLowerCase()) && isShort ? t('list.me') : isShort ? shortName(address) : fullName(address);
  return h('button', {
    type: 'button', class: 'person', title: address.email, 'aria-haspopup': 'dialog',
    on: {
      click: (/** @type {MouseEvent} */ event) => {
        event.stopPropagation();
        openCard(deps, address, /** @type {HTMLElement} */ (event.currentTarget));
      },
    },
  }, name);
}

/** @param {MailDeps} deps @param {EmailAddress} address @param {HTMLElement} anchor */
function openCard({ openComposer, router, toast }, address, anchor) {
  const heading = uniqueId('person');
  const card = h('div', { class: 'person-card', popover: 'auto', role: 'dialog', 'aria-labelledby': heading, tabindex: -1 },
    h('div', { class: 'person-head' }, avatar(address, 'avatar-large'), h('div', { class: 'person-words' }, h('strong', { id: heading }, fullName(address)), h('span', { class: 'person-email' }, address.email))),
    h('div', { class: 'person-actions' },
      button({ label: t('person.write'), icon: 'compose', kind: 'plain', onClick: () => done(() => openComposer({ mode: 'new', to: [address] })) }),
      button({ label: t('person.mail'), icon: 'search', kind: 'plain', onClick: () => done(() => router.go(`/mail/search?q=${encodeURIComponent(writeTerm('from', address.email))}`)) }),
      button({ label: t('person.copy'), icon: 'copy', kind: 'plain', onClick: () => done(() => navigator.clipboard.writeText(address.email).then(() => toast({ text: t('toast.copied') }))) })));

  /** @param {() => void} act */
  function done(act) {
    card.hidePopover();
    act();
  }

  card.addEventListener('toggle', (event) => {
    if (/** @type {any} */ (event).newState !== 'closed') return;
    card.remove();
    if (anchor.isConnected && (document.activeElement === document.body || document.activeElement === null)) anchor.focus({ preventScroll: true });
  });
  homeOf(anchor).append(card);
  card.showPopover();
  placeBeside(card, anchor);
  card.querySelector('button')?.focus({ preventScroll: true });
}
