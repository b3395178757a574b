/**
 * The one way in which elements are made here. A string is always text: nothing in this file, or
 * built on it, turns a string into HTML, so that Trusted Types never has anything to refuse.
 */

/** @typedef {Node | string | number | null | undefined | false | readonly any[]} Child  a list holds children again */

/**
 * `class`: a string, or a list whose falsy entries are left out. `on`: listeners by event name. `style`: custom
 * properties and declarations, set one by one (an attribute would need 'unsafe-inline'). `data`: data attributes.
 * `prop`: properties that are no attributes (value, checked, indeterminate). Everything else is an attribute:
 * `true` writes it empty, `false`, `null` and `undefined` leave it out.
 * @typedef {{
 *   class?: string | Array<string | false | null | undefined>,
 *   on?: Record<string, (event: any) => void>,
 *   style?: Record<string, string | number | null | undefined>,
 *   data?: Record<string, string | number | boolean | null | undefined>,
 *   prop?: Record<string, any>,
 *   [attribute: string]: any,
 * }} Props
 */

const URL_ATTRIBUTES = new Set(['href', 'src', 'action', 'formaction', 'poster']);
const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  if (props) setProps(element, props);
  append(element, children);
  return element;
}

/**
 * Makes an SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} attributes
 * @param {...Node} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * Sets `props` on an element that exists already.
 * @param {HTMLElement} element
 * @param {Props} props
 */
export function setProps(element, props) {
  for (const [name, value] of Object.entries(props)) {
    switch (name) {
      case 'class':
        element.className = Array.isArray(value) ? value.filter(Boolean).join(' ') : value ?? '';
        break;
      case 'on':
        for (const [type, listener] of Object.entries(value)) element.addEventListener(type, /** @type {EventListener} */ (listener));
        break;
      case 'style':
        for (const [property, setting] of Object.entries(value)) setStyle(element, property, setting);
        break;
      case 'data':
        for (const [key, setting] of Object.entries(value)) {
          if (setting === null || setting === undefined || setting === false) delete element.dataset[key];
          else element.dataset[key] = String(setting);
        }
        break;
      case 'prop':
        Object.assign(element, value);
        break;
      default:
        setAttribute(element, name, value);
    }
  }
}

/**
 * Sets or removes one attribute; refuses those that would carry code.
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function setAttribute(element, name, value) {
  if (/^on/i.test(name) || name === 'srcdoc') throw new TypeError(`attribute ${name} is not allowed`);
  if (value === null || value === undefined || value === false) {
    element.removeAttribute(name);
    return;
  }
  const text = value === true ? '' : String(value);
  if (URL_ATTRIBUTES.has(name) && !isSafeURL(text)) throw new TypeError(`address not allowed in ${name}`);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * Whether following or loading `text` can run no code.
 * @param {string} text
 */
export function isSafeURL(text) {
  try {
    const { protocol } = new URL(text, location.origin);
    return ['http:', 'https:', 'mailto:', 'tel:', 'blob:'].includes(protocol) || /^data:image\/(png|jpeg|gif|webp|avif)[;,]/i.test(text);
  } catch {
    return false;
  }
}

/**
 * @param {HTMLElement} element
 * @param {string} property
 * @param {string | number | null | undefined} value
 */
function setStyle(element, property, value) {
  if (value === null || value === undefined) element.style.removeProperty(property);
  else element.style.setProperty(property, String(value));
}

/**
 * Appends children; strings and numbers as text, falsy ones not at all.
 * @param {Node} parent
 * @param {Child[]} children
 */
export function append(parent, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(parent, child);
    else parent.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replaces everything in `parent`.
 * @param {Element} parent
 * @param {...Child} children
 */
export function fill(parent, ...children) {
  const fragment = document.createDocumentFragment();
  append(fragment, children);
  parent.replaceChildren(fragment);
}

/**
 * Sets text only where it differs (a live region speaks again otherwise).
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Whether keys typed now belong to a field.
 * @param {EventTarget | null} target
 */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches('input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select'));
}

let counter = 0;
/**
 * An id that no other element of this page has.
 * @param {string} prefix
 */
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}
