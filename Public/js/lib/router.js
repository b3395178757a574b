/**
 * Addresses of views. A place is a path in segments and a query; the back button, reload and a shared link lead to it.
 */
import { createCell } from './cell.js';

/** @typedef {{ path: string[], query: URLSearchParams, href: string }} Place */

/**
 * @typedef {object} Router
 * @property {import('./cell.js').Cell<Place>} place
 * @property {(href: string, options?: { replace?: boolean }) => void} go
 * @property {(fallback: string) => void} back  to where one came from, within the app; else to `fallback`
 */

/** @returns {Router} */
export function createRouter() {
  const place = createCell(here());
  let depth = history.state?.depth ?? 0;

  window.addEventListener('popstate', (event) => {
    depth = event.state?.depth ?? 0;
    place.set(here());
  });

  /** @type {Router['go']} */
  function go(href, { replace = false } = {}) {
    if (href === place.get().href) return;
    if (!replace) depth += 1;
    history[replace ? 'replaceState' : 'pushState']({ depth }, '', href);
    place.set(here());
  }

  // A link inside the app is a change of place, not a new page.
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (!(link instanceof HTMLAnchorElement) || link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
    if (!/^\/(mail|calendar|contacts|settings|admin|login)?(\/|$|\?)/.test(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });

  return {
    place,
    go,
    back(fallback) {
      if (depth > 0) history.back();
      else go(fallback, { replace: true });
    },
  };
}

/** @returns {Place} */
function here() {
  return {
    path: location.pathname.split('/').filter(Boolean).map(decode),
    query: new URLSearchParams(location.search),
    href: location.pathname + location.search,
  };
}

/** @param {string} segment */
function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
