// Goes back to the site twice, as some Android phones do: the first request is on its
// way when the second replaces it. Chromium drops a second navigation to the very same
// address; an empty fragment, which no server sees, makes it another one.
(function () {
  "use strict";

  var urls = JSON.parse(document.querySelector("[data-visits]").dataset.visits);
  window.location.replace(urls[0]);
  setTimeout(function () {
    var again = urls[1].indexOf("#") < 0 ? urls[1] + "#" : urls[1];
    window.location.replace(again);
  }, 150);
})();
