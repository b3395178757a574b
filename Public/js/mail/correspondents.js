// @ts-check
/** The people one writes with, for autocompletion: recipients of what was sent, then senders of what came; often and lately counts. */
import { isValidAddress } from './compose-addresses.js';

/** @typedef {import('../jmap/types.js').EmailAddress} EmailAddress */
/** @typedef {{address: EmailAddress, score: number}} Known */
/** @typedef {{suggest: (text: string, except: Set<string>) => Promise<EmailAddress[]>, note: (addresses: EmailAddress[]) => void}} Correspondents */

const MOST_READ = 300;
const MOST_SHOWN = 8;
const FRESH_FOR = 10 * 60_000;
const AUTOMATIC = /^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|bounce)/i;

/** @type {WeakMap<object, Correspondents>} */
const byClient = new WeakMap();

/** @param {import('../jmap/client.js').Client} client @param {import('../jmap/store.js').Store|undefined} store @returns {Correspondents} */
export function correspondentsOf(client, store) {
  let known = byClient.get(client);
  if (!known) byClient.set(client, (known = createCorrespondents(client, store)));
  return known;
}

/** @param {import('../jmap/client.js').Client} client @param {import('../jmap/store.js').Store|undefined} store @returns {Correspondents} */
function createCorrespondents(client, store) {
  /** @type {Map<string, Known>} */
  const people = new Map();
  /** @type {Promise<void>|null} */
  let loading = null;
  let loadedAt = 0;

  /** @param {EmailAddress} address @param {number} score */
  function add(address, score) {
    if (!isValidAddress(address.email) || AUTOMATIC.test(address.email)) return;
    const key = address.email.toLowerCase();
    const known = people.get(key);
    if (!known) people.set(key, { address: { name: address.name || null, email: address.email }, score });
    else {
      known.score += score;
      known.address.name ||= address.name;
    }
  }

  /** @param {Record<string, any>|null} filter @param {string[]} properties @param {number} weight */
  async function read(filter, properties, weight) {
    const query = client.call('Email/query', { filter, sort: [{ property: 'receivedAt', isAscending: false }], limit: MOST_READ });
    const got = client.call('Email/get', { '#ids': query.ref('/ids'), properties: ['id', ...properties] });
    query.catch(() => {});
    const { list } = await got;
    list.forEach((/** @type {any} */ email, /** @type {number} */ index) => {
      const addresses = properties.flatMap((name) => email[name] ?? []);
      for (const address of addresses) add(address, (weight * (1 + (MOST_READ - index) / MOST_READ)) / Math.max(1, addresses.length / 4));
    });
  }

  async function load() {
    const mailboxes = store?.list('Mailbox') ?? (await client.call('Mailbox/get', { ids: null, properties: ['id', 'role'] })).list;
    const id = (/** @type {string} */ role) => mailboxes.find((/** @type {any} */ mailbox) => mailbox.role === role)?.id;
    const [sent, junk, trash] = [id('sent'), id('junk'), id('trash')];
    const refused = [junk, trash, sent].filter(Boolean);
    await Promise.allSettled([
      sent ? read({ inMailbox: sent }, ['to', 'cc', 'bcc'], 3) : Promise.resolve(),
      read(refused.length > 0 ? { inMailboxOtherThan: refused } : null, ['from'], 1),
    ]);
    loadedAt = Date.now();
  }

  /** @param {string} text */
  function ranked(text) {
    const wanted = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return Array.from(people.values()).map((known) => ({ known, rank: match(known, wanted) })).filter(({ rank }) => rank > 0).sort((a, b) => b.rank - a.rank);
  }

  return {
    async suggest(text, except) {
      if (!loading || Date.now() - loadedAt > FRESH_FOR) {
        const first = loading === null;
        if (first || loadedAt > 0) loading = load();
        if (first) await loading;
      }
      if (people.size === 0) await loading;
      return ranked(text).map(({ known }) => known.address).filter(({ email }) => !except.has(email.toLowerCase())).slice(0, MOST_SHOWN);
    },
    note(addresses) {
      for (const address of addresses) add(address, 4);
    },
  };
}

/** @param {Known} known @param {string[]} wanted @returns {number} */
function match({ address, score }, wanted) {
  const name = (address.name ?? '').toLocaleLowerCase();
  const email = address.email.toLowerCase();
  const words = [...name.split(/[\s,."'()-]+/), email, ...email.split(/[.@_+-]+/)].filter(Boolean);
  if (!wanted.every((part) => words.some((word) => word.startsWith(part)) || name.startsWith(part))) return 0;
  return Math.log2(2 + score) + (wanted.length > 0 && (name.startsWith(wanted[0]) || email.startsWith(wanted[0])) ? 2 : 0);
}
