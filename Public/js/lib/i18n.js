/**
 * Every word on the screen comes from `i18n/<language>.json`: a flat object of keys. A value is a text with
 * `{name}` places, or an object of plural forms chosen by `count` (CLDR categories, Intl.PluralRules).
 */

/** @typedef {string | Record<string, string>} Entry */

/** @type {Record<string, Entry>} */
let entries = {};
/** @type {string} */
let language = 'en';
let plurals = new Intl.PluralRules('en');

const AVAILABLE = ['en'];
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur', 'ps', 'yi']);

/**
 * Loads the words of the best language for `wanted`, and marks the document with it.
 * @param {readonly string[]} [wanted]
 */
export async function loadWords(wanted = navigator.languages) {
  language = wanted.map((tag) => tag.split('-')[0]).find((tag) => AVAILABLE.includes(tag)) ?? 'en';
  const response = await fetch(`/i18n/${language}.json`);
  useWords(language, await response.json());
}

/**
 * Uses words that were loaded otherwise (tests).
 * @param {string} tag
 * @param {Record<string, Entry>} words
 */
export function useWords(tag, words) {
  language = tag;
  entries = words;
  plurals = new Intl.PluralRules(tag);
  document.documentElement.lang = tag;
  document.documentElement.dir = RIGHT_TO_LEFT.has(tag.split('-')[0]) ? 'rtl' : 'ltr';
}

/** The language of the words, as a tag for Intl: the reader's own region of it, where there is one. */
export function locale() {
  return navigator.languages.find((tag) => tag.split('-')[0] === language) ?? language;
}

/**
 * The text for `key`. A missing key shows as itself, so that it is seen and mended.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values) {
  const entry = entries[key];
  if (entry === undefined) return key;
  const text = typeof entry === 'string' ? entry : plural(entry, Number(values?.count ?? 0));
  return values ? text.replace(/\{(\w+)\}/g, (place, name) => (name in values ? String(values[name]) : place)) : text;
}

/**
 * @param {Record<string, string>} forms
 * @param {number} count
 */
function plural(forms, count) {
  return (count === 0 && forms.zero) || forms[plurals.select(count)] || forms.other;
}
