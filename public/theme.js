// Runs before the first paint, so that a chosen theme does not flash. The choice is made in components/ui/preferences.tsx.
try {
  var theme = localStorage.getItem('umbel.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: the system's theme then holds.
}
