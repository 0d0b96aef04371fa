// The script of the shell: outside WeChat it says so. Inside, WeChat's app has taken
// the link over before any of this runs; here the simulated phone does.
(function () {
  "use strict";

  var goesOn = document.body.dataset.goesOn;
  var agent = navigator.userAgent.toLowerCase();
  var inside = agent.indexOf("micromessenger") >= 0 && agent.indexOf("wxwork") < 0;

  function element(name, className, text) {
    var made = document.createElement(name);
    made.className = className;
    made.textContent = text || "";
    return made;
  }

  function refuse() {
    var page = element("div", "weui_msg");
    var icon = element("div", "weui_icon_area");
    var text = element("div", "weui_text_area");
    icon.appendChild(element("i", "weui_icon_info weui_icon_msg"));
    text.appendChild(element("h4", "weui_msg_title", "请在微信客户端打开链接"));
    page.appendChild(icon);
    page.appendChild(text);
    document.body.appendChild(page);
    document.title = "抱歉，出错了";
  }

  if (!inside && !goesOn) {
    refuse();
  } else if (goesOn && window.top === window) {
    window.location.replace(goesOn + "?link=" + encodeURIComponent(location.href));
  }
})();
