// The page of a code to scan: what the phone did, and at the end the sign-in.
//
// It listens to /events and, where the stream ends early, asks /state again and again
// in the seconds that the server names. It claims by itself. A page that nobody looks
// at makes no codes; one that is looked at again has a new one at once. After ten
// errors in a row it stops and waits for a click; leaving the page ends everything.
"use strict";
(() => {
  const MOST_ERRORS = 10;
  const UNATTENDED = 6; // codes that a page makes before somebody moves the mouse
  const SHORT_STREAM = 5000; // ms: the server has no room for one that ends so soon
  const root = document.getElementById("scan");
  const picture = document.getElementById("picture");
  const open = document.getElementById("open");
  const held = document.getElementById("held");
  const renewal = document.getElementById("renew");
  const claiming = document.getElementById("claim");
  const fields = (name) => root.querySelectorAll(`[data-fill=${name}]`);

  let { ticket, state, version } = root.dataset;
  let again = 2;
  let errors = 0;
  let unattended = 0;
  let busy = false; // one new code, one claim at a time
  let left = false; // on the way to another page
  let repaired = false; // the picture was loaded once more
  let doubted = false; // whether the claim was another tab's
  let streams = "EventSource" in window;
  let stream = null;
  let request = null; // an AbortController
  let timers = [];

  const address = (what) => `${root.dataset.base}${ticket}/${what}`;
  const isSeen = () => document.visibilityState === "visible";
  const later = (work, seconds) => timers.push(setTimeout(work, seconds * 1000));

  function rest() {
    stream?.close();
    request?.abort();
    timers.forEach(clearTimeout);
    stream = request = null;
    timers = [];
  }

  function show(name) {
    state = root.dataset.state = name;
    for (const part of root.querySelectorAll("[data-when]")) {
      part.hidden = !part.dataset.when.split(" ").includes(name);
    }
  }

  function fill(name, text) {
    for (const field of fields(name)) {
      if ("src" in field) {
        if (text) field.src = text;
      } else field.textContent = text ?? "";
    }
    for (const part of root.querySelectorAll(`[data-has=${name}]`)) part.hidden = !text;
    for (const part of root.querySelectorAll(`[data-no=${name}]`)) part.hidden = !!text;
  }

  async function send(url, options = {}) {
    request?.abort();
    request = new AbortController();
    return fetch(url, {
      cache: "no-store",
      headers: { Accept: "application/json" },
      signal: request.signal,
      ...options,
    });
  }

  function failed(work, seconds = 0) {
    errors += 1;
    if (errors >= MOST_ERRORS) {
      rest();
      show("stopped");
    } else later(work, Math.max(seconds, Math.min(2 * errors, 10)));
  }

  // --- what the phone did --------------------------------------------------------------

  function hear(news) {
    errors = 0;
    version = news.version;
    again = Math.max(news.again_in ?? 2, 1);
    fill("nickname", news.nickname);
    fill("initial", [...(news.nickname || "✓")][0]);
    fill("avatar", news.avatar);
    fill("number", news.number);
    show(news.state);
    if (news.state === "confirmed") claim();
    else if (news.state === "claimed") another();
    else if (news.state === "expired") outlived();
    else if (news.state === "refused") rest();
    else return true;
    return false;
  }

  function follow() {
    rest();
    if (!streams) return ask();
    const began = Date.now();
    stream = new EventSource(address("events"));
    stream.addEventListener("state", (event) => {
      const news = JSON.parse(event.data);
      if (hear(news)) until(news.expires_in);
    });
    stream.addEventListener("error", () => {
      const lasted = Date.now() - began > SHORT_STREAM;
      // The browser takes it up again where it stopped.
      if (lasted && stream?.readyState === EventSource.CONNECTING && !errors) {
        errors += 1;
        return;
      }
      streams = streams && lasted;
      rest();
      // Not at once: a page that is being left loses its stream, too.
      later(ask, 0.3);
    });
  }

  // The end may come while the stream is mute.
  function until(seconds) {
    timers.forEach(clearTimeout);
    timers = [];
    later(ask, (seconds ?? 300) + 1);
  }

  async function ask() {
    // "online" asks again.
    if (!navigator.onLine) return;
    try {
      const answer = await send(address(`state?version=${encodeURIComponent(version)}`));
      if (answer.status === 404 || answer.status === 410) hear({ state: "expired" });
      else if (!answer.ok) failed(ask, Number(answer.headers.get("Retry-After")) || 0);
      else {
        const news = await answer.json();
        if (!hear(news)) return;
        if (stream) until(news.expires_in);
        else later(streams ? follow : ask, isSeen() ? again : Math.max(again, 10));
      }
    } catch (error) {
      if (error.name !== "AbortError") failed(ask);
    }
  }

  // --- a new code ----------------------------------------------------------------------

  // Nobody looks, or nobody has moved for long: the next look makes the code.
  function outlived() {
    rest();
    if (isSeen() && navigator.onLine && unattended < UNATTENDED) {
      unattended += 1;
      renew();
    }
  }

  async function renew() {
    if (busy || left || !isSeen() || !navigator.onLine) return;
    rest();
    busy = true;
    try {
      const body = new URLSearchParams(new FormData(renewal));
      const answer = await send(renewal.action, { method: "POST", body });
      if (answer.status === 429 || answer.status >= 500) {
        failed(renew, Number(answer.headers.get("Retry-After")) || 0);
      } else if (!answer.ok) leave(renewal);
      else start(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") failed(renew);
    } finally {
      busy = false;
    }
  }

  function start(news) {
    // The page of a code and that of a number are written differently.
    if (!news.chat_number === !!fields("chat_number").length) return leave(held.href);
    errors = 0;
    repaired = doubted = false;
    streams = "EventSource" in window;
    ticket = news.ticket;
    version = news.version ?? 0;
    claiming.action = address("claim");
    if (picture) picture.src = address("image");
    fill("chat_number", news.chat_number);
    if (open) open.href = open.dataset.link.replace("TICKET", ticket);
    show("waiting");
    follow();
  }

  // --- the sign-in ---------------------------------------------------------------------

  async function claim() {
    if (busy || left) return;
    rest();
    busy = true;
    try {
      const answer = await send(address("claim"), { method: "POST" });
      if (answer.ok) leave((await answer.json()).next);
      else if (answer.status >= 500) failed(claim);
      else if (answer.status === 409 && !doubted) {
        doubted = true;
        version = "";
        ask();
      } else leave(claiming);
    } catch (error) {
      if (error.name !== "AbortError") failed(claim);
    } finally {
      busy = false;
    }
  }

  // Another tab has claimed: its answer brings the session to this one, too.
  function another() {
    rest();
    later(() => leave(root.dataset.next), 2);
  }

  // To an address; or a refused form once more, as the server's page says why.
  function leave(target) {
    rest();
    left = true;
    if (target.submit) target.submit();
    else location.replace(target);
  }

  // --- who looks -----------------------------------------------------------------------

  function look() {
    if (left || !isSeen() || !navigator.onLine) return;
    unattended = 0;
    if (state === "expired") renew();
    else if (state === "confirmed") claim();
    else if (state === "waiting" || state === "scanned") follow();
  }

  // The picture has not come: the same address says why, or that it has come now.
  async function broken() {
    if (state !== "waiting" && state !== "scanned") return;
    rest();
    show("broken");
    try {
      const answer = await send(address("image"));
      if (answer.status === 404 || answer.status === 410) hear({ state: "expired" });
      else if (!answer.ok) {
        const told = await answer.json();
        // There is a number instead, on the same page.
        if (told.code === "no_service_account") leave(held.href);
        else fill("reason", told.title);
      } else if (!repaired) {
        repaired = true;
        picture.src = `${address("image")}?again`;
      }
    } catch {
      // The general words stay.
    }
  }

  function repair() {
    if (state !== "broken") return;
    show("waiting");
    follow();
  }

  document.addEventListener("visibilitychange", look);
  window.addEventListener("online", look);
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    left = false;
    look();
  });
  window.addEventListener("pagehide", rest);
  for (const sign of ["pointermove", "pointerdown", "keydown"]) {
    document.addEventListener(sign, () => {
      if (unattended >= UNATTENDED) look();
      unattended = 0;
    });
  }
  renewal.addEventListener("submit", (event) => {
    event.preventDefault();
    errors = unattended = 0;
    renew();
  });
  root.querySelector("[data-act=resume]").addEventListener("click", () => {
    errors = 0;
    show("waiting");
    look();
  });
  picture?.addEventListener("error", broken);
  picture?.addEventListener("load", repair);
  if (picture?.complete && !picture.naturalWidth) broken();
  else if (state === "confirmed") claim();
  else if (state === "waiting" || state === "scanned") follow();
})();
