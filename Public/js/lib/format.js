/** Dates, numbers, sizes and names as people read them, by Intl. */
import { locale, t } from './i18n.js';

const DAY = 86_400_000;
/** @type {Map<string, Intl.DateTimeFormat>} */
const formatters = new Map();

/** @param {Intl.DateTimeFormatOptions} options */
function formatter(options) {
  const key = locale() + JSON.stringify(options);
  let made = formatters.get(key);
  if (!made) formatters.set(key, made = new Intl.DateTimeFormat(locale(), options));
  return made;
}

/** @param {Date} date */
function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/**
 * A date for a list: today the time, yesterday its name, within a week the day, this year day and month, else all.
 * @param {string} iso
 * @param {Date} [now]
 */
export function listDate(iso, now = new Date()) {
  const date = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY);
  if (days === 0) return formatter({ hour: 'numeric', minute: '2-digit' }).format(date);
  if (days === 1) return t('date.yesterday');
  if (days > 1 && days < 7) return formatter({ weekday: 'short' }).format(date);
  if (date.getFullYear() === now.getFullYear()) return formatter({ day: 'numeric', month: 'short' }).format(date);
  return formatter({ day: 'numeric', month: 'short', year: 'numeric' }).format(date);
}

/**
 * A date at the head of a message: like in the list, always with the time.
 * @param {string} iso
 * @param {Date} [now]
 */
export function messageDate(iso, now = new Date()) {
  const date = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(date)) / DAY);
  const time = formatter({ hour: 'numeric', minute: '2-digit' }).format(date);
  if (days === 0) return time;
  if (days === 1) return t('date.yesterday-at', { time });
  if (date.getFullYear() === now.getFullYear()) return formatter({ weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' }).format(date);
  return formatter({ day: 'numeric', month: 'short', year: 'numeric', hour: 'numeric', minute: '2-digit' }).format(date);
}

/**
 * Everything about a date, for a tooltip.
 * @param {string} iso
 */
export function fullDate(iso) {
  return formatter({ dateStyle: 'full', timeStyle: 'long' }).format(new Date(iso));
}

/** @param {number} number */
export function formatNumber(number) {
  return new Intl.NumberFormat(locale()).format(number);
}

/**
 * A badge's number: short from ten thousand on.
 * @param {number} number
 */
export function shortNumber(number) {
  return number < 10_000 ? formatNumber(number) : new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 1 }).format(number);
}

/** @param {number} bytes */
export function formatSize(bytes) {
  const units = ['kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const power = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1000)) - 1);
  const value = bytes / 1000 ** (power + 1);
  return new Intl.NumberFormat(locale(), { style: 'unit', unit: units[power], unitDisplay: 'short', maximumFractionDigits: value < 1 || (value < 10 && power > 0) ? 1 : 0 }).format(value);
}

/** @param {readonly string[]} items */
export function formatList(items) {
  return new Intl.ListFormat(locale(), { style: 'long', type: 'conjunction' }).format(items);
}

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */

/**
 * A person's whole name, else the address.
 * @param {EmailAddress} address
 */
export function fullName({ name, email }) {
  return name?.trim() || email;
}

/**
 * A person's name as several of them stand in one line: the first name alone.
 * @param {EmailAddress} address
 */
export function shortName(address) {
  const name = address.name?.trim();
  if (!name) return address.email.split('@')[0];
  if (/^\p{Script=Latin}/u.test(name) && !/[,&.|()]|\b(team|gmbh|inc|ltd|co)\b/i.test(name)) return name.split(/\s+/)[0];
  return name;
}

/**
 * One or two letters that stand for a person.
 * @param {EmailAddress} address
 */
export function initials(address) {
  const words = (address.name ?? '').replace(/["'“”„«»()[\]<>]/g, '').split(/[\s.&,|–—-]+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  if (words.length === 0) return (address.email[0] ?? '?').toUpperCase();
  const letters = words.length === 1 ? firstLetter(words[0]) : firstLetter(words[0]) + firstLetter(words[words.length - 1]);
  return letters.toLocaleUpperCase(locale());
}

/** @param {string} word */
function firstLetter(word) {
  return [...word][0] ?? '';
}

/**
 * A hue that an address always gets.
 * @param {string} email
 */
export function hueOf(email) {
  let hash = 0;
  for (const unit of email.toLowerCase()) hash = (hash * 31 + /** @type {number} */ (unit.codePointAt(0))) >>> 0;
  return (hash % 12) * 30 + 8;
}
