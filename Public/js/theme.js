// Runs before the first paint, so that a chosen theme does not flash: a classic script, since modules wait.
(() => {
  try {
    const { theme, density } = JSON.parse(localStorage.getItem('mailportal.preferences') ?? '{}');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.density = density ?? 'comfortable';
  } catch { /* Without storage the system's theme holds. */ }
})();
