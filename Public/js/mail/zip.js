// @ts-check
/** A zip archive of files as they are (stored): what people attach is compressed already. PKWARE APPNOTE 4.3. */

/** @param {{name: string, bytes: Uint8Array}[]} files @returns {Blob} */
export function zipBlob(files) {
  const encoder = new TextEncoder();
  /** @type {BlobPart[]} */
  const pieces = [];
  /** @type {Uint8Array[]} */
  const directory = [];
  let offset = 0;
  const taken = new Set();
  for (const { name, bytes } of files) {
    const label = encoder.encode(freeName(name, taken));
    const fields = /** @type {[number, number][]} */ ([
      [2, 20], [2, 0x0800], [2, 0], ...dosTime(new Date()), [4, crc32(bytes)], [4, bytes.length], [4, bytes.length], [2, label.length], [2, 0],
    ]);
    const local = record(0x04034b50, fields);
    pieces.push(local, label, /** @type {BlobPart} */ (bytes));
    directory.push(record(0x02014b50, [[2, 20], ...fields, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += local.length + label.length + bytes.length;
  }
  const size = directory.reduce((sum, piece) => sum + piece.length, 0);
  const end = record(0x06054b50, [[2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return new Blob([...pieces, .../** @type {BlobPart[]} */ (directory), end], { type: 'application/zip' });
}

/** @param {number} signature @param {[number, number][]} fields   widths and values @returns {Uint8Array} */
function record(signature, fields) {
  const all = [/** @type {[number, number]} */ ([4, signature]), ...fields];
  const view = new DataView(new ArrayBuffer(all.reduce((sum, [width]) => sum + width, 0)));
  let at = 0;
  for (const [width, value] of all) {
    if (width === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value >>> 0, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

/** @param {Date} date @returns {[number, number][]} */
function dosTime(date) {
  return [
    [2, (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1)],
    [2, ((date.getFullYear() - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate()],
  ];
}

/**
 * A name that leads nowhere and is there once.
 * @param {string} name @param {Set<string>} taken
 */
function freeName(name, taken) {
  const plain = name.replace(/[\\/:\u0000-\u001f]+/g, '_').replace(/^\.+/, '_') || '_';
  let free = plain;
  for (let count = 2; taken.has(free); count += 1) free = plain.replace(/(\.[^.]*)?$/, (end) => ` (${count})${end}`);
  taken.add(free);
  return free;
}

/** @type {Uint32Array|null} */
let table = null;

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  table ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    return value;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}
