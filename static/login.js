// The login page around WeChat's frame. WeChat's own page in the frame shows waiting,
// scanned and confirmed; whether it came at all is wxlogin-arrival.js's to say. This
// script shows what that says, and knows when the attempt behind the code is too old.
"use strict";
(() => {
  const ATTEMPT_SECONDS = 540; // the state is good for 600
  const frame = document.getElementById("frame");
  const show = (name) => {
    for (const id of ["loading", "slow", "unreachable", "expired"]) {
      document.getElementById(id).hidden = id !== name;
    }
  };
  let expired = false;
  window.wxloginArrival?.(frame, (state) => expired || show(state));

  // The page that ends a sign-in inside the frame is ours and says where to go on.
  const listeners = JSON.parse(document.body.dataset.listeners || "[]");
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow) return;
    if (event.origin !== location.origin || event.data?.source !== "wxlogin") return;
    if (window.parent === window) {
      location.assign(event.data.next);
      return;
    }
    for (const origin of listeners) window.parent.postMessage(event.data, origin);
  });

  const born = Date.now();
  const age = () => (Date.now() - born) / 1000;
  const check = () => {
    if (age() < ATTEMPT_SECONDS) return;
    // Somebody who looks at the page gets a new code, a page in the background waits.
    expired = true;
    if (document.visibilityState === "visible") location.reload();
    else show("expired");
  };
  setInterval(check, 5000);
  document.addEventListener("visibilitychange", check);
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
})();
