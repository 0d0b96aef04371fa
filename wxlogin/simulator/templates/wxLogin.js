// WxLogin: puts WeChat's QR code into an element of your page (simulator's version).
(function (window, document) {
  "use strict";

  function flag(value) {
    return value === true ? "true" : value === false ? "false" : "default";
  }

  // In Tencent's order and, like Tencent's script, without any encoding.
  function address(options) {
    var url = {{ (origin ~ "/connect/qrconnect")|tojson }} +
      "?appid=" + options.appid +
      "&scope=" + options.scope +
      "&redirect_uri=" + options.redirect_uri +
      "&state=" + options.state +
      "&login_type=jssdk" +
      "&self_redirect=" + flag(options.self_redirect) +
      "&styletype=" + (options.styletype || "") +
      "&sizetype=" + (options.sizetype || "") +
      "&bgcolor=" + (options.bgcolor || "") +
      "&rst=" + (options.rst || "") +
      "&ts=" + Date.now();
    if (options.style) { url += "&style=" + options.style; }
    if (options.href) { url += "&href=" + options.href; }
    if (options.lang === "en") { url += "&lang=en"; }
    if (options.stylelite === 1) { url += "&stylelite=1"; }
    if (options.fast_login === 0) { url += "&fast_login=0"; }
    if (["auto", "dark", "light"].indexOf(options.color_scheme) >= 0) {
      url += "&color_scheme=" + options.color_scheme;
    }
    return url;
  }

  function frame(options) {
    var element = document.createElement("iframe");
    element.setAttribute("src", address(options));
    element.setAttribute("frameBorder", "0");
    element.setAttribute("allowTransparency", "true");
    element.setAttribute("scrolling", "no");
    element.setAttribute("width", "300px");
    element.setAttribute("height", "400px");
    element.setAttribute("allow", "local-network-access");
    return element;
  }

  window.WxLogin = function (options) {
    var container = document.getElementById(options.id);
    var element = frame(options);
    container.innerHTML = "";
    container.appendChild(element);
    if (typeof options.onReady !== "function") { return; }
    window.addEventListener("message", function (event) {
      var ready = false;
      if (event.origin !== {{ origin|tojson }}) { return; }
      try {
        var data = JSON.parse(event.data);
        ready = data.type === "status" && data.status === "wxReady";
      } catch (error) { /* Not ours: not ready. */ }
      options.onReady(ready);
    });
  };
})(window, document);
