// WeChat's QR code on a page of your site, as an element.
//
//   <script src="https://login.shop.example/static/wxlogin-qr.js" defer></script>
//   <wxlogin-qr next="/back"><a href="/login">使用微信登录</a></wxlogin-qr>
//
// It draws what wxlogin-widget.js draws, under the same conditions, from `next`, `app`,
// `lang` and `self-redirect`, which it reads when it is put on the page; the event
// "wxlogin:signed-in" comes from within. Until then, and where no script runs or wxlogin
// does not answer, the visitor sees what stands inside.
"use strict";
(() => {
  if (customElements.get("wxlogin-qr")) return;
  const script = document.currentScript
    ?? document.querySelector('script[src*="/wxlogin-qr.js"]');
  const widget = new URL("wxlogin-widget.js", script.src).href;
  let count = 0;

  class WxloginQr extends HTMLElement {
    // What the page has put inside stays as it is, for a framework that looks after it;
    // the code has a place of its own beside it.
    #inside = document.createElement("slot");
    #place = null;

    constructor() {
      super();
      const code = document.createElement("slot");
      code.name = "code";
      this.attachShadow({ mode: "open" }).append(code, this.#inside);
    }

    connectedCallback() {
      // Moved, or put back: the code stays the same, unless it grew too old meanwhile.
      if (this.#place) {
        this.#place.dispatchEvent(new Event("wxlogin:back"));
        return;
      }
      this.#place = document.createElement("div");
      this.#place.id = `wxlogin-qr-${++count}`;
      this.#place.slot = "code";
      this.append(this.#place);
      const drawn = new MutationObserver(() => this.#inside.remove());
      drawn.observe(this.#place, { childList: true });
      this.#draw();
    }

    #draw() {
      const draws = document.createElement("script");
      const next = this.getAttribute("next");
      const wishes = {
        target: this.#place.id,
        next: next && new URL(next, document.baseURI).href,
        app: this.getAttribute("app"),
        lang: this.getAttribute("lang"),
        selfRedirect: this.hasAttribute("self-redirect") && "true",
      };
      for (const [name, value] of Object.entries(wishes)) {
        if (value) draws.dataset[name] = value;
      }
      draws.nonce = script.nonce; // where the page's policy goes by nonces
      draws.src = widget;
      draws.onload = draws.onerror = () => draws.remove();
      document.head.append(draws);
    }
  }
  customElements.define("wxlogin-qr", WxloginQr);
})();
