// The script of the QR page: waits for the phone, then leaves for the site.
// The numbers, pauses and the string work are those of WeChat's own page.
(function () {
  "use strict";

  var framed = window.top !== window;
  var panels = { 404: "wx_after_scan", 403: "wx_after_cancel" };

  document.body.className = framed
    ? "web_qrcode_type_page_embedded"
    : "web_qrcode_type_page_self";

  function show(id) {
    ["wx_default_tip", "wx_after_scan", "wx_after_cancel"].forEach(function (other) {
      document.getElementById(other).hidden = other !== id;
    });
  }

  // At the very end of the string, also behind a "#": see callback.py.
  function callback(code) {
    var url = redirect_uri.replace(/&amp;/g, "&");
    var tail = "";
    if (fast_login && url.indexOf("#") >= 0) {
      tail = url.slice(url.indexOf("#"));
      url = url.slice(0, url.indexOf("#"));
    }
    url += url.indexOf("?") >= 0 ? "&" : "?";
    return url + "code=" + code + "&state=" + encodeURIComponent(state) + tail;
  }

  function parentIsReadable() {
    try {
      document.domain = "qq.com";
    } catch (error) { /* Everyone but qq.com ends here, and goes on below. */ }
    try {
      return Boolean(window.parent.location.host);
    } catch (error) {
      return false;
    }
  }

  function leave(url) {
    var inside = self_redirect === "true" ||
      (self_redirect !== "false" && parentIsReadable());
    if (!framed || inside) {
      try {
        window.location = url;
        return;
      } catch (error) { /* The top window is the way out. */ }
    }
    window.top.location = url;
  }

  // Two visits: the first request is on its way when the second replaces it, as
  // it happens on some phones. Chromium drops a second navigation to the very same
  // address, and an empty fragment, which no server sees, makes it another one.
  function visit(urls) {
    leave(urls[0]);
    if (urls.length > 1) {
      setTimeout(leave, 150, urls[1].indexOf("#") < 0 ? urls[1] + "#" : urls[1]);
    }
  }

  function poll(last) {
    var script = document.createElement("script");
    var timer = setTimeout(failed, 60000);
    var over = false;

    function end() {
      over = true;
      clearTimeout(timer);
      script.remove();
    }

    function failed() {
      if (over) { return; }
      end();
      setTimeout(poll, 5000, last === 408 ? undefined : last);
    }

    window.wx_errcode = undefined;
    window.wx_code = "";
    window.sim_visit = undefined;
    script.onload = function () {
      if (over) { return; }
      end();
      heard(window.wx_errcode, window.wx_code);
    };
    script.onerror = failed;
    script.src = fordevtool + (last ? "&last=" + last : "") + "&_=" + Date.now();
    document.body.appendChild(script);
  }

  function heard(number, code) {
    switch (number) {
      case 405:
        visit(window.sim_visit || [callback(code)]);
        break;
      case 404:
        show(panels[404]);
        setTimeout(poll, 100, 404);
        break;
      case 403:
        show(panels[403]);
        if (window.sim_visit) {
          visit(window.sim_visit);
          break;
        }
        setTimeout(poll, 2000, 403);
        break;
      case 402:
      case 500:
        window.location.reload();
        break;
      case 408:
        setTimeout(poll, 2000);
        break;
      default:
        setTimeout(poll, 5000);
    }
  }

  setTimeout(poll, 100);
  if (framed) {
    window.parent.postMessage(
      JSON.stringify({ type: "status", status: "wxReady" }), "*"
    );
  }
})();
