/** Buttons: with an icon, a text or both; the tooltip names the key that does the same. */
import { h } from '../lib/dom.js';
import { icon } from './icon.js';

/**
 * @param {object} options
 * @param {string} options.label  what it does; shown as text unless `iconOnly`
 * @param {string} [options.icon]
 * @param {boolean} [options.iconOnly]
 * @param {'primary' | 'plain' | 'quiet' | 'danger'} [options.kind]
 * @param {string} [options.keys]  the key that does the same, for the tooltip
 * @param {(event: MouseEvent) => void} [options.onClick]
 * @param {import('../lib/dom.js').Props} [options.props]
 */
export function button({ label, icon: name, iconOnly = false, kind = 'quiet', keys, onClick, props = {} }) {
  const { class: extra, on, ...rest } = props;
  return h('button', {
    type: 'button',
    class: ['button', `button-${kind}`, iconOnly && 'button-icon', .../** @type {string[]} */ ([extra].flat())],
    title: keys ? `${label} (${keys})` : iconOnly ? label : null,
    'aria-label': iconOnly ? label : null,
    on: { ...(onClick ? { click: onClick } : {}), ...on },
    ...rest,
  }, name ? icon(name) : null, iconOnly ? null : h('span', { class: 'button-label' }, label));
}
