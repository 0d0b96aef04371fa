// A button that leads to signing in with WeChat, for any page.
//
//   <script src="https://login.shop.example/static/wxlogin-button.js" defer></script>
//   <wxlogin-button><a href="/login">使用微信登录</a></wxlogin-button>
//
// The link is where your site's own sign-in begins; where no script runs it is what
// the visitor sees. Or without a link inside: href="/login" leads there, next="/orders"
// to wxlogin's /login, which leads back to that page (where SITES lists its origin);
// neither of them, and it leads back to this page. `label` replaces the words, `lang`
// is zh or en, `size` is small, medium, large or icon, `look` is filled or plain,
// `theme` is light, dark or auto. `::part(link)` is the link, for a style of your own.
//
// Nothing here needs more of your page's policy than `script-src`: the style is no
// <style>, and nothing is written as HTML.
"use strict";
(() => {
  if (customElements.get("wxlogin-button")) return;
  const script = document.currentScript
    ?? document.querySelector('script[src*="/wxlogin-button.js"]');
  const base = script && new URL("..", script.src).href.replace(/\/$/, "");

  // WeChat's two bubbles, drawn anew.
  const MARK = "M8.76 15.69A8.4 7 0 0 1 6.05 15.19L2.9 17.3 2.67 13.11A8.4 7 0 1 1 17.6 8.62"
    + "A7.75 6.75 0 0 0 8.76 15.69ZM18.79 20.66A6.7 5.7 0 1 1 21.32 19.26L21.3 22.6Z"
    + "M5.2 6.9a1.1 1.1 0 1 0 2.2 0a1.1 1.1 0 1 0-2.2 0ZM10.8 6.9a1.1 1.1 0 1 0 2.2 0"
    + "a1.1 1.1 0 1 0-2.2 0ZM13.4 13.7a.9.9 0 1 0 1.8 0a.9.9 0 1 0-1.8 0Z"
    + "M17.9 13.7a.9.9 0 1 0 1.8 0a.9.9 0 1 0-1.8 0Z";

  // WeChat's green is #07c160. White letters on it are too faint to read (2.4:1), so on
  // light pages the ground is the same green, darker (4.6:1); on dark ones it is the
  // green itself, with dark letters (7:1).
  const filled = "--g:#058743;--h:#047338;--i:#fff;--m:#fff;--e:transparent;--f:#058743";
  const filledDark = "--g:#07c160;--h:#2bd27a;--i:#04210f;--m:#04210f;--e:transparent;--f:#07c160";
  const plain = "--g:#fff;--h:#f1f6f3;--i:#17211c;--m:#07c160;--e:#c4cfc9;--f:#058743";
  const plainDark = "--g:#1a211d;--h:#242d28;--i:#e7ede9;--m:#07c160;--e:#46524b;--f:#07c160";
  const STYLE = `
    :host { display: inline-block; vertical-align: middle; max-width: 100%; ${filled} }
    :host([look=plain]) { ${plain} }
    :host([theme=dark]) { ${filledDark} }
    :host([look=plain][theme=dark]) { ${plainDark} }
    @media (prefers-color-scheme: dark) {
      :host(:not([theme=light])) { ${filledDark} }
      :host([look=plain]:not([theme=light])) { ${plainDark} }
    }
    :host([hidden]), slot { display: none; }
    a {
      box-sizing: border-box; display: flex; align-items: center; justify-content: center;
      gap: 8px; min-height: 44px; padding: 6px 20px; border: 1px solid var(--e);
      border-radius: 8px; background: var(--g); color: var(--i); text-decoration: none;
      font: 500 16px/1.3 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif;
      -webkit-tap-highlight-color: transparent;
    }
    a:hover, a:active { background: var(--h); }
    a:focus-visible { outline: 3px solid var(--f); outline-offset: 2px; }
    svg { flex: none; width: 1.5em; height: 1.5em; fill: var(--m); }
    :host([size=small]) a { min-height: 36px; padding: 4px 14px; font-size: 14px; }
    :host([size=large]) a { min-height: 52px; padding: 8px 28px; font-size: 18px; }
    :host([size=icon]) a { width: 44px; padding: 0; border-radius: 50%; }
    :host([size=icon]) span { display: none; }
    @media (forced-colors: active) {
      a { border-color: LinkText; }
      svg { fill: currentColor; }
    }`;

  const dress = (root) => {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
    } catch { // Safari before 16.4
      const style = document.createElement("style");
      style.textContent = STYLE;
      root.append(style);
    }
  };
  const drawn = () => {
    const [svg, path] = ["svg", "path"].map(
      (name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("fill-rule", "evenodd");
    path.setAttribute("d", MARK);
    svg.append(path);
    return svg;
  };
  const query = (values) =>
    new URLSearchParams(Object.entries(values).filter(([, value]) => value)).toString();

  const set = (element, name, value) =>
    value ? element.setAttribute(name, value) : element.removeAttribute(name);
  // Its whole address; null for what is none. A page may have the address from somebody:
  // it leads to a page, and runs nothing.
  const page = (address) => {
    try {
      const found = new URL(address, document.baseURI);
      return /^https?:$/.test(found.protocol) ? found.href : null;
    } catch {
      return null;
    }
  };

  class WxloginButton extends HTMLElement {
    #link = document.createElement("a");
    #words = document.createElement("span");
    // Attributes and the link inside may come or change after the button.
    #watch = new MutationObserver(() => this.#fill());

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open", delegatesFocus: true });
      this.#link.part = "link";
      this.#link.append(drawn(), this.#words);
      root.append(this.#link, document.createElement("slot"));
      dress(root);
    }

    connectedCallback() {
      this.#watch.observe(this, {
        subtree: true, childList: true, characterData: true, attributes: true,
      });
      this.#fill();
    }

    disconnectedCallback() {
      this.#watch.disconnect();
    }

    #fill() {
      const inside = this.querySelector("a[href]");
      const speaks = this.closest("[lang]")?.lang || navigator.language;
      const english = speaks.toLowerCase().startsWith("en");
      const given = this.getAttribute("label") || inside?.textContent.trim();
      const traditional = /^zh-(hant|tw|hk|mo)/i.test(speaks);
      const words = given ||
        (english ? "Sign in with WeChat" : traditional ? "使用微信登入" : "使用微信登录");
      this.#words.textContent = words;
      // Words of the page's are in the page's language.
      set(this.#link, "lang", given ? null : english ? "en" : traditional ? "zh-Hant" : "zh-CN");
      set(this.#link, "aria-label", this.getAttribute("size") === "icon" ? words : null);
      const start = this.getAttribute("href") ?? inside?.getAttribute("href");
      const target = this.getAttribute("target") ?? inside?.getAttribute("target");
      set(this.#link, "href", page(start ?? this.#ours()));
      set(this.#link, "target", target ?? (start ? null : "_top"));
    }

    #ours() {
      const next = page(this.getAttribute("next") || location.href);
      return base && `${base}/login?${query({ app: this.getAttribute("app"), next })}`;
    }
  }
  customElements.define("wxlogin-button", WxloginButton);
})();
