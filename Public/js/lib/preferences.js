/** What a person chose on this device: theme, density, widths. Kept in this browser. */
import { createCell } from './cell.js';

/**
 * @typedef {{ theme: 'system' | 'light' | 'dark', density: 'comfortable' | 'compact', panes: 'beside' | 'alone', listWidth: number, sidebarWidth: number, closedFolders: string[] }} Preferences
 * @typedef {import('./cell.js').Cell<Preferences> & { change(part: Partial<Preferences>): void }} PreferencesCell
 */

const KEY = 'mailportal.preferences';
/** @type {Preferences} */
const DEFAULTS = { theme: 'system', density: 'comfortable', panes: 'beside', listWidth: 420, sidebarWidth: 240, closedFolders: [] };

/** @returns {PreferencesCell} */
export function createPreferences() {
  const cell = createCell(read());
  window.addEventListener('storage', (event) => {
    if (event.key === KEY) cell.set(read());
  });
  return {
    ...cell,
    change(part) {
      cell.set({ ...cell.get(), ...part });
      try {
        localStorage.setItem(KEY, JSON.stringify(cell.get()));
      } catch { /* Private windows may have no storage; the choice then holds for this page. */ }
    },
  };
}

/** @returns {Preferences} */
function read() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY) ?? '{}') };
  } catch {
    return DEFAULTS;
  }
}

/**
 * Shows theme and density on the document.
 * @param {PreferencesCell} preferences
 */
export function applyPreferences(preferences) {
  const root = document.documentElement;
  const apply = (/** @type {Preferences} */ { theme, density }) => {
    if (theme === 'system') delete root.dataset.theme;
    else root.dataset.theme = theme;
    root.dataset.density = density;
  };
  apply(preferences.get());
  preferences.subscribe(apply);
}
