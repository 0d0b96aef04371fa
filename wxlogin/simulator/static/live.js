// Keeps [data-live] parts of a page fresh: asks for the part, and puts the answer in
// its place when it differs. The server holds an answer back until there is news.
(function () {
  "use strict";

  function focusedHook(part) {
    var active = document.activeElement;
    return part.contains(active) && active.dataset.scan;
  }

  function replace(part, html) {
    var hook = focusedHook(part);
    part.innerHTML = html;
    var again = hook && part.querySelector('[data-scan="' + hook + '"]');
    if (again) { again.focus(); }
  }

  function keep(part) {
    var pause = Number(part.dataset.pause || 300);
    var last = null;

    function address() {
      var inner = part.querySelector("[data-version]");
      var url = new URL(part.dataset.live, location.href);
      if (inner) { url.searchParams.set("version", inner.dataset.version); }
      return url;
    }

    function ask() {
      fetch(address(), { cache: "no-store" })
        .then(function (answer) {
          return answer.ok ? answer.text() : Promise.reject(answer.status);
        })
        .then(function (html) {
          if (html !== last) { replace(part, html); }
          last = html;
          setTimeout(ask, pause);
        })
        .catch(function () { setTimeout(ask, 3000); });
    }
    setTimeout(ask, pause);
  }

  document.querySelectorAll("[data-live]").forEach(keep);
})();
