// WeChat's QR code on a page of your site.
//
//   <div id="wechat"></div>
//   <script src="https://login.shop.example/static/wxlogin-widget.js"
//           data-target="wechat" data-next="https://shop.example/back"></script>
//
// The page's origin must be listed in SITES and be of the same site as wxlogin
// (another host or port of one registrable domain): elsewhere our cookies would be
// third-party cookies, and the script shows a link to /login instead. So it does where
// wxlogin or WeChat does not answer: a page is never left without a click.
// data-app names the app, data-self-redirect="true" ends the sign-in inside the
// frame, data-lang is zh or en. Before the visitor goes on, the script dispatches
// the event "wxlogin:signed-in" on the target, which may be cancelled.
"use strict";
(() => {
  const script = document.currentScript;
  const options = script.dataset;
  const base = new URL("..", script.src).href.replace(/\/$/, "");
  const next = options.next || location.href;
  const stays = options.selfRedirect === "true";
  const PATIENCE_SECONDS = 12;
  const SPARE_SECONDS = 60;
  const query = (values) =>
    new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
  const speaks = options.lang || document.documentElement.lang || navigator.language;
  const english = speaks.toLowerCase().startsWith("en");

  const draw = (target, attempt) => {
    const frame = document.createElement("iframe");
    frame.src = attempt.frame_url;
    frame.width = "300";
    frame.height = "400";
    frame.title = english ? "QR code for WeChat" : "微信登录二维码";
    frame.allow = "local-network-access";
    // A scan on the phone is no gesture in the page; without this, browsers keep
    // the frame from sending the top window back.
    frame.sandbox = "allow-scripts allow-same-origin allow-top-navigation allow-forms allow-popups";
    frame.style.border = "0";
    target.replaceChildren(frame);
    let arrived = false;
    frame.addEventListener("load", () => { arrived = true; });
    setTimeout(() => arrived || offer(target), PATIENCE_SECONDS * 1000);
    listen(target, frame);
  };

  const listen = (target, frame) => {
    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow) return;
      if (event.origin !== new URL(base).origin) return;
      if (event.data?.source !== "wxlogin" || event.data.event !== "signed_in") return;
      const news = new CustomEvent("wxlogin:signed-in", {
        detail: { next: event.data.next }, cancelable: true, bubbles: true,
      });
      if (target.dispatchEvent(news)) location.assign(event.data.next);
    });
  };

  const begin = async (target) => {
    const answer = await fetch(`${base}/api/attempts`, {
      method: "POST",
      credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        app: options.app || "", next, self_redirect: String(stays), lang: options.lang || "",
      }),
    });
    if (!answer.ok) throw new Error(`wxlogin answered ${answer.status}`);
    const attempt = await answer.json();
    draw(target, attempt);
    // A fresh code before the attempt behind this one is too old.
    setTimeout(() => start(target), (attempt.expires_in - SPARE_SECONDS) * 1000);
  };

  // The way on without a code in the page. Going there unasked would take away pages
  // that merely have a code on them, and the way back to them.
  const offer = (target) => {
    const link = document.createElement("a");
    link.href = `${base}/login?${query({ app: options.app, next })}`;
    link.textContent = english ? "Sign in with WeChat" : "使用微信登录";
    link.target = "_top";
    target.replaceChildren(link);
  };

  // Where our cookies would be third-party cookies the call is refused.
  const start = (target) => {
    begin(target).catch(() => offer(target));
  };

  const ready = () => {
    const target = document.getElementById(options.target || "wxlogin");
    if (target) start(target);
    else console.error("wxlogin: no element has the id", options.target || "wxlogin");
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
