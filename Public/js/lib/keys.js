/**
 * The keyboard. A key is written as `j`, `Shift+u`, `Mod+k` (Ctrl, or Cmd on a Mac), `#`, or as two strokes, `g i`.
 * Keys are silent while a field has the focus, unless they say that they are not, and while a dialog or a menu is open.
 */
import { isTyping } from './dom.js';

const SEQUENCE_TIMEOUT = 1200;
const isMac = /Mac|iP(hone|ad)/.test(navigator.platform);

/** @typedef {{ keys: string[], run: (event: KeyboardEvent) => unknown, isForFields?: boolean }} Binding  `run` gives `false` when the key was not for it */

/**
 * @param {() => Iterable<Binding>} bindings  what holds now; the first that fits wins
 * @param {AbortSignal} signal
 */
export function listenToKeys(bindings, signal) {
  let prefix = '';
  /** @type {number | undefined} */
  let timer;

  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
    if (document.querySelector('dialog:modal, :popover-open')) return;
    const stroke = nameOf(event);
    const inField = isTyping(event.target);
    const sequence = prefix ? `${prefix} ${stroke}` : stroke;
    setPrefix('');
    for (const binding of bindings()) {
      if (!binding.keys.includes(sequence) || (inField && !binding.isForFields)) continue;
      if (binding.run(event) === false) continue;
      event.preventDefault();
      return;
    }
    if (!inField && [...bindings()].some((binding) => binding.keys.some((keys) => keys.startsWith(`${sequence} `)))) setPrefix(sequence);
  }, { signal });

  /** @param {string} next */
  function setPrefix(next) {
    clearTimeout(timer);
    prefix = next;
    if (next) timer = window.setTimeout(() => { prefix = ''; }, SEQUENCE_TIMEOUT);
  }
}

/**
 * The name of the stroke: `Shift` is only said where the character does not say it.
 * @param {KeyboardEvent} event
 */
function nameOf(event) {
  const isLetter = /^\p{L}$/u.test(event.key);
  const key = isLetter ? event.key.toLowerCase() : event.key === ' ' ? 'Space' : event.key;
  const parts = [];
  if (isMac ? event.metaKey : event.ctrlKey) parts.push('Mod');
  if (event.altKey) parts.push('Alt');
  if (event.shiftKey && (isLetter || key.length > 1)) parts.push('Shift');
  return [...parts, key].join('+');
}

/**
 * A key as people read it: one text for each cap.
 * @param {string} keys
 * @returns {string[][]}
 */
export function keyCaps(keys) {
  const names = /** @type {Record<string, string>} */ ({
    Mod: isMac ? '⌘' : 'Ctrl', Shift: isMac ? '⇧' : 'Shift', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc',
  });
  return keys.split(/(?<=.) /).map((stroke) => stroke.split(/\+(?=.)/).map((part) => names[part] ?? (/^\p{L}$/u.test(part) ? part.toUpperCase() : part)));
}

/**
 * A key as a text.
 * @param {string} keys
 */
export function keyText(keys) {
  return keyCaps(keys).map((caps) => caps.join('+')).join(' ');
}
