// @ts-check
/** What an attachment is, by its declared type and its name, and whether it can be shown here. */

/** @typedef {import('../jmap/types.js').EmailBodyPart} EmailBodyPart */
/** @typedef {'image'|'pdf'|'text'|'html'|'audio'|'video'|'message'|'calendar'|'contact'|'archive'|'sheet'|'document'|'slides'|'code'|'file'} AttachmentKind */

const IMAGES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp', 'image/avif'];
const SOUNDS = ['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/ogg', 'audio/opus', 'audio/wav', 'audio/x-wav', 'audio/webm', 'audio/flac'];
const FILMS = ['video/mp4', 'video/webm', 'video/ogg', 'video/quicktime'];

/** @type {Record<string, string>} */
const TYPE_OF_EXTENSION = {
  png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', bmp: 'image/bmp', avif: 'image/avif',
  pdf: 'application/pdf', txt: 'text/plain', log: 'text/plain', md: 'text/plain', csv: 'text/csv', json: 'application/json', xml: 'text/xml', ics: 'text/calendar',
  vcf: 'text/vcard', html: 'text/html', htm: 'text/html', mp3: 'audio/mpeg', m4a: 'audio/mp4', ogg: 'audio/ogg', wav: 'audio/wav', flac: 'audio/flac',
  mp4: 'video/mp4', webm: 'video/webm', mov: 'video/quicktime', eml: 'message/rfc822', zip: 'application/zip', patch: 'text/plain', diff: 'text/plain',
};
/** @type {[RegExp, AttachmentKind][]} */
const KINDS = [
  [/^application\/pdf$/, 'pdf'], [/^text\/html$|xhtml/, 'html'], [/^text\/calendar$|\/ics$/, 'calendar'], [/vcard$/, 'contact'], [/^message\/(rfc822|global)$/, 'message'],
  [/json$|xml$|javascript$|^text\/(x-|css|javascript)/, 'code'], [/^text\//, 'text'], [/zip|compressed|tar$|rar$|7z|gzip/, 'archive'],
  [/spreadsheet|excel|sheet$/, 'sheet'], [/presentation|powerpoint/, 'slides'], [/word|opendocument\.text|rtf$/, 'document'],
];

/**
 * The type to go by: what is declared, unless it says nothing; then what the name says.
 * @param {EmailBodyPart} part
 */
export function effectiveType(part) {
  const declared = part.type.toLowerCase();
  if (declared !== 'application/octet-stream' && declared !== '') return declared;
  const extension = /\.([a-z0-9]+)$/i.exec(part.name ?? '')?.[1].toLowerCase() ?? '';
  return TYPE_OF_EXTENSION[extension] ?? 'application/octet-stream';
}

/** @param {EmailBodyPart} part @returns {AttachmentKind} */
export function kindOf(part) {
  const type = effectiveType(part);
  if (IMAGES.includes(type)) return 'image';
  if (SOUNDS.includes(type)) return 'audio';
  if (FILMS.includes(type)) return 'video';
  return KINDS.find(([pattern]) => pattern.test(type))?.[1] ?? 'file';
}

/** Kinds that open here; the rest is downloaded. */
export const SHOWN_KINDS = new Set(['image', 'pdf', 'text', 'html', 'audio', 'video', 'message', 'calendar', 'contact', 'code']);

/**
 * A type that a blob of this kind may have in our origin: never one that can act.
 * @param {EmailBodyPart} part
 */
export function safeType(part) {
  const kind = kindOf(part);
  if (kind === 'image' || kind === 'audio' || kind === 'video') return effectiveType(part);
  return kind === 'pdf' ? 'application/pdf' : 'application/octet-stream';
}
