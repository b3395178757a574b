// @ts-check
/** Style sheets of parts that are not there from the start. */

/** @type {Map<string, Promise<void>>} */
const loading = new Map();

/**
 * Resolves when the sheets of `css/components/` are in force.
 * @param {...string} names
 */
export async function loadStyles(...names) {
  await Promise.all(names.map((name) => {
    let sheet = loading.get(name);
    if (!sheet) loading.set(name, (sheet = load(`/css/components/${name}.css`)));
    return sheet;
  }));
}

/** @param {string} href @returns {Promise<void>} */
function load(href) {
  return new Promise((resolve) => {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = href;
    link.onload = link.onerror = () => resolve();
    document.head.append(link);
  });
}
