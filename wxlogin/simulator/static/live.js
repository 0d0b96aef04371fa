// Keeps [data-live] parts of a page fresh: asks for the part, and puts the answer in
// its place when it differs. The server holds an answer back until there is news.
(function () {
  "use strict";

  var HOOKS = ["scan", "launch", "accountCode", "link"];

  function focusedHook(part) {
    var active = document.activeElement;
    if (!part.contains(active)) { return null; }
    var name = HOOKS.filter(function (each) { return active.dataset[each]; })[0];
    if (!name) { return null; }
    var attribute = name.replace(/[A-Z]/g, function (c) { return "-" + c.toLowerCase(); });
    return "[data-" + attribute + "=" + JSON.stringify(active.dataset[name]) + "]";
  }

  function replace(part, html) {
    var hook = focusedHook(part);
    part.innerHTML = html;
    var again = hook && part.querySelector(hook);
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
