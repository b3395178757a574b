// @ts-check
/** When to send: a few good moments, or one's own. */
import { h, uniqueId } from '../lib/dom.js';
import { locale, t } from '../lib/i18n.js';
import { openDialog } from '../components/dialog.js';
import { button } from '../components/button.js';

/** @param {Date} now @returns {{label: string, date: Date}[]} */
export function sendTimes(now) {
  const at = (/** @type {number} */ days, /** @type {number} */ hour) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
  const toMonday = ((8 - now.getDay()) % 7) || 7;
  const times = [
    { name: 'compose.later.tonight', date: at(0, 18) },
    { name: 'compose.later.tomorrow-morning', date: at(1, 8) },
    { name: 'compose.later.tomorrow-afternoon', date: at(1, 13) },
    { name: 'compose.later.monday', date: at(toMonday, 8) },
  ];
  const moment = new Intl.DateTimeFormat(locale(), { weekday: 'short', hour: 'numeric', minute: '2-digit' });
  return times.filter(({ date }) => date.getTime() - now.getTime() > 30 * 60_000).map(({ name, date }) => ({ label: `${t(name)} · ${moment.format(date)}`, date }));
}

/** @returns {Promise<Date|undefined>} */
export function askSendTime() {
  const soon = new Date(Date.now() + 3_600_000);
  soon.setMinutes(0, 0, 0);
  return openDialog({
    title: t('compose.pick-time'),
    class: 'dialog-small',
    content(close) {
      const id = uniqueId('time');
      const note = h('p', { class: 'field-error', role: 'alert' });
      const input = h('input', { id, class: 'field', type: 'datetime-local', required: true, autofocus: true, prop: { value: local(soon) }, min: local(new Date()) });
      return [h('form', { method: 'dialog', class: 'dialog-body stack', on: { submit: (/** @type {Event} */ event) => {
        event.preventDefault();
        const date = new Date(input.value);
        if (!(date.getTime() > Date.now())) note.textContent = t('compose.time-past');
        else close(date);
      } } },
      h('label', { class: 'field-label', for: id }, t('compose.time')), input, note,
      h('div', { class: 'dialog-foot' }, button({ label: t('action.cancel'), kind: 'plain', onClick: () => close(undefined) }), h('button', { type: 'submit', class: 'button button-primary' }, t('compose.schedule'))))];
    },
  });
}

/**
 * A date as `datetime-local` takes it.
 * @param {Date} date
 */
function local(date) {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
