// @ts-check
/** What the reader does inside the frame: links, keys, and the honest name of a link's target. The frame itself runs nothing. */

const SHOWN_ADDRESS = /^(?:https?:\/\/)?((?:[\p{L}\p{N}-]+\.)+[\p{L}]{2,})(?:[/:?#]\S*)?$/iu;

/**
 * @param {HTMLIFrameElement} frame
 * @param {{signal: AbortSignal, openMail: (url: URL) => void}} options
 */
export function guardFrame(frame, { signal, openMail }) {
  const document = /** @type {Document} */ (frame.contentDocument);
  for (const link of document.querySelectorAll('a[href]')) nameRealHost(/** @type {HTMLAnchorElement} */ (link));
  document.addEventListener('click', (event) => {
    const link = /** @type {Element|null} */ (event.target)?.closest?.('a[href]');
    const href = link?.getAttribute('href') ?? '';
    if (href.startsWith('mailto:')) {
      event.preventDefault();
      openMail(new URL(href));
    } else if (href.startsWith('#')) {
      event.preventDefault();
      document.querySelector(`#${CSS.escape(href.slice(1))}`)?.scrollIntoView({ block: 'start' });
    } else {
      frame.dispatchEvent(new MouseEvent('click', { bubbles: true, detail: 0 }));
    }
  }, { signal });
  document.addEventListener('keydown', (event) => forwardKey(frame, event), { signal });
}

/**
 * Keys typed while the frame has the focus are the page's, too.
 * @param {HTMLIFrameElement} frame @param {KeyboardEvent} event
 */
function forwardKey(frame, event) {
  if (event.defaultPrevented || ['Tab', 'Shift', 'Control', 'Alt', 'Meta'].includes(event.key)) return;
  const onControl = /** @type {Element|null} */ (event.target)?.closest?.('a, summary');
  if (onControl && (event.key === 'Enter' || event.key === ' ')) return;
  const { key, code, ctrlKey, altKey, shiftKey, metaKey, repeat } = event;
  const copy = new KeyboardEvent('keydown', { key, code, ctrlKey, altKey, shiftKey, metaKey, repeat, bubbles: true, cancelable: true });
  if (!frame.dispatchEvent(copy)) event.preventDefault();
}

/**
 * A link whose words are one address and which leads to another says so.
 * @param {HTMLAnchorElement} link
 */
function nameRealHost(link) {
  const shown = SHOWN_ADDRESS.exec((link.textContent ?? '').trim())?.[1];
  if (!shown || !/^https?:$/.test(link.protocol) || sameSite(shown.toLowerCase(), link.hostname)) return;
  const note = link.ownerDocument.createElement('span');
  note.className = 'mp-host';
  note.textContent = ` (${link.hostname})`;
  link.after(note);
}

/** @param {string} shown @param {string} real */
function sameSite(shown, real) {
  let host = shown;
  try {
    host = new URL('https://' + shown).hostname;
  } catch {
    return false;
  }
  const ends = (/** @type {string} */ name) => name.split('.').slice(-2).join('.');
  return ends(host) === ends(real);
}
