/** How far a message that one has sent has come, for each recipient (RFC 8621 §7: deliveryStatus). */
import { fill, h } from '../lib/dom.js';
import { formatList, fullDate } from '../lib/format.js';
import { t } from '../lib/i18n.js';
import { icon } from '../components/icon.js';

/** @typedef {{ smtpReply: string, delivered: 'queued' | 'yes' | 'no' | 'unknown', displayed: string }} DeliveryStatus */
/** @typedef {{ id: string, emailId: string, undoStatus: string, sendAt: string, deliveryStatus: Record<string, DeliveryStatus> | null }} EmailSubmission */

/**
 * @param {import('./deps.js').MailDeps} deps
 * @param {import('../jmap/types.js').Email} email
 */
export function createDeliveryStatus({ client, store }, email) {
  const life = new AbortController();
  const root = h('div', { class: 'delivery', role: 'status', hidden: true });

  async function load() {
    const found = client.call('EmailSubmission/query', { filter: { emailIds: [email.id] } });
    const given = client.call('EmailSubmission/get', { '#ids': found.ref('/ids') });
    const [, answer] = await Promise.all([found, given]);
    store.put('EmailSubmission', answer.list);
    store.begin('EmailSubmission', answer.state);
  }

  function render() {
    /** @type {EmailSubmission[]} */
    const submissions = store.list('EmailSubmission').filter((one) => one.emailId === email.id && one.undoStatus !== 'canceled');
    const rows = submissions.flatMap(rowsOf);
    root.hidden = rows.length === 0;
    const isOpen = root.querySelector('details')?.open ?? false;
    const hadFocus = root.contains(document.activeElement);
    fill(root, rows);
    const details = root.querySelector('details');
    if (details) details.open = isOpen;
    if (hadFocus) root.querySelector('summary')?.focus();
  }

  store.observe('EmailSubmission', render, life.signal);
  // Who cannot learn how it went still can read the message.
  load().then(render, (error) => console.warn('delivery status', error));
  return { root, destroy: () => life.abort() };
}

/** @param {EmailSubmission} submission */
function rowsOf({ undoStatus, sendAt, deliveryStatus }) {
  if (undoStatus === 'pending' && Date.parse(sendAt) > Date.now() + 60_000) return [row('clock', 'waiting', t('delivery.scheduled', { date: fullDate(sendAt) }))];
  const all = Object.entries(deliveryStatus ?? {});
  if (all.length === 0) return [];
  return [
    ...all.filter(([, status]) => status.delivered === 'no').map(([address, status]) => row('warning', 'failed', t('delivery.failed', { address, reason: status.smtpReply }))),
    summary(all),
  ];
}

/**
 * One line for all who are not lost; each recipient with its server's word behind it.
 * @param {[string, DeliveryStatus][]} all
 */
function summary(all) {
  const count = (/** @type {string} */ state) => all.filter(([, status]) => status.delivered === state).length;
  const [arrived, taken, waiting, failed] = [count('yes'), count('unknown'), count('queued'), count('no')];
  if (arrived + taken + waiting === 0) return null;
  const isDone = waiting === 0;
  const parts = [[arrived, 'arrived'], [taken, 'taken'], [waiting, 'waiting']].flatMap(([number, state]) => (Number(number) > 0 ? [t(`delivery.${state}`, { count: Number(number) })] : []));
  const text = isDone && failed === 0 ? t(taken === 0 ? 'delivery.all-arrived' : 'delivery.all-taken') : capitalized(formatList(parts));
  return h('details', { class: 'delivery-all' },
    h('summary', { class: ['delivery-row', isDone ? 'is-arrived' : 'is-waiting'], title: t('delivery.show') },
      icon(isDone ? 'check' : 'clock', 'icon-small'), h('span', null, text), icon('chevron-right', 'icon-small delivery-mark')),
    h('dl', { class: 'delivery-list' }, all.map(([address, status]) => [
      h('dt', null, address),
      h('dd', null, t(`delivery.state.${status.delivered}`), h('span', { class: 'delivery-reply' }, status.smtpReply)),
    ])));
}

/** @param {string} text */
function capitalized(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** @param {string} symbol @param {string} state @param {string} text */
function row(symbol, state, text) {
  return h('p', { class: `delivery-row is-${state}` }, icon(symbol, 'icon-small'), h('span', null, text));
}
