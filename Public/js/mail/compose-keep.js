// @ts-check
/** What was typed and could not be given to the server yet, kept in this browser. */

const PREFIX = 'mailportal.compose.';
const OLDEST = 30 * 86_400_000;

/** @typedef {import('./compose-draft.js').DraftContent & {identityId: string|null, emailId: string|null, original: {id: string, keyword: '$answered'|'$forwarded'}|null}} KeptDraft */

/** @param {string} account @param {string} key @param {KeptDraft} draft */
export function keep(account, key, draft) {
  try {
    localStorage.setItem(`${PREFIX}${account}.${key}`, JSON.stringify({ at: Date.now(), draft: { ...draft, files: draft.files.map((file) => ({ ...file, cancel: null })) } }));
  } catch {
    // Full or forbidden: the server's copy is what remains.
  }
}

/** @param {string} account @param {string} key */
export function forgetKept(account, key) {
  try {
    localStorage.removeItem(`${PREFIX}${account}.${key}`);
  } catch {
    // Nothing is kept where nothing can be.
  }
}

/** @param {string} account @returns {{key: string, draft: KeptDraft}[]} */
export function keptDrafts(account) {
  const found = [];
  try {
    for (const name of Object.keys(localStorage)) {
      if (!name.startsWith(`${PREFIX}${account}.`)) continue;
      const { at, draft } = JSON.parse(localStorage.getItem(name) ?? 'null') ?? {};
      if (!draft || Date.now() - at > OLDEST) localStorage.removeItem(name);
      else found.push({ key: name.slice(PREFIX.length + account.length + 1), draft });
    }
  } catch {
    return found;
  }
  return found;
}
