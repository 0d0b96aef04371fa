// The page of an account that is to be followed: what WeChat tells, and then on.
//
// It listens to /events and, where the stream ends early, asks /state in the seconds
// that the server names. When the person may go on, or the code is over, the page is
// loaded again: the server leads on from there. After ten errors in a row it stops.
"use strict";
(() => {
  const MOST_ERRORS = 10;
  const SHORT_STREAM = 5000; // ms: the server has no room for one that ends so soon
  const root = document.getElementById("must-follow");
  const picture = document.getElementById("picture");

  let { state, version } = root.dataset;
  let errors = 0;
  let left = false; // on the way to another page
  let streams = "EventSource" in window;
  let stream = null;
  let request = null; // an AbortController
  let timer = 0;

  const address = (what) => root.dataset.base + what;
  const isSeen = () => document.visibilityState === "visible";

  function later(work, seconds) {
    clearTimeout(timer);
    timer = setTimeout(work, seconds * 1000);
  }

  function rest() {
    stream?.close();
    request?.abort();
    clearTimeout(timer);
    stream = request = null;
  }

  function show(name) {
    state = root.dataset.state = name;
    for (const part of root.querySelectorAll("[data-when]")) {
      part.hidden = part.dataset.when !== name;
    }
  }

  function onward() {
    rest();
    left = true;
    location.replace(location.href);
  }

  // --- what WeChat tells ---------------------------------------------------------------

  function hear(news) {
    errors = 0;
    version = news.version;
    if (news.state === "waiting" && state === "broken") return true;
    show(news.state);
    if (news.state === "done") onward();
    else if (news.state === "expired") outlived();
    else return true;
    return false;
  }

  // A page that nobody looks at is loaded again when somebody does.
  function outlived() {
    rest();
    if (isSeen()) onward();
  }

  function listen() {
    rest();
    if (!streams) return ask();
    const began = Date.now();
    stream = new EventSource(address("events"));
    stream.addEventListener("state", (event) => hear(JSON.parse(event.data)));
    stream.addEventListener("error", () => {
      const lasted = Date.now() - began > SHORT_STREAM;
      // The browser takes it up again where it stopped.
      if (lasted && stream?.readyState === EventSource.CONNECTING && !errors) {
        errors += 1;
        return;
      }
      streams = streams && lasted;
      rest();
      later(ask, 0.3);
    });
  }

  async function ask() {
    // "online" asks again.
    if (!navigator.onLine) return;
    request?.abort();
    request = new AbortController();
    try {
      const answer = await fetch(address(`state?version=${encodeURIComponent(version)}`), {
        cache: "no-store",
        headers: { Accept: "application/json" },
        signal: request.signal,
      });
      if (answer.status === 401 || answer.status === 404) outlived();
      else if (!answer.ok) failed(Number(answer.headers.get("Retry-After")) || 0);
      else {
        const news = await answer.json();
        const again = Math.max(news.again_in ?? 2, 1);
        if (hear(news)) later(streams ? listen : ask, isSeen() ? again : 10);
      }
    } catch (error) {
      if (error.name !== "AbortError") failed(0);
    }
  }

  function failed(seconds) {
    errors += 1;
    if (errors < MOST_ERRORS) return later(ask, Math.max(seconds, Math.min(2 * errors, 10)));
    rest();
    show("stopped");
  }

  // --- who looks -----------------------------------------------------------------------

  function look() {
    if (left || !isSeen() || !navigator.onLine) return;
    if (state === "expired") onward();
    else if (state !== "stopped") listen();
  }

  function again() {
    errors = 0;
    show("waiting");
    listen();
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    left = false;
    look();
  });
  window.addEventListener("pagehide", rest);
  root.querySelector("[data-act=resume]").addEventListener("click", again);
  root.querySelector("[data-act=again]").addEventListener("click", again);
  const broken = () => state === "waiting" && show("broken");
  picture.addEventListener("error", broken);
  if (picture.complete && !picture.naturalWidth) broken();
  listen();
})();
