// Runs before the first paint; a classic script, since modules wait.
(() => {
  try {
    // A chosen theme must not flash.
    const { theme, density } = JSON.parse(localStorage.getItem('mailportal.preferences') ?? '{}');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.density = density ?? 'comfortable';
    // Where somebody was signed in, the session is asked for while the modules load.
    if (localStorage.getItem('mailportal.signed-in')) ['/api/v1/session', '/jmap/session'].forEach(preload);
  } catch { /* Without storage the system's theme holds, and the session is asked for later. */ }

  /** @param {string} href */
  function preload(href) {
    const link = document.createElement('link');
    Object.assign(link, { rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href });
    document.head.append(link);
  }
})();
