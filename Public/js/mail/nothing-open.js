/** What the reading pane shows while no conversation is open. */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../components/icon.js';
import { caps } from '../components/caps.js';

/** @param {import('./place.js').MailPlace} place */
export function nothingOpen(place) {
  return h('div', { class: 'nothing-open' }, icon(place.empty().symbol, 'icon-huge'), h('p', null, t('conversation.none')),
    h('ul', { class: 'nothing-keys', 'aria-label': t('keys.title') }, [['j', 'older'], ['o', 'open'], ['c', 'compose'], ['/', 'search'], ['?', 'shortcuts']].map(([key, name]) => h('li', null, caps(key), h('span', null, t(`command.${name}`))))));
}
