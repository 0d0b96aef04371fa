// Buttons with [data-copy] put that text on the clipboard, and say so. Without scripts
// they are not shown.
(function () {
  "use strict";

  var told = document.querySelector("[data-copied]");
  document.documentElement.classList.add("can-copy");

  // Browsers have a clipboard on localhost and by https only.
  function byHand(text) {
    var field = document.createElement("textarea");
    var before = document.activeElement;
    field.value = text;
    field.className = "away";
    document.body.appendChild(field);
    field.select();
    var done = document.execCommand("copy");
    field.remove();
    before.focus();
    return done ? Promise.resolve() : Promise.reject();
  }

  function copied(button) {
    told.textContent = told.dataset.copied;
    button.classList.add("is-copied");
    setTimeout(function () {
      told.textContent = "";
      button.classList.remove("is-copied");
    }, 1600);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-copy]");
    if (!button) { return; }
    var text = button.dataset.copy;
    var way = navigator.clipboard ? navigator.clipboard.writeText(text) : Promise.reject();
    way
      .catch(function () { return byHand(text); })
      .then(
        function () { copied(button); },
        function () { told.textContent = told.dataset.failed; }
      );
  });
})();
