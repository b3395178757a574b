// @ts-check
/**
 * Messages on a dark screen. Most are written for white paper: those with a design of their own keep it, on a light sheet; plain ones (no
 * colours but text on white) take our dark ground, and their dark text colours are turned light at the same hue.
 */

/** @typedef {{r: number, g: number, b: number, a: number}} Color */

/**
 * Is this page dark where `element` stands?
 * @param {Element} element
 */
export function isDark(element) {
  const color = parseColor(getComputedStyle(element).color);
  return color !== null && luminance(color) > 0.4;
}

/** A ground at least so light is paper: on a dark screen it goes. */
const PAPER = 0.8;
const MOST_ELEMENTS = 4000;

/**
 * Is the message designed on a ground of its own: a picture, or colours over a good part of it?
 * @param {HTMLElement} body    the frame's body, styled and laid out
 */
export function hasOwnGround(body) {
  const view = body.ownerDocument.defaultView;
  if (!view) return false;
  const whole = Math.max(1, body.offsetWidth * body.offsetHeight);
  let coloured = 0;
  for (const element of elementsOf(body)) {
    const style = view.getComputedStyle(element);
    if (style.backgroundImage !== 'none') return true;
    const color = parseColor(style.backgroundColor);
    if (!color || color.a < 0.1 || luminance(color) >= PAPER || isOurs(element)) continue;
    coloured += element.offsetWidth * element.offsetHeight;
    if (coloured > whole * 0.3) return true;
  }
  return body.querySelectorAll('img:not(.mp-hidden)').length > 3;
}

/**
 * Turns dark text light, and paper transparent, in a message without a ground of its own. Coloured things (buttons) stay as they are.
 * @param {HTMLElement} body
 * @returns {() => void} undoes it
 */
export function adaptToDark(body) {
  const view = body.ownerDocument.defaultView;
  if (!view) return () => {};
  /** @type {Set<Element>} */
  const onColour = new Set();
  const planned = elementsOf(body).map((element) => {
    const style = view.getComputedStyle(element);
    const ground = parseColor(style.backgroundColor);
    const hasGround = ground !== null && ground.a >= 0.1 && !isOurs(element);
    const isPaper = hasGround && luminance(ground) >= PAPER;
    if ((hasGround && !isPaper) || (!isPaper && element.parentElement && onColour.has(element.parentElement))) onColour.add(element);
    return { element, isPaper, color: parseColor(style.color), hasLightBorder: hasLightBorder(style) };
  });
  /** @type {{element: HTMLElement, style: string}[]} */
  const changed = [];
  for (const { element, isPaper, color, hasLightBorder: dims } of planned) {
    const lightens = color !== null && luminance(color) < 0.3 && !onColour.has(element);
    const dimsBorder = dims && !onColour.has(element) && !isOurs(element);
    if (!isPaper && !lightens && !dimsBorder) continue;
    changed.push({ element, style: element.style.cssText });
    if (isPaper) element.style.setProperty('background-color', 'transparent', 'important');
    if (lightens) element.style.setProperty('color', lightened(color), 'important');
    if (dimsBorder) element.style.setProperty('border-color', 'var(--mp-line)', 'important');
  }
  return () => {
    for (const { element, style } of changed) element.style.cssText = style;
  };
}

/** @param {CSSStyleDeclaration} style */
function hasLightBorder(style) {
  return ['top', 'right', 'bottom', 'left'].some((side) => {
    if (style.getPropertyValue(`border-${side}-style`) === 'none') return false;
    const color = parseColor(style.getPropertyValue(`border-${side}-color`));
    return color !== null && color.a > 0 && luminance(color) > 0.4;
  });
}

/** @param {HTMLElement} body @returns {HTMLElement[]} */
function elementsOf(body) {
  return /** @type {HTMLElement[]} */ ([body, ...Array.from(body.querySelectorAll('*')).slice(0, MOST_ELEMENTS)]);
}

/** @param {HTMLElement} element */
function isOurs(element) {
  return String(element.className).startsWith('mp-') || element.localName === 'summary';
}

/** @param {string} text @returns {Color|null} */
export function parseColor(text) {
  const numbers = /^rgba?\(([^)]*)\)/.exec(text)?.[1].split(/[\s,/]+/).map(Number);
  if (numbers && numbers.length >= 3) return { r: numbers[0], g: numbers[1], b: numbers[2], a: numbers[3] ?? 1 };
  return viaCanvas(text);
}

/**
 * Colours in other spaces (`oklch(…)`, `color(…)`), as the browser paints them.
 * @param {string} text @returns {Color|null}
 */
function viaCanvas(text) {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillStyle = text;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
  return { r, g, b, a: a / 255 };
}

/**
 * Relative luminance, WCAG 2.
 * @param {Color} color
 */
function luminance({ r, g, b }) {
  const [x, y, z] = [r, g, b].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}

/**
 * The same hue, light enough to read on dark.
 * @param {Color} color
 */
function lightened({ r, g, b }) {
  const most = Math.max(r, g, b) / 255;
  const least = Math.min(r, g, b) / 255;
  const lightness = (most + least) / 2;
  const spread = most - least;
  let hue = 0;
  if (spread > 0) {
    const [red, green, blue] = [r / 255, g / 255, b / 255];
    if (most === red) hue = ((green - blue) / spread + 6) % 6;
    else if (most === green) hue = (blue - red) / spread + 2;
    else hue = (red - green) / spread + 4;
  }
  const saturation = spread === 0 ? 0 : Math.min(1, spread / (1 - Math.abs(2 * lightness - 1)));
  return `hsl(${Math.round(hue * 60)} ${Math.round(saturation * 85)}% ${Math.round(Math.max(72, 100 - lightness * 60 - 10))}%)`;
}
