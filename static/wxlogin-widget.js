// WeChat's QR code on a page of your site.
//
//   <div id="wechat"></div>
//   <script src="https://login.shop.example/static/wxlogin-widget.js"
//           data-target="wechat" data-next="https://shop.example/back"></script>
//
// The page's origin must be listed in SITES and be of the same site as wxlogin
// (another host or port of one registrable domain): elsewhere our cookies would be
// third-party cookies, and the script shows a link to /login instead. So it does where
// wxlogin does not answer, and on a phone and inside WeChat, where nobody can scan the
// code. Whether WeChat's frame came is wxlogin-arrival.js's to say: a page is never left
// without a click, and nothing lies over a code that is there.
// data-app names the app, data-self-redirect="true" ends the sign-in inside the
// frame, data-lang is zh, zh-Hant or en. Before the visitor goes on, the script dispatches
// the event "wxlogin:signed-in" on the target, which may be cancelled.
"use strict";
(() => {
  const script = document.currentScript;
  const options = script.dataset;
  const base = new URL("..", script.src).href.replace(/\/$/, "");
  const next = options.next || location.href;
  const stays = options.selfRedirect === "true";
  const SPARE_SECONDS = 60;
  const query = (values) =>
    new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();
  const speaks = options.lang || document.documentElement.lang || navigator.language;
  const traditional = /^zh-(hant|tw|hk|mo)/i.test(speaks);
  const words = speaks.toLowerCase().startsWith("en") ? {
    code: "QR code for WeChat",
    link: "Sign in with WeChat",
    loading: "The code is on its way …",
    slow: "WeChat takes its time. The code appears here as soon as it comes.",
    unreachable: "WeChat cannot be reached from here. Check your connection.",
    again: "Try again",
  } : traditional ? {
    code: "微信登入二維碼",
    link: "使用微信登入",
    loading: "正在載入二維碼…",
    slow: "微信回應較慢，二維碼載入完成後會顯示在這裡。",
    unreachable: "無法連線微信，請檢查網路。",
    again: "重試",
  } : {
    code: "微信登录二维码",
    link: "使用微信登录",
    loading: "正在加载二维码…",
    slow: "微信响应较慢，二维码加载完成后会显示在这里。",
    unreachable: "无法连接微信，请检查网络。",
    again: "重试",
  };

  const element = (name, properties, style) => {
    const made = Object.assign(document.createElement(name), properties);
    Object.assign(made.style, style);
    return made;
  };
  const link = (href, textContent) =>
    element("a", { href, textContent, target: "_top" });
  const linkToUs = () =>
    link(`${base}/login?${query({ app: options.app, next })}`, words.link);

  const draw = (target, attempt) => {
    const frame = element("iframe", {
      src: attempt.frame_url,
      width: "300",
      height: "400",
      title: words.code,
      allow: "local-network-access",
    }, { border: "0", display: "block" });
    // A scan on the phone is no gesture in the page; without this, browsers keep
    // the frame from sending the top window back.
    frame.sandbox = "allow-scripts allow-same-origin allow-top-navigation allow-forms allow-popups";
    const over = element("div", { role: "status" }, {
      position: "absolute", inset: "0", padding: "24px", boxSizing: "border-box",
      flexDirection: "column", alignItems: "center", justifyContent: "center", gap: "12px",
      textAlign: "center",
    });
    const box = element("div", {}, { position: "relative", width: "300px", height: "400px" });
    box.append(frame, over);
    target.replaceChildren(box);
    listen(target, frame);
    window.wxloginArrival(frame, (state) => {
      // Something that nobody can tell from a mistake, and the way on below it.
      if (state === "silent") box.after(linkToUs());
      const here = state === "here" || state === "silent";
      over.style.display = here ? "none" : "flex";
      // Else the browser's own page about what it could not reach is seen behind.
      frame.style.visibility = state === "unreachable" ? "hidden" : "visible";
      if (here) return;
      over.replaceChildren(element("span", { textContent: words[state] }));
      if (state === "loading") return;
      const again = element("button", { type: "button", textContent: words.again });
      again.addEventListener("click", () => start(target));
      over.append(linkToUs(), again);
    });
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

  const begin = async () => {
    const answer = await fetch(`${base}/api/attempts`, {
      method: "POST",
      credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        app: options.app || "", next, self_redirect: String(stays), lang: options.lang || "",
      }),
    });
    if (!answer.ok) throw new Error(`wxlogin answered ${answer.status}`);
    return answer.json();
  };

  const arrival = () => new Promise((resolve, reject) => {
    if (window.wxloginArrival) resolve();
    const src = `${base}/static/wxlogin-arrival.js`;
    const part = element("script", { src, onload: resolve, onerror: reject });
    part.nonce = script.nonce;
    document.head.append(part);
  });

  // The ways on without a code in the page. Going there unasked would take away pages
  // that merely have a code on them, and the way back to them.
  const offer = (target, links) => {
    target.replaceChildren(...links.map((one) => {
      const line = element("div", {}, { margin: "8px 0" });
      line.append(one);
      return line;
    }));
  };

  // Where our cookies would be third-party cookies the call is refused.
  let renewal, lapsed;
  const start = async (target) => {
    clearTimeout(renewal);
    lapsed = false;
    try {
      const [attempt] = await Promise.all([begin(), arrival()]);
      if (attempt.instead.length) {
        offer(target, attempt.instead.map(({ url, text }) => link(url, text)));
        return;
      }
      draw(target, attempt);
      // A fresh code before the attempt behind this one is too old.
      renewal = setTimeout(renew, (attempt.expires_in - SPARE_SECONDS) * 1000, target);
    } catch {
      offer(target, [linkToUs()]);
    }
  };

  // Not for a page that took the code away; who puts it back says so.
  const renew = (target) => {
    lapsed = !target.isConnected;
    if (!lapsed) start(target);
  };

  const ready = () => {
    const target = document.getElementById(options.target || "wxlogin");
    if (target) {
      target.addEventListener("wxlogin:back", () => lapsed && start(target));
      start(target);
    } else console.error("wxlogin: no element has the id", options.target || "wxlogin");
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
