// @ts-check
/**
 * Images of a message: parts of the message itself through JMAP's download, remote ones through the server's image proxy, both
 * shown as `blob:` addresses with a type of ours. Nothing is fetched from a sender's server by the browser.
 */

const RASTER = /^image\/(?:png|jpeg|gif|webp|bmp|avif|x-icon|vnd\.microsoft\.icon)$/;
const SENDERS_KEY = 'mailportal.images.senders';
const MOST_AT_ONCE = 6;

/** @typedef {import('./sanitize.js').Source} Source */

/**
 * Has the reader said "always" for this sender?
 * @param {string} account @param {string} sender
 */
export function showsImagesAlways(account, sender) {
  return sender !== '' && readSenders(account).includes(sender.toLowerCase());
}

/** @param {string} account @param {string} sender */
export function showImagesAlways(account, sender) {
  const senders = readSenders(account).filter((known) => known !== sender.toLowerCase());
  senders.unshift(sender.toLowerCase());
  try {
    localStorage.setItem(`${SENDERS_KEY}.${account}`, JSON.stringify(senders.slice(0, 2000)));
  } catch {
    // Private windows may refuse; then "always" lasts as long as the page.
  }
}

/** @param {string} account @returns {string[]} */
function readSenders(account) {
  try {
    const list = JSON.parse(localStorage.getItem(`${SENDERS_KEY}.${account}`) ?? '[]');
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'string') : [];
  } catch {
    return [];
  }
}

/**
 * Loads images into their elements and remembers the blob addresses, until `release`.
 * @returns {{show: (element: HTMLElement, kind: 'image'|'background', address: string) => Promise<boolean>, release: () => void}}
 */
export function imageLoader() {
  /** @type {Map<string, Promise<string|null>>} */
  const known = new Map();
  /** @type {string[]} */
  const objects = [];
  const queue = turnstile(MOST_AT_ONCE);
  const ended = new AbortController();

  /** @param {string} address @returns {Promise<string|null>} */
  async function load(address) {
    try {
      const response = await fetch(address, { signal: ended.signal, credentials: 'same-origin' });
      if (!response.ok) return null;
      const blob = await response.blob();
      const type = (response.headers.get('Content-Type') ?? blob.type).split(';')[0].trim().toLowerCase();
      if (!RASTER.test(type) || ended.signal.aborted) return null;
      const object = URL.createObjectURL(new Blob([blob], { type }));
      objects.push(object);
      return object;
    } catch {
      return null;
    }
  }

  return {
    async show(element, kind, address) {
      let loading = known.get(address);
      if (!loading) known.set(address, (loading = queue(() => load(address))));
      const object = await loading;
      if (!object || ended.signal.aborted) return false;
      if (kind === 'background') element.style.backgroundImage = `url("${object}")`;
      else /** @type {HTMLImageElement} */ (element).src = object;
      return true;
    },
    release() {
      ended.abort();
      for (const object of objects) URL.revokeObjectURL(object);
    },
  };
}

/**
 * Lets `width` tasks run at once; the others wait in order.
 * @param {number} width
 */
function turnstile(width) {
  let running = 0;
  /** @type {(() => void)[]} */
  const waiting = [];
  /** @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  return async (task) => {
    if (running >= width) await new Promise((/** @type {(value?: unknown) => void} */ go) => waiting.push(go));
    running += 1;
    try {
      return await task();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}

/**
 * The proxy's address for a remote image.
 * @param {string} url
 */
export function proxied(url) {
  return `/api/v1/image?url=${encodeURIComponent(url)}`;
}

/**
 * Content-Id as it is compared: without angle brackets.
 * @param {string|null|undefined} cid
 */
export function bareCid(cid) {
  return (cid ?? '').trim().replace(/^<|>$/g, '');
}
