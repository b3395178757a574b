// @ts-check
/** Between rich text and plain text: what a message says without its looks, and what plain text looks like. */

const BLOCKS = new Set(['P', 'DIV', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'UL', 'OL', 'LI', 'BLOCKQUOTE', 'PRE', 'TABLE', 'TR', 'HR', 'SECTION', 'ARTICLE', 'HEADER', 'FOOTER', 'DL', 'DT', 'DD', 'FIGURE', 'CENTER', 'DETAILS', 'ADDRESS']);
const SPACED = new Set(['P', 'UL', 'OL', 'BLOCKQUOTE', 'PRE', 'TABLE', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'DL']);
const SKIPPED = new Set(['STYLE', 'SCRIPT', 'TITLE', 'HEAD', 'SUMMARY']);

/**
 * The text of a tree, as one would have typed it.
 * @param {Node} root
 * @returns {string}
 */
export function textOf(root) {
  return linesOf(root).join('\n').replace(/[ \t\u00a0]+\n/g, '\n').replace(/\n{3,}/g, '\n\n').trim();
}

/** @param {Node} root @returns {string[]} */
function linesOf(root) {
  /** @type {string[]} */
  const lines = [''];
  const append = (/** @type {string} */ text) => { lines[lines.length - 1] += text; };
  const startLine = () => { if (lines[lines.length - 1] !== '') lines.push(''); };
  const space = () => {
    startLine();
    if (lines.length > 1 && lines[lines.length - 2] !== '') lines.push('');
  };

  /** @param {Node} node @param {boolean} keepsSpace */
  function walk(node, keepsSpace) {
    if (node.nodeType === 3) {
      writeText(node.textContent ?? '', keepsSpace);
      return;
    }
    if (node.nodeType !== 1 && node.nodeType !== 11) return;
    const element = /** @type {HTMLElement} */ (node);
    if (SKIPPED.has(element.nodeName)) return;
    const isBlock = BLOCKS.has(element.nodeName);
    const isSpaced = SPACED.has(element.nodeName) && !(element.nodeName.endsWith('L') && element.closest('li'));
    if (isSpaced) space();
    else if (isBlock) startLine();
    writeElement(element, keepsSpace);
    if (isSpaced) space();
    else if (isBlock) startLine();
  }

  /** @param {string} text @param {boolean} keepsSpace */
  function writeText(text, keepsSpace) {
    if (keepsSpace) {
      text.split('\n').forEach((line, index) => {
        if (index > 0) lines.push('');
        append(line);
      });
      return;
    }
    const folded = text.replace(/[ \t\r\n]+/g, ' ');
    append(lines[lines.length - 1] === '' || lines[lines.length - 1].endsWith(' ') ? folded.replace(/^ /, '') : folded);
  }

  /** @param {HTMLElement} element @param {boolean} keepsSpace */
  function writeElement(element, keepsSpace) {
    const children = () => element.childNodes.forEach((child) => walk(child, keepsSpace || element.nodeName === 'PRE'));
    switch (element.nodeName) {
      case 'BR':
        lines.push('');
        break;
      case 'HR':
        append('----------');
        break;
      case 'IMG':
        if (element.getAttribute('alt')) append(`[${element.getAttribute('alt')}]`);
        break;
      case 'LI': {
        const list = element.parentElement;
        const index = Array.from(list?.children ?? []).indexOf(element) + (Number(list?.getAttribute('start')) || 1);
        const mark = list?.nodeName === 'OL' ? `${index}. ` : '- ';
        const inner = linesOf(fragmentOf(element));
        trimmed(inner).forEach((line, at) => {
          startLine();
          append((at === 0 ? mark : ' '.repeat(mark.length)) + line);
        });
        break;
      }
      case 'BLOCKQUOTE':
        for (const line of trimmed(linesOf(fragmentOf(element)))) {
          startLine();
          append(line.startsWith('>') || line === '' ? `>${line}` : `> ${line}`);
        }
        break;
      case 'A': {
        children();
        const href = element.getAttribute('href') ?? '';
        const shown = (element.textContent ?? '').trim();
        if (/^https?:/i.test(href) && shown !== '' && href.replace(/\/$/, '') !== shown.replace(/\/$/, '') && !href.endsWith(`//${shown}`) && !href.endsWith(`//${shown}/`)) append(` <${href}>`);
        break;
      }
      case 'TD':
      case 'TH':
        children();
        append('  ');
        break;
      default:
        children();
    }
  }

  root.childNodes.forEach((child) => walk(child, false));
  return lines;
}

/** @param {HTMLElement} element */
function fragmentOf(element) {
  const fragment = document.createDocumentFragment();
  const shell = document.createElement(element.nodeName === 'LI' ? 'li' : 'span');
  shell.append(...Array.from(element.childNodes, (child) => child.cloneNode(true)));
  fragment.append(shell);
  return shell;
}

/** @param {string[]} lines */
function trimmed(lines) {
  let start = 0;
  let end = lines.length;
  while (start < end && lines[start].trim() === '') start += 1;
  while (end > start && lines[end - 1].trim() === '') end -= 1;
  return lines.slice(start, end);
}

/**
 * Plain text as blocks for the editor; quoted lines become quotes.
 * @param {string} text @returns {DocumentFragment}
 */
export function fragmentOfText(text) {
  const fragment = document.createDocumentFragment();
  /** @type {string[]} */
  let quoted = [];
  const flush = () => {
    if (quoted.length === 0) return;
    const quote = document.createElement('blockquote');
    quote.setAttribute('type', 'cite');
    quote.append(fragmentOfText(quoted.join('\n')));
    fragment.append(quote);
    quoted = [];
  };
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    if (line.startsWith('>')) {
      quoted.push(line.replace(/^> ?/, ''));
      continue;
    }
    flush();
    const block = document.createElement('div');
    if (line === '') block.append(document.createElement('br'));
    else block.append(line.replace(/^ +| {2,}/g, (run) => '\u00a0'.repeat(run.length)));
    fragment.append(block);
  }
  flush();
  return fragment;
}
