/** Patches of RFC 8620 §5.3, as values: neither the record nor the patch is changed. */

/**
 * @param {Record<string, any>} record
 * @param {Record<string, any>} patch
 * @returns {Record<string, any>}
 */
export function applyPatch(record, patch) {
  const result = { ...record };
  for (const [path, value] of Object.entries(patch)) setPath(result, path.split('/').map(unescape), value);
  return result;
}

/**
 * The patch that undoes `patch` on `record`.
 * @param {Record<string, any>} record
 * @param {Record<string, any>} patch
 */
export function inversePatch(record, patch) {
  return Object.fromEntries(Object.keys(patch).map((path) => {
    const before = path.split('/').map(unescape).reduce((/** @type {any} */ value, key) => value?.[key], record);
    return [path, before === undefined ? null : before];
  }));
}

/** @param {Record<string, any>} target @param {string[]} keys @param {any} value */
function setPath(target, [key, ...rest], value) {
  if (rest.length > 0) {
    target[key] = { ...target[key] };
    setPath(target[key], rest, value);
  } else if (value === null) {
    delete target[key];
  } else {
    target[key] = value;
  }
}

/** @param {string} key */
function unescape(key) {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

/**
 * Makes a keyword or id safe inside a patch path.
 * @param {string} key
 */
export function escapeKey(key) {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
