// Whether WeChat's page has come into its frame; for the sign-in page and the widget.
//
//   wxloginArrival(frame, (state) => …)
//
// tells at once and at each change: "loading"; "here", and nothing may lie over the
// frame; "slow", nothing came in twelve seconds, but it still may; "unreachable". Or
// "silent": something came, and nobody can say what.
//
// A page learns little of a frame of another origin. `load` comes for the browser's own
// error page as well, and a script that is late misses it. What tells:
//
// - a message of WeChat's page ("wxReady"): it is here, whatever else was thought;
// - the frame's document, which can be read only as long as nothing has come;
// - WeChat's host, which is asked beside the frame. HEAD, so that no second code is made.
//
// The last two together do where no message comes: WeChat's pages that refuse a link
// have none, and it is documented of no page.
"use strict";
window.wxloginArrival = (frame, tell) => {
  const PATIENCE_SECONDS = 12;
  const origin = new URL(frame.src).origin;
  const LATE_MESSAGE = 1000; // ms: a page's message may come after its load
  let spoke = false; // WeChat's page, which is in the frame now
  let heard = -Infinity; // when, last
  let loaded = -Infinity; // the frame, last
  let answers = null; // does WeChat's host? Not known yet, or never
  let late = false;
  let told = null;

  const filled = () => {
    const inside = frame.contentDocument;
    return !inside || inside.URL !== "about:blank";
  };
  const judge = () => {
    if (spoke) return "here";
    if (answers === false) return "unreachable";
    if (filled()) return late && answers === null ? "silent" : "here";
    return late ? "slow" : "loading";
  };
  const say = () => {
    const state = judge();
    if (state !== told) tell((told = state));
  };

  const ask = async () => {
    let refused = false; // by the policy of the page around us, which says nothing of WeChat
    const heed = (event) => { refused ||= event.effectiveDirective === "connect-src"; };
    document.addEventListener("securitypolicyviolation", heed);
    try {
      await fetch(frame.src, {
        method: "HEAD", mode: "no-cors", credentials: "omit", cache: "no-store",
        referrerPolicy: "no-referrer",
      });
      answers = true;
    } catch {
      await new Promise((later) => { setTimeout(later); });
      answers = refused ? null : false;
    }
    document.removeEventListener("securitypolicyviolation", heed);
    say();
  };

  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || event.origin !== origin) return;
    spoke = true;
    heard = Date.now();
    say();
  });
  frame.addEventListener("load", () => {
    // It loads again by itself when its code grows old, and then may fail: what was heard
    // before is the word of the page that is gone.
    spoke = heard > loaded + LATE_MESSAGE;
    loaded = Date.now();
    if (!spoke && answers !== false) ask();
    say();
  });
  setTimeout(() => { late = true; say(); }, PATIENCE_SECONDS * 1000);
  say();
  ask();
};
