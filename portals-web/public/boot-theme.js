// Sets the theme before the first paint, so that a dark screen never flashes white.
// A file of its own because the Content-Security-Policy allows no inline script.
// Keep in step with app/stores/theme.ts, which owns the choice afterwards.
;(function () {
  var choice = 'system'
  try {
    choice = localStorage.getItem('didtron.theme') || 'system'
  } catch {
    // Storage can be forbidden; the system's theme is right then.
  }
  var dark =
    choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.dataset.theme = dark ? 'dark' : 'light'
})()
