// Copies the link; where the browser does not allow it, the link is selected.
"use strict";
(() => {
  const link = document.getElementById("link");
  const button = document.getElementById("copy");
  if (!link || !button) return;
  button.addEventListener("click", async () => {
    link.select();
    try {
      await navigator.clipboard.writeText(link.value);
    } catch {
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
  });
})();
