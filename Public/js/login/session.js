/** The session: who is signed in, signing in and out. */
import { RequestError } from '../jmap/errors.js';

/** @typedef {import('../jmap/types.js').Person} Person */

const URL = '/api/v1/session';

/**
 * Who is signed in, or null.
 * @returns {Promise<Person | null>}
 */
export async function currentPerson() {
  const response = await fetch(URL);
  if (response.status === 401) return null;
  if (!response.ok) throw new RequestError(response.status, {});
  return response.json();
}

/**
 * @param {string} address
 * @param {string} password
 * @returns {Promise<Person>}
 * @throws {RequestError} 401 wrong address or password, 429 too many attempts
 */
export async function signIn(address, password) {
  const response = await fetch(URL, { method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json' }, body: JSON.stringify({ address, password }) });
  if (!response.ok) throw new RequestError(response.status, await response.json().catch(() => ({})));
  return response.json();
}

/** @param {string} csrfToken */
export async function signOut(csrfToken) {
  await fetch(URL, { method: 'DELETE', headers: { 'X-CSRF-Token': csrfToken } });
}
