// The example's pages: whole, and doing what their buttons say.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { Program, read, there } from "./program.mjs";
import { SERVICE, simulator } from "./wx.mjs";

const CONFIG = JSON.parse(read("app.json"));
const SHEET = CONFIG.usingComponents.privacy.slice(1);
const SCREENS = [...CONFIG.pages, SHEET];

test.beforeEach(() => simulator("reset", {}));

/** 小明's picture as a file on the phone. */
async function picture(t) {
  const folder = await mkdtemp(join(tmpdir(), "wxlogin-"));
  t.after(() => rm(folder, { recursive: true }));
  const him = { appid: "wx0000000000000a03", person: "xiaoming" };
  await simulator("mp/login", him);
  const { body } = await simulator("mp/userdata", { ...him, form: "legacy" });
  const answer = await fetch(body.userInfo.avatarUrl);
  await writeFile(join(folder, "tmp.jpg"), Buffer.from(await answer.arrayBuffer()));
  return join(folder, "tmp.jpg");
}

test("the project is whole: files, JSON, handlers, tags", () => {
  for (const file of ["project.config.json", CONFIG.sitemapLocation]) JSON.parse(read(file));
  for (const name of ["app.js", "app.wxss", "account.js"]) assert.ok(there(name), name);
  for (const screen of SCREENS) {
    JSON.parse(read(`${screen}.json`));
    const [script, markup] = [read(`${screen}.js`), read(`${screen}.wxml`)];
    for (const [, handler] of markup.matchAll(/\b(?:bind|catch)\w+="(\w+)"/g)) {
      assert.match(script, new RegExp(`^ +(?:async )?${handler}\\(`, "m"), `${screen}: ${handler}`);
    }
    const open = [];
    for (const [, closing, tag, alone] of markup.matchAll(
      /<(\/?)([\w-]+)(?:"[^"]*"|[^">])*?(\/?)>/g,
    )) {
      if (closing) assert.equal(open.pop(), tag, screen);
      else if (!alone && tag !== "input") open.push(tag);
    }
    assert.deepEqual(open, [], screen);
  }
});

test("opening signs in; signing out stays signed out until the button", async () => {
  const program = new Program();
  const page = program.open("pages/index/index");
  await page.onShow();
  assert.ok(page.data.user.uid);
  assert.equal(page.data.wanted, true);
  await page.signOut();
  await page.onShow();
  assert.equal(page.data.user, null);
  await page.signIn();
  assert.ok(page.data.user.uid);
});

test("it says whether the official account is followed", async () => {
  const program = new Program();
  const page = program.open("pages/index/index");
  await page.onShow();
  assert.equal(page.data.following, null);
  await simulator("apps", { name: "oa", push_url: `${SERVICE}/oa/oa` }, "PUT");
  await simulator("follow", { appid: "oa", person: "xiaoming" });
  // The push is worked on beside the requests.
  for (let tries = 0; tries < 50 && page.data.following === null; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await page.look();
  }
  assert.equal(page.data.following, true);
});

test("what went wrong stands on the page", async () => {
  const program = new Program({ opened: { scene: 1154, query: {} } });
  const page = program.open("pages/index/index");
  await page.onShow();
  assert.equal(page.data.singlePage, true);
  assert.match(page.data.problem, /前往小程序/);
});

test("the consent is asked for before name and picture are chosen", async () => {
  const program = new Program({ agreed: false });
  const page = program.open("pages/profile/profile");
  const loaded = page.onLoad();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(program.sheet.data.shown, true);
  program.sheet.disagree();
  await loaded;
  assert.match(page.data.problem, /隐私保护指引/);
  assert.equal(program.sheet.data.shown, false);
  const again = program.open("pages/profile/profile");
  const second = again.onLoad();
  await new Promise((resolve) => setImmediate(resolve));
  program.sheet.agree();
  await second;
  assert.equal(again.data.problem, "");
  assert.equal(program.phone.agreed, true);
});

test("a sheet that is left answers for the person", async () => {
  const program = new Program({ agreed: false });
  const page = program.open("pages/profile/profile");
  const loaded = page.onLoad();
  await new Promise((resolve) => setImmediate(resolve));
  program.sheet.pageLifetimes.hide.call(program.sheet);
  await loaded;
  assert.ok(page.data.problem);
  // And where no page shows a sheet, nobody waits for one.
  await assert.rejects(program.client.consent(), { code: "privacy_needed" });
});

test("name and picture are sent when the form is", async (t) => {
  const program = new Program({ person: "bell" });
  const page = program.open("pages/profile/profile");
  await page.onLoad();
  page.onChooseAvatar({ detail: { errMsg: "chooseAvatar:fail cancel" } });
  assert.equal(page.data.avatarUrl, "");
  page.onChooseAvatar({ detail: { avatarUrl: await picture(t) } });
  // WeChat refused the name and emptied the field.
  await page.save({ detail: { value: { nickName: "" } } });
  assert.match(page.data.problem, /昵称/);
  assert.equal(program.phone.to("/profile").length, 0);
  await page.save({ detail: { value: { nickName: "贝儿" } } });
  assert.deepEqual([page.data.problem, page.data.saving, program.went], ["", false, ["back"]]);
  const me = await program.client.request("/api/me");
  assert.equal(me.nickname, "贝儿");
  assert.ok(me.avatar.startsWith(`${SERVICE}/avatars/`), me.avatar);
});

test("the phone number stands on the page", async () => {
  const program = new Program();
  const page = program.open("pages/index/index");
  await page.onShow();
  await page.onPhone({ detail: await program.phone.givesPhone() });
  assert.equal(page.data.number, "13800138001");
});

test("who refuses the phone number is not told so", async () => {
  const program = new Program();
  const page = program.open("pages/index/index");
  await page.onShow();
  await page.onPhone({ detail: await program.phone.givesPhone(false) });
  assert.deepEqual(program.shown, []);
  await page.onPhone({ detail: { errno: 1400001, errMsg: "getPhoneNumber:fail" } });
  assert.deepEqual(program.shown, ["暂时无法获取手机号，请手动填写。"]);
});

test("a web-view is signed in by an address that works once and holds no token", async () => {
  const program = new Program();
  const page = program.open("pages/web/web");
  await page.onLoad({ next: encodeURIComponent("/me?a=1") });
  const { token, user } = program.client.session();
  assert.ok(page.data.url.startsWith(`${SERVICE}/handover/`));
  assert.ok(!page.data.url.includes(token));
  const look = await fetch(page.data.url);
  assert.equal(look.status, 200);
  const accept = () =>
    fetch(page.data.url, {
      method: "POST",
      redirect: "manual",
      headers: { "Sec-Fetch-Site": "same-origin" },
    });
  const first = await accept();
  assert.equal(first.status, 303);
  assert.equal(first.headers.get("Location"), "/me?a=1");
  const cookie = first.headers
    .getSetCookie()
    .map((one) => one.split(";")[0])
    .join("; ");
  const me = await (await fetch(`${SERVICE}/api/me`, { headers: { Cookie: cookie } })).json();
  assert.equal(me.uid, user.uid);
  assert.equal((await accept()).status, 400);
  assert.equal((await fetch(page.data.url)).status, 400);
});

test("a web-view is led to an address with Chinese in it", async () => {
  const program = new Program();
  const page = program.open("pages/web/web");
  await page.onLoad({ next: encodeURIComponent("/订单?a=1#b") });
  const headers = { "Sec-Fetch-Site": "same-origin" };
  const answer = await fetch(page.data.url, { method: "POST", redirect: "manual", headers });
  const there = new URL(answer.headers.get("Location"), SERVICE);
  assert.equal(decodeURIComponent(there.pathname) + there.search + there.hash, "/订单?a=1#b");
});

test("a web-view is not led to a stranger's site", async () => {
  const program = new Program();
  const page = program.open("pages/web/web");
  await page.onLoad({ next: encodeURIComponent("https://evil.example/") });
  assert.equal(page.data.url, "");
  assert.ok(page.data.problem);
});

test("the scan page without a code says what to do", async () => {
  const program = new Program();
  for (const query of [{}, { scene: "" }, { scene: "%E0%A4%A" }]) {
    const page = program.open("pages/scan/scan");
    await page.onLoad(query);
    assert.deepEqual([page.data.state, program.phone.sent.length], ["failed", 0]);
    assert.match(page.data.problem, /扫描/);
  }
});

test("a code of a program that moved here opens the scan page", () => {
  const query = { migrateSourcePath: "pages/scan/scan", migrateSourceQuery: "scene=abc" };
  const program = new Program({ opened: { scene: 1248, query } });
  const app = program.open("app");
  app.onShow();
  app.onShow();
  assert.deepEqual(program.went, ["/pages/scan/scan?scene=abc"]);
});
