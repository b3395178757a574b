/**
 * Everything that can be told to the mail, in one list: the keys, the sheet on `?` and the palette on Ctrl+K are made of it.
 * The keys are Gmail's.
 */
import { h } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { openDialog } from '../components/dialog.js';
import { caps } from '../components/caps.js';
import { openPicker } from '../components/picker.js';

/**
 * @typedef {object} Command
 * @property {string} id  its words are `command.<id>`
 * @property {'go' | 'list' | 'conversation' | 'message' | 'app'} group
 * @property {string[]} keys
 * @property {string} [icon]
 * @property {(event?: KeyboardEvent) => unknown} run  gives `false` when there is nothing to do it to
 * @property {boolean} [isForFields]  the key also works while one types
 * @property {boolean} [isOnlyKey]  not in the palette: it makes no sense there
 */

/** @param {Command[]} commands */
export function openShortcutSheet(commands) {
  /** @type {Command['group'][]} */
  const groups = ['list', 'conversation', 'message', 'go', 'app'];
  void openDialog({
    title: t('keys.title'),
    class: 'dialog-wide shortcuts',
    content: () => [h('div', { class: 'dialog-body shortcuts-body', tabindex: 0 }, groups.map((group) => h('section', null, h('h3', null, t(`keys.group.${group}`)),
      h('dl', null, commands.filter((command) => command.group === group && command.keys.length > 0).map((command) => h('div', { class: 'shortcut' }, h('dt', null, t(`command.${command.id}`)), h('dd', null, caps(command.keys[0]))))))))],
  });
}

/**
 * @param {Command[]} commands
 * @param {import('../components/picker.js').Choice[]} more  folders to go to
 * @param {(text: string) => void} search
 */
export function openPalette(commands, more, search) {
  const own = commands.filter(({ isOnlyKey }) => !isOnlyKey).map((command) => ({ label: t(`command.${command.id}`), icon: command.icon ?? 'blank', keys: command.keys[0], run: () => void command.run() }));
  void openPicker({
    title: t('palette.title'),
    placeholder: t('palette.placeholder'),
    choices: [...own, ...more],
    more: (text) => (text ? [{ label: t('palette.search', { text }), icon: 'search', run: () => search(text) }] : []),
  });
}
