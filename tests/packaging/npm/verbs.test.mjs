// The verbs of packaging/npm/wechat-simulator, against the simulator that WECHAT_SIMULATOR_URL names.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, test } from "node:test";
import * as everything from "wechat-simulator";

const { Refused, SimulatorError, start } = everything;
const CALLBACK = "https%3A%2F%2Fshop.example%2Fcb";
const RUNNING = process.env.WECHAT_SIMULATOR_URL;
let simulator, wechat, lihua;

before(async () => (simulator = await start()));
after(() => simulator.stop());
beforeEach(async () => {
  wechat = await simulator.world();
  lihua = await wechat.person("lihua");
});
afterEach(() => wechat.drop());

async function qrLink(app) {
  const { appid } = await wechat.app(app, { callback_domains: ["shop.example"] });
  return `/connect/qrconnect?appid=${appid}&redirect_uri=${CALLBACK}&scope=snsapi_login&state=S1`;
}

async function consentLink(scope = "snsapi_userinfo", more = "") {
  const { appid } = await wechat.app("oa", { callback_domains: ["shop.example"] });
  const query = `appid=${appid}&redirect_uri=${CALLBACK}&response_type=code&scope=${scope}&state=S1`;
  return `https://open.weixin.qq.com/connect/oauth2/authorize?${query}${more}#wechat_redirect`;
}

async function exchange(app, back) {
  const { appid, secret } = await wechat.app(app);
  const code = new URL(back).searchParams.get("code");
  const query = new URLSearchParams({ appid, secret, code, grant_type: "authorization_code" });
  return (await fetch(`${wechat.url}/sns/oauth2/access_token?${query}`)).json();
}

test("a code that is on show already is scanned by its content", async () => {
  const page = await (await fetch(wechat.url + (await qrLink("web")))).text();
  const uuid = /\?uuid=(\w{16})/.exec(page)[1];
  const back = await (await lihua.scans(`/connect/confirm?uuid=${uuid}`)).confirms();
  const told = await exchange("web", back);
  assert.equal(told.openid, await lihua.openid("web"));
  assert.equal(told.unionid, await lihua.unionid("web"));
  assert.equal(await lihua.unionid("lone"), "");
});

test("who says no does not come back", async () => {
  await lihua.scans(await qrLink("web"));
  await lihua.cancels();
  await assert.rejects(lihua.confirms(), { status: 409 });
});

test("a page of WeChat's own names the rule", async () => {
  const link = (await qrLink("web")).replace("shop", "thief");
  await assert.rejects(lihua.scans(link), (error) => {
    assert(error instanceof Refused && error instanceof SimulatorError);
    assert.match(error.rule, /callback domain/);
    assert.match(error.source, /^https:/);
    return true;
  });
  await assert.rejects(lihua.opens((await consentLink()).split("#")[0]), {
    page: "blank",
    switch: "link_check=fragment_optional",
  });
});

test("a link to somebody else is not followed", async () => {
  const link = new URL(await qrLink("web"), "https://thief.example").href;
  await assert.rejects(lihua.scans(link), { status: 400 });
});

test("a consent link leads back, and nowhere after a no", async () => {
  const back = await lihua.opens(await consentLink());
  assert.equal((await exchange("oa", back)).openid, await lihua.openid("oa"));
  const xiaoming = await wechat.person("小明😀");
  assert.equal(xiaoming.name, "xiaoming");
  assert.equal(await xiaoming.refuses(await consentLink()), null);
});

test("a follower comes from the menu", async () => {
  await lihua.follows("oa");
  const visit = { fromMenu: true };
  assert.match(await lihua.opens(await consentLink("snsapi_base"), visit), /code=/);
  const told = await wechat.asks("POST", "scan_oa", { appid: "oa", person: "lihua" });
  assert.equal(told.following, true);
  await lihua.unfollows("oa");
});

test("a newcomer has a mini program, and an app of the test's", async () => {
  const eve = await wechat.person("Eve");
  assert.equal((await wechat.person("Eve")).name, eve.name);
  assert.match(await eve.logsIn("mp"), /^\w{20,}$/);
  const appid = `wx-${wechat.id}`;
  const made = await wechat.app("mine", { appid, secret: "of-mine", kind: "mobile" });
  assert.deepEqual([made.appid, made.secret, made.kind], [appid, "of-mine", "mobile"]);
  await assert.rejects(wechat.app("none"), { status: 404 });
});

test("calls fail as often as said, and are told", async () => {
  const path = "/sns/oauth2/access_token";
  await wechat.fails(path, { errcode: -1, times: 1 });
  const tried = async () => (await exchange("web", "http://shop.example/?code=x")).errcode;
  assert.equal(await tried(), -1);
  // The first of them is used up.
  await wechat.fails(path, { errcode: 45011, times: 1 });
  assert.deepEqual([await tried(), await tried()], [45011, 40029]);
  const codes = (await wechat.calls(path)).map((call) => call.errcode);
  assert.deepEqual(codes, [-1, 45011, 40029]);
  assert.deepEqual(await wechat.calls("/sns/userinfo"), []);
});

test("time goes by, and switches are set", async () => {
  const back = await (await lihua.scans(await qrLink("web"))).confirms();
  await wechat.advances({ minutes: 10, seconds: 1 });
  assert.equal((await exchange("web", back)).errcode, 40029);
  await wechat.switch({ drop_unionid: true });
  const again = await (await lihua.scans(await qrLink("web"))).confirms();
  assert.equal((await exchange("web", again)).unionid, undefined);
  await assert.rejects(wechat.switch({ drop_uniond: true }), /drop_unionid/);
});

test("a world that was dropped is gone", async () => {
  const other = await simulator.world();
  await other.drop();
  await assert.rejects(other.calls(), { status: 404 });
});

test("it starts the command that is there, and says why one did not start", async () => {
  const folder = await mkdtemp(join(process.cwd(), "bin-"));
  const program = join(folder, "wxlogin");
  await writeFile(program, `#!/bin/sh\necho "$@" >&2\necho simulator ready on ${RUNNING}\nexec sleep 60\n`);
  await chmod(program, 0o755);
  const path = process.env.PATH;
  process.env.PATH = `${folder}:/usr/bin:/bin`;
  try {
    const own = await start({ url: "" });
    assert.equal(own.url, RUNNING);
    await (await own.world()).drop();
    await own.stop();
    await own.stop();
    await assert.rejects(start({ url: "", command: ["ls"] }), /did not start: ls: .*--port/s);
    await assert.rejects(start({ url: "", command: ["no-such"] }), /no such command: no-such/);
  } finally {
    process.env.PATH = path;
  }
});

test("the types name what there is", async () => {
  const types = await readFile(new URL("index.d.ts", import.meta.resolve("wechat-simulator")), "utf8");
  for (const [name, value] of Object.entries(everything)) {
    assert.match(types, new RegExp(`export (class|function) ${name}\\b`));
    const [, body] = types.split(`export class ${name} `);
    for (const verb of Object.getOwnPropertyNames(value.prototype ?? {})) {
      if (body && verb !== "constructor") assert.match(body.split("\n}")[0], new RegExp(`  ${verb}\\(`));
    }
  }
});
