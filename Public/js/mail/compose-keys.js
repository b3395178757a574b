// @ts-check
/** The keyboard and the drop zone of a composer. */

/**
 * @typedef {object} ComposeCommands
 * @property {() => void} send
 * @property {() => void} save
 * @property {() => void} showCc
 * @property {() => void} showBcc
 * @property {() => void} leave       Escape
 * @property {() => boolean} holdsFocus    Tab goes round inside
 * @property {() => boolean} isSmall
 * @property {(files: File[], inText: boolean) => void} drop
 */

/** @param {HTMLElement} root @param {ComposeCommands} commands */
export function bindCompose(root, commands) {
  root.addEventListener('keydown', (event) => onKey(root, commands, event));
  for (const type of ['dragenter', 'dragover']) root.addEventListener(type, (event) => onDrag(root, /** @type {DragEvent} */ (event)));
  root.addEventListener('dragleave', (event) => {
    if (!root.contains(/** @type {Node | null} */ (event.relatedTarget))) root.classList.remove('is-drop-target');
  });
  root.addEventListener('drop', (event) => {
    root.classList.remove('is-drop-target');
    const files = Array.from(event.dataTransfer?.files ?? []);
    if (files.length === 0) return;
    event.preventDefault();
    commands.drop(files, /** @type {Element} */ (event.target).closest('.editor-area') !== null);
  });
}

/** @param {HTMLElement} root @param {ComposeCommands} commands @param {KeyboardEvent} event */
function onKey(root, commands, event) {
  // What is typed here is no command of the page.
  if (!commands.isSmall()) event.stopPropagation();
  if (event.defaultPrevented || event.isComposing) return;
  const command = commandOf(event);
  if (command) {
    if (command === 'leave' && document.querySelector('[popover]:popover-open')) return;
    event.preventDefault();
    commands[command]();
  } else if (event.key === 'Tab' && commands.holdsFocus()) {
    holdFocus(root, event);
  }
}

/** @param {KeyboardEvent} event @returns {'send' | 'save' | 'showCc' | 'showBcc' | 'leave' | null} */
function commandOf(event) {
  if (event.key === 'Escape') return 'leave';
  if (!event.ctrlKey && !event.metaKey) return null;
  const key = event.key.toLowerCase();
  if (key === 'enter') return 'send';
  if (key === 's' && !event.shiftKey) return 'save';
  if (key === 'c' && event.shiftKey) return 'showCc';
  return key === 'b' && event.shiftKey ? 'showBcc' : null;
}

/** @param {HTMLElement} root @param {KeyboardEvent} event */
function holdFocus(root, event) {
  const all = /** @type {HTMLElement[]} */ (Array.from(root.querySelectorAll('button, input, select, textarea, a[href], [contenteditable="true"]')))
    .filter((element) => element.tabIndex >= 0 && element.offsetParent !== null && !(/** @type {any} */ (element).disabled));
  const last = event.shiftKey ? all[0] : all[all.length - 1];
  if (document.activeElement !== last) return;
  event.preventDefault();
  (event.shiftKey ? all[all.length - 1] : all[0]).focus();
}

/** @param {HTMLElement} root @param {DragEvent} event */
function onDrag(root, event) {
  if (!event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  root.classList.add('is-drop-target');
}
