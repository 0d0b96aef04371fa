const safe = (text) => String(text).replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt()};`);

export function page(request, response, user, cups, failed = false) {
  const zh = request.headers["accept-language"]?.startsWith("zh");
  const say = (chinese, english) => (zh ? chinese : english);
  const teas = zh ? ["龙井", "普洱", "铁观音"] : ["Longjing", "Pu’er", "Tieguanyin"];
  const welcome = failed
    ? say("登录没有完成，请再试一次。", "You are not signed in. Please try again.")
    : say("一壶好茶，等你来。", "A good pot of tea is waiting.");
  response.writeHead(failed ? 400 : 200, { "Content-Type": "text/html; charset=utf-8" });
  response.end(`<!doctype html>
<html lang="${say("zh-CN", "en")}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${say("茶铺", "Tea shop")}</title>
<link rel="icon" href="data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 10 10'><text y='8.7' font-size='9'>🍵</text></svg>">
<style>
  :root { color-scheme: light dark; --ground: #f5efe4; --card: #fffdf9; --ink: #3a2d20; --faint: #75654f; --leaf: #35683f; --on-leaf: #fff }
  @media (prefers-color-scheme: dark) { :root { --ground: #17130e; --card: #241d15; --ink: #f0e6d6; --faint: #b5a48b; --leaf: #8fcf9b; --on-leaf: #17130e } }
  body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); font: 18px/1.6 system-ui, "PingFang SC", "Noto Sans CJK SC", sans-serif }
  main { box-sizing: border-box; width: min(26rem, 92vw); padding: 2.5rem 1rem; border-radius: 1.25rem; background: var(--card); box-shadow: 0 .5rem 2rem #0000001f; text-align: center }
  h1 { margin: 0; font-size: 2rem }
  h1 + p { font-size: 1.25rem }
  a, button { display: inline-block; margin: .25rem; padding: .5rem 1rem; border: 1px solid var(--leaf); border-radius: 2rem; background: none; color: var(--leaf); font: inherit; text-decoration: none; cursor: pointer }
  a, a:hover, button:hover { background: var(--leaf); color: var(--on-leaf) }
  [action="/logout"] button:not(:hover) { border-color: transparent; color: var(--faint) }
</style>
<main>
  <h1>🍵 ${say("茶铺", "Tea shop")}</h1>
  ${user ? `<p>${say("你好，", "Hello, ")}${safe(user.name || say("茶友", "friend"))}</p>
  <form method="post" action="/order">
    ${teas.map((tea) => `<button name="tea" value="${tea}">${tea}</button>`).join("\n    ")}
  </form>
  <p>${cups.map((tea) => `🫖 ${safe(tea)}`).join(" ") || say("想喝点什么？", "What would you like?")}</p>
  <form method="post" action="/logout"><button>${say("退出", "Sign out")}</button></form>`
  : `<p>${welcome}</p>
  <a href="/login">${say("登录", "Sign in")}</a>`}
</main>`);
}
