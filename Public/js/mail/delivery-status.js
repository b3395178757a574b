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
    fill(root, rows);
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
  const of = (/** @type {string} */ state) => all.filter(([, status]) => status.delivered === state).map(([address]) => address);
  const [arrived, waiting] = [of('yes'), of('queued')];
  return [
    ...all.filter(([, status]) => status.delivered === 'no').map(([address, status]) => row('warning', 'failed', t('delivery.failed', { address, reason: status.smtpReply }))),
    waiting.length > 0 ? row('clock', 'waiting', t('delivery.waiting', { addresses: formatList(waiting) })) : null,
    arrived.length > 0 ? row('check', 'arrived', waiting.length + arrived.length === all.length && waiting.length === 0 ? t('delivery.arrived') : t('delivery.arrived-some', { addresses: formatList(arrived) })) : null,
  ];
}

/** @param {string} symbol @param {string} state @param {string} text */
function row(symbol, state, text) {
  return h('p', { class: `delivery-row is-${state}` }, icon(symbol, 'icon-small'), h('span', null, text));
}
