// Runs before the first paint so that a dark page never flashes white. A file of its own: the page's
// Content-Security-Policy allows no inline script.
(function () {
  var root = document.documentElement;
  var stored = function (key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // Storage can be forbidden altogether.
    }
  };
  var theme = stored('vacancy.theme');
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  root.dataset.theme = dark ? 'dark' : 'light';
  root.lang = stored('vacancy.locale') || (/^zh/i.test(navigator.language) ? 'zh-CN' : 'en');
})();
