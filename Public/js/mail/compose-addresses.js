// @ts-check
/** Addresses as people type and paste them: `Ann Lee <ann@example.org>, bob@example.org; "Lee, Ann" <ann@example.org>`. */

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */

const ADDRESS = /^[^\s@"(),:;<>[\]\\]+@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*$/u;

/**
 * Whether mail can be addressed so.
 * @param {string} email
 */
export function isValidAddress(email) {
  return email.length <= 254 && ADDRESS.test(email) && !/^\.|\.@|\.\./.test(email);
}

/**
 * Reads a list; what is no address stays as an entry, so that it can be seen and mended.
 * @param {string} text
 * @returns {EmailAddress[]}
 */
export function parseAddresses(text) {
  return splitList(text).map(parseAddress).filter((address) => address.email !== '');
}

/** @param {string} text @returns {EmailAddress} */
function parseAddress(text) {
  const angled = /^(.*?)<([^<>]*)>\s*$/s.exec(text.trim());
  if (angled) return { name: unquote(angled[1]) || null, email: angled[2].trim().replace(/^mailto:/i, '') };
  const plain = text.trim().replace(/^mailto:/i, '');
  if (plain.includes(' ') && isValidAddress(plain.split(/\s+/).at(-1) ?? '')) {
    const words = plain.split(/\s+/);
    return { name: unquote(words.slice(0, -1).join(' ')) || null, email: words[words.length - 1] };
  }
  return { name: null, email: plain };
}

/**
 * At commas, semicolons and line ends, outside of quotes and angles.
 * @param {string} text
 */
function splitList(text) {
  const entries = [];
  let entry = '';
  let quoted = false;
  let angled = false;
  for (const character of text) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === '<') angled = true;
    else if (!quoted && character === '>') angled = false;
    const splits = /[,;\n\r\t]/.test(character) && (!quoted || character === '\n') && !angled;
    if (splits) {
      entries.push(entry);
      entry = '';
      quoted = false;
    } else {
      entry += character;
    }
  }
  entries.push(entry);
  return entries.flatMap((one) => (/^\s*\S+@\S+(?:\s+\S+@\S+)+\s*$/.test(one) ? one.trim().split(/\s+/) : [one]));
}

/** @param {string} text */
function unquote(text) {
  return text.trim().replace(/^"(.*)"$/s, '$1').replace(/^'(.*)'$/s, '$1').replace(/\\(.)/g, '$1').trim();
}

/** @param {EmailAddress} address */
export function formatAddress({ name, email }) {
  if (!name) return email;
  return /[",;<>()@:\\[\]]/.test(name) ? `"${name.replace(/(["\\])/g, '\\$1')}" <${email}>` : `${name} <${email}>`;
}

/**
 * Without repetitions, and without those in `except`.
 * @param {EmailAddress[]} addresses @param {Iterable<string>} [except]
 */
export function uniqueAddresses(addresses, except = []) {
  const seen = new Set(Array.from(except, (email) => email.toLowerCase()));
  return addresses.filter(({ email }) => {
    const key = email.toLowerCase();
    if (email === '' || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
