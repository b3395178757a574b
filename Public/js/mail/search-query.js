/**
 * The language of the search field: words, "phrases", -negation and operators; read into the filter of RFC 8621 §4.4.1.
 * Pure: what it needs to know of folders is handed in.
 */

/** @typedef {{ operator: string | null, value: string, negated: boolean }} SearchTerm */
/** @typedef {{ filter: Record<string, any> | null, terms: SearchTerm[], words: string[], folder: string | null }} ParsedSearch */
/** @typedef {{ folderId: (name: string) => string | undefined, excluded: string[] }} SearchContext  `excluded`: ids of the folders left out unless one is named */

export const OPERATORS = ['from', 'to', 'cc', 'subject', 'has', 'in', 'is', 'before', 'after', 'larger', 'smaller'];
const UNITS = /** @type {Record<string, number>} */ ({ '': 1, k: 1e3, kb: 1e3, m: 1e6, mb: 1e6, g: 1e9, gb: 1e9 });

/**
 * Splits a text into its terms.
 * @param {string} text
 * @returns {SearchTerm[]}
 */
export function termsOf(text) {
  const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+)|(?<=:))/giu;
  /** @type {SearchTerm[]} */
  const terms = [];
  for (const [whole, minus, operator, phrase, word] of text.matchAll(pattern)) {
    const known = operator && OPERATORS.includes(operator.toLowerCase());
    const value = phrase ?? word ?? '';
    if (known) terms.push({ operator: operator.toLowerCase(), value, negated: minus === '-' });
    else terms.push({ operator: null, value: operator ? whole.replace(/^-|"/g, '') : value, negated: minus === '-' && whole.length > 1 });
  }
  return terms;
}

/**
 * Reads a search.
 * @param {string} text
 * @param {SearchContext} context
 * @returns {ParsedSearch}
 */
export function parseSearch(text, context) {
  const terms = termsOf(text).filter(({ value }) => value !== '');
  /** @type {Record<string, any>[]} */
  const conditions = [];
  for (const term of terms) {
    const condition = conditionOf(term, context);
    if (condition) conditions.push(term.negated ? { operator: 'NOT', conditions: [condition] } : condition);
  }
  const folder = terms.find(({ operator, negated }) => operator === 'in' && !negated)?.value ?? null;
  if (!folder && context.excluded.length > 0 && conditions.length > 0) conditions.push({ inMailboxOtherThan: context.excluded });
  return {
    terms,
    folder,
    words: terms.filter(({ operator, negated }) => !negated && (operator === null || operator === 'subject')).map(({ value }) => value),
    filter: conditions.length === 0 ? null : conditions.length === 1 ? conditions[0] : { operator: 'AND', conditions },
  };
}

/**
 * @param {SearchTerm} term
 * @param {SearchContext} context
 * @returns {Record<string, any> | null}  null for a term that says nothing (yet)
 */
function conditionOf({ operator, value }, { folderId }) {
  switch (operator) {
    case null: return { text: /\s/.test(value) ? `"${value}"` : value };
    case 'from': case 'to': case 'cc': case 'subject': return { [operator]: value };
    case 'has': return /^(attachments?|file)$/i.test(value) ? { hasAttachment: true } : null;
    case 'is': return stateOf(value.toLowerCase());
    case 'in': {
      if (/^(all|anywhere)$/i.test(value)) return null;
      const id = folderId(value);
      return id ? { inMailbox: id } : null;
    }
    case 'before': case 'after': {
      const date = dateOf(value);
      return date ? { [operator]: date } : null;
    }
    case 'larger': case 'smaller': {
      const size = sizeOf(value);
      return size === null ? null : { [operator === 'larger' ? 'minSize' : 'maxSize']: size };
    }
    default: return null;
  }
}

/** @param {string} value */
function stateOf(value) {
  switch (value) {
    case 'unread': return { notKeyword: '$seen' };
    case 'read': return { hasKeyword: '$seen' };
    case 'starred': case 'flagged': return { hasKeyword: '$flagged' };
    case 'answered': return { hasKeyword: '$answered' };
    case 'draft': return { hasKeyword: '$draft' };
    default: return null;
  }
}

/**
 * A date as people type it, `2026`, `2026-11`, `2026-11-23`, or an age, `7d`, `3m`, `1y`; the day begins where the reader is.
 * @param {string} value
 */
export function dateOf(value) {
  const written = /^(\d{4})(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?$/.exec(value);
  const age = /^(\d{1,4})([dwmy])$/i.exec(value);
  /** @type {Date} */
  let date;
  if (written) date = new Date(Number(written[1]), Number(written[2] ?? 1) - 1, Number(written[3] ?? 1));
  else if (age) {
    const today = new Date();
    const count = Number(age[1]);
    const unit = age[2].toLowerCase();
    date = new Date(today.getFullYear() - (unit === 'y' ? count : 0), today.getMonth() - (unit === 'm' ? count : 0), today.getDate() - (unit === 'd' ? count : unit === 'w' ? 7 * count : 0));
  } else return null;
  return Number.isNaN(date.getTime()) ? null : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** @param {string} value */
function sizeOf(value) {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?b?)$/i.exec(value);
  const unit = match && UNITS[match[2].toLowerCase()];
  return match && unit ? Math.round(Number(match[1]) * unit) : null;
}

/**
 * Writes a term so that it is read back as the same.
 * @param {string} operator
 * @param {string} value
 */
export function writeTerm(operator, value) {
  const quoted = /\s/.test(value) ? `"${value.replaceAll('"', '')}"` : value;
  return operator ? `${operator}:${quoted}` : quoted;
}

/**
 * The marked parts of a snippet (RFC 8621 §5: HTML with <mark> alone) as plain pieces.
 * @param {string} snippet
 * @returns {{ text: string, isHit: boolean }[]}
 */
export function snippetPieces(snippet) {
  return snippet.split(/(<mark>[^]*?<\/mark>)/).filter(Boolean).map((piece) => {
    const hit = /^<mark>([^]*)<\/mark>$/.exec(piece);
    return { text: decodeEntities(hit ? hit[1] : piece), isHit: Boolean(hit) };
  });
}

/** @param {string} text */
function decodeEntities(text) {
  const named = /** @type {Record<string, string>} */ ({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' });
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(lt|gt|quot|apos|amp));/gi, (_, decimal, hex, name) => (name ? named[name.toLowerCase()] : String.fromCodePoint(decimal ? Number(decimal) : parseInt(hex, 16))));
}
