// @ts-check
/**
 * Styles of messages, filtered by the browser's own CSS parser: what it understood is what is judged, so escapes, comments and
 * broken syntax hide nothing. Only listed properties pass, and no value that could load, overlay, move or grow without bound.
 */

/** Beginnings of property names that may pass; `name` itself or `name-…`. */
const ALLOWED_FAMILIES = [
  'color', 'background', 'border', 'outline', 'box-sizing', 'box-shadow', 'caption-side', 'clear', 'direction', 'display', 'empty-cells',
  'flex', 'align', 'justify', 'place', 'gap', 'row-gap', 'column-gap', 'order', 'float', 'font', 'width', 'height', 'min-width', 'min-height',
  'max-width', 'max-height', 'min-inline-size', 'max-inline-size', 'inline-size', 'block-size', 'letter-spacing', 'line-height',
  'list-style-type', 'list-style-position', 'margin', 'padding', 'opacity', 'orphans', 'widows', 'overflow', 'break', 'page-break', 'table-layout',
  'text', 'unicode-bidi', 'vertical-align', 'visibility', 'white-space', 'word', 'line-break', 'hyphens', 'tab-size', 'quotes', 'object-fit',
  'object-position', 'aspect-ratio', 'grid', 'columns', 'column-count', 'column-width', 'writing-mode', '-webkit-text-fill-color',
];
const REFUSED = new Set(['border-image', 'border-image-source', 'background-attachment', 'overflow-anchor', 'overflow-clip-margin', 'text-size-adjust']);
/** Functions that load, or that bring in what has not been judged. */
const UNSAFE_VALUE = /\b(?:url|src|image|image-set|cross-fade|element|paint|attr|env|var|expression|-webkit-image-set|-webkit-cross-fade)\s*\(/i;
const VIEWPORT_UNIT = /\d(?:[sld]?v(?:h|b|max|min)|cq[a-z]+)\b/i;
const LARGEST_LENGTH = 4000;

/** @typedef {{image: string|null}} FilteredDeclarations `image`: the address of a remote background image that was taken out */

/** @param {string} name */
function isAllowedProperty(name) {
  if (REFUSED.has(name)) return false;
  return ALLOWED_FAMILIES.some((family) => name === family || name.startsWith(family + '-'));
}

/** @param {string} name @param {string} value */
function isSafeValue(name, value) {
  if (value === '' || UNSAFE_VALUE.test(value)) return false;
  if (VIEWPORT_UNIT.test(value) && /height|block-size|margin|padding|font-size|line-height/.test(name)) return false;
  for (const [number] of value.matchAll(/\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi)) {
    if (Number(number) > LARGEST_LENGTH && !/color|background|shadow|font-weight|font-family/.test(name)) return false;
  }
  return true;
}

/**
 * Removes from `style` whatever may not pass.
 * @param {CSSStyleDeclaration} style
 * @returns {FilteredDeclarations}
 */
export function filterDeclarations(style) {
  let image = null;
  for (const name of Array.from(style)) {
    const value = style.getPropertyValue(name);
    if (name === 'background-image') image = firstRemoteURL(value) ?? image;
    if (!isAllowedProperty(name) || !isSafeValue(name, value)) style.removeProperty(name);
  }
  return { image };
}

/** @param {string} value @returns {string|null} */
function firstRemoteURL(value) {
  const found = /\burl\(\s*"((?:[^"\\]|\\.)*)"\s*\)/i.exec(value);
  return found ? found[1].replace(/\\(.)/g, '$1') : null;
}

/**
 * The text of a `style` attribute, filtered.
 * @param {string} text
 * @returns {{text: string, image: string|null}}
 */
export function filterStyleAttribute(text) {
  const style = document.createElement('span').style;
  style.cssText = text;
  const { image } = filterDeclarations(style);
  return { text: style.cssText, image };
}

/**
 * The text of a style sheet, filtered: style rules, and media and supports blocks of them; everything else (imports, fonts, key
 * frames, pages, namespaces) goes. Ids in selectors get `idPrefix`, as the ids of the elements do.
 * @param {string} text
 * @param {string} idPrefix
 * @returns {string}
 */
export function filterStyleSheet(text, idPrefix) {
  const sheet = new CSSStyleSheet();
  try {
    sheet.replaceSync(text.replace(/<!--|-->/g, ' '));
  } catch {
    return '';
  }
  return filterRules(sheet.cssRules, idPrefix, 0);
}

/** @param {CSSRuleList} rules @param {string} idPrefix @param {number} depth @returns {string} */
function filterRules(rules, idPrefix, depth) {
  if (depth > 4) return '';
  let text = '';
  for (const rule of Array.from(rules)) {
    if (rule instanceof CSSStyleRule) {
      filterDeclarations(rule.style);
      const selector = prefixIds(rule.selectorText, idPrefix);
      if (rule.style.length > 0) text += `${selector}{${rule.style.cssText}}\n`;
    } else if (rule instanceof CSSMediaRule) {
      // The theme is ours to choose; a message's own dark rules would follow the system instead.
      if (/prefers-color-scheme:\s*dark/i.test(rule.conditionText)) continue;
      text += wrap('@media', rule.conditionText, filterRules(rule.cssRules, idPrefix, depth + 1));
    } else if (rule instanceof CSSSupportsRule) {
      text += wrap('@supports', rule.conditionText, filterRules(rule.cssRules, idPrefix, depth + 1));
    }
  }
  return text;
}

/** @param {string} at @param {string} condition @param {string} inner */
function wrap(at, condition, inner) {
  return inner && !/url\s*\(/i.test(condition) ? `${at} ${condition}{${inner}}\n` : '';
}

/**
 * `#name` → `#prefixname`, but not inside strings or brackets.
 * @param {string} selector @param {string} prefix
 */
function prefixIds(selector, prefix) {
  return selector.replace(/"(?:[^"\\]|\\.)*"|\[[^\]]*\]|#(?=[-\w\\\u0080-\uffff])/g, (found) => (found === '#' ? '#' + prefix : found));
}
