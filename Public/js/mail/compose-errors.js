// @ts-check
/** Why a message was not sent, in words. RFC 8621 §7.5. */
import { t } from '../lib/i18n.js';

const KNOWN = new Set(['forbiddenToSend', 'forbiddenFrom', 'forbiddenMailFrom', 'noRecipients', 'invalidRecipients', 'tooManyRecipients', 'tooLarge', 'overQuota', 'invalidEmail', 'rateLimit', 'blobNotFound', 'offline']);

/** @param {unknown} error @returns {string} */
export function explain(error) {
  const { type = '', failures, message } = /** @type {any} */ (error ?? {});
  if (message === 'upload') return t('compose.error.upload');
  const details = Object.values(failures ?? {})[0] ?? {};
  if (type === 'invalidRecipients') return t('compose.error.invalidRecipients', { list: (details.invalidRecipients ?? []).join(', ') });
  if (KNOWN.has(type)) return t(`compose.error.${type}`);
  const reason = details.description ?? message ?? '';
  return reason ? t('compose.error.other', { reason }) : t('compose.error.unknown');
}
