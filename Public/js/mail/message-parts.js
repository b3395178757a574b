// @ts-check
/** Small questions about a message that several views ask. */

/** @typedef {import('../jmap/types.js').Email} Email */

/**
 * The sender's address in lower case, or nothing.
 * @param {Email} email
 */
export function senderOf(email) {
  return (email.from?.[0]?.email ?? email.sender?.[0]?.email ?? '').toLowerCase();
}
