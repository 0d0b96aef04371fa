// Signing in, and what goes wrong with it on phones.
import assert from "node:assert/strict";
import test from "node:test";
import { endsAtTheServer, opened, page, refusal, reopened } from "./journey.mjs";
import { exchanges, SERVICE, simulator, switches } from "./wx.mjs";

test.beforeEach(() => simulator("reset", {}));

test("a person signs in, and stays signed in where the program is opened again", async () => {
  const { phone, client } = opened();
  const { token, user } = await client.login();
  assert.ok(token && user.uid);
  const again = await reopened(phone).login();
  assert.equal(again.token, token);
  assert.equal(phone.count("login"), 1);
  const me = await client.request("/api/me");
  assert.equal(me.uid, user.uid);
});

test("many callers share one login", async () => {
  const { phone, client } = opened();
  const found = await Promise.all([
    client.login(),
    client.request("/api/me"),
    client.login(),
    client.request("/api/me"),
  ]);
  assert.equal(phone.count("login"), 1);
  assert.equal(phone.to("/login").length, 1);
  assert.equal(found[0].token, found[2].token);
});

test("three requests with a token that is over: one login, three retries", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await endsAtTheServer(token);
  phone.asked.length = phone.sent.length = 0;
  const people = await Promise.all([1, 2, 3].map(() => client.request("/api/me")));
  assert.equal(new Set(people.map((one) => one.uid)).size, 1);
  assert.equal(phone.count("login"), 1);
  assert.equal(phone.to("/login").length, 1);
  assert.deepEqual(
    phone
      .to("/api/me")
      .map((one) => one.status)
      .sort(),
    [200, 200, 200, 401, 401, 401],
  );
});

test("a 401 that comes late finds the new token, and signs nobody in again", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await endsAtTheServer(token);
  let release;
  const held = new Promise((resolve) => {
    release = resolve;
  });
  let first = true;
  phone.network = ({ path }) => {
    if (path !== "/api/me" || !first) return undefined;
    first = false;
    return held;
  };
  const late = client.request("/api/me");
  await client.request("/api/me");
  assert.equal(phone.count("login"), 2);
  release(page(401));
  await late;
  assert.equal(phone.count("login"), 2);
});

test("a 401 of a token before the last one finds the last one", async () => {
  const { phone, client } = opened();
  const releases = [];
  phone.network = ({ path }) =>
    path === "/api/me" &&
    new Promise((resolve) => {
      releases.push(resolve);
    });
  await client.login();
  const late = client.request("/api/me");
  await new Promise((resolve) => setImmediate(resolve));
  phone.network = () => undefined;
  for (let times = 0; times < 2; times += 1) {
    await endsAtTheServer(client.session().token);
    await client.request("/api/me");
  }
  assert.equal(phone.count("login"), 3);
  releases[0](page(401));
  assert.ok((await late).uid);
  assert.equal(phone.count("login"), 3);
});

test("a login that fails: three errors, and no loop", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await endsAtTheServer(token);
  phone.refuses = (name) => name === "login" && { errMsg: "login:fail interrupted" };
  phone.asked.length = phone.sent.length = 0;
  const errors = await Promise.all([1, 2, 3].map(() => refusal(client.request("/api/me"))));
  assert.deepEqual(
    errors.map((one) => one.code),
    ["login_fail", "login_fail", "login_fail"],
  );
  assert.ok(errors.every((one) => one.detail.startsWith("微信登录没有成功")));
  assert.equal(phone.count("login"), 1);
  assert.equal(phone.to("/api/me").length, 3);
  // The next tap is a new try.
  phone.refuses = () => undefined;
  assert.ok((await client.request("/api/me")).uid);
});

test("a service that refuses: three errors, one login", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await endsAtTheServer(token);
  await switches({ errcode: { path: "/sns/jscode2session", errcode: 40226 } });
  phone.asked.length = 0;
  const errors = await Promise.all([1, 2, 3].map(() => refusal(client.request("/api/me"))));
  assert.deepEqual(
    errors.map((one) => [one.code, one.status]),
    Array(3).fill(["wechat_denied", 403]),
  );
  assert.match(errors[0].detail, /微信/);
  assert.equal(phone.count("login"), 1);
});

test("a 401 after a fresh token is given up", async () => {
  const { phone, client } = opened();
  await client.login();
  phone.network = ({ path }) => path === "/api/me" && page(401, '{"code": "not_you"}');
  const error = await refusal(client.request("/api/me"));
  assert.deepEqual([error.status, error.code], [401, "not_you"]);
  assert.equal(phone.count("login"), 2);
  assert.equal(phone.to("/api/me").length, 2);
});

test("every status is a success to wx: status and body are read", async () => {
  const { phone, client } = opened();
  await client.login();
  for (const [answer, code] of [
    [page(200), "bad_answer"],
    [page(200, ""), "bad_answer"],
    [page(502), "http_502"],
    [page(500, '{"code": "internal", "detail": "坏了"}'), "internal"],
    [page(302, ""), "http_302"],
  ]) {
    phone.network = () => answer;
    const error = await refusal(client.request("/api/me"));
    assert.deepEqual(
      [error.code, error.status, error.name],
      [code, answer.statusCode, "WxloginError"],
    );
    assert.ok(error.detail);
  }
});

test("a proxy's page with 200 is no login", async () => {
  const { phone, client } = opened();
  for (const answer of [
    page(200),
    page(200, "{}"),
    page(200, '{"token": ""}'),
    page(200, "[]"),
    page(200, '"x"'),
  ]) {
    phone.network = () => answer;
    assert.equal((await refusal(client.login())).code, "bad_answer");
    assert.equal(client.session(), null);
    assert.equal(phone.storage.size, 0);
  }
});

test("no cookie is sent, set or needed", async () => {
  const { phone, client } = opened();
  await client.login();
  await client.renew();
  await client.request("/api/me");
  await client.logout();
  assert.ok(phone.sent.length >= 4);
  for (const { headers, cookies, url, path } of phone.sent) {
    assert.ok(!Object.keys(headers).some((name) => name.toLowerCase() === "cookie"));
    assert.deepEqual(cookies, [], path);
    assert.ok(!url.includes("?"));
  }
});

test("a code and its nonce are new for each wx.login, and the same for its own retry", async () => {
  const { phone, client } = opened();
  phone.network = ({ path }) =>
    path.endsWith("/login") && phone.to("/login").length === 1 ? "lose" : undefined;
  const { token } = await client.login();
  const [first, second] = phone.to("/login").map((one) => one.body);
  assert.deepEqual(first, second);
  assert.match(first.attempt, /^[0-9a-f]{32}$/);
  assert.equal(phone.count("login"), 1);
  assert.equal(await exchanges(), 1);
  assert.ok((await client.request("/api/me")).uid);
  await client.login({ fresh: true });
  const last = phone.to("/login").at(-1).body;
  assert.notEqual(last.code, first.code);
  assert.notEqual(last.attempt, first.attempt);
  assert.notEqual(client.session().token, token);
});

test("two answers that cross are both good, whichever is kept last", async () => {
  const { phone } = opened();
  const { code } = (await simulator("mp/login", { appid: phone.appid, person: "xiaoming" })).body;
  const body = { code, attempt: "a-nonce-of-this-tap-0123456789" };
  const tap = async (given) => {
    const answer = await fetch(`${SERVICE}/api/mp/mp/login`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(given),
    });
    return { status: answer.status, ...(await answer.json()) };
  };
  const both = await Promise.all([tap(body), tap(body)]);
  for (const { token } of both) {
    phone.storage.set("wxlogin:mp", { token, user: {} });
    assert.ok((await reopened(phone).request("/api/me")).uid);
  }
  for (const other of [{ code }, { code, attempt: "a-nonce-of-another-tap-01234567" }]) {
    const { status, code: problem } = await tap(other);
    assert.deepEqual([status, problem], [400, "code_invalid"]);
  }
  assert.equal(await exchanges(), 1);
  assert.equal(phone.count("login"), 0);
});

test("where the phone has no random bits, nothing is sent twice", async () => {
  const { phone, client } = opened();
  delete phone.wx.getRandomValues;
  phone.network = ({ path }) =>
    path.endsWith("/login") && phone.to("/login").length === 1 ? "lose" : undefined;
  await client.login();
  const [first, second] = phone.to("/login").map((one) => one.body);
  assert.ok(!("attempt" in first) && !("attempt" in second));
  assert.notEqual(first.code, second.code);
});

test("a code that WeChat refuses is replaced once", async () => {
  const { phone, client } = opened();
  await switches({ errcode: { path: "/sns/jscode2session", errcode: 40029, times: 1 } });
  await client.login();
  assert.equal(phone.count("login"), 2);
  await switches({ errcode: { path: "/sns/jscode2session", errcode: 40029 } });
  phone.asked.length = 0;
  assert.equal((await refusal(client.login({ fresh: true }))).code, "code_invalid");
  assert.equal(phone.count("login"), 2);
});

test("who has to wait hears for how long", async () => {
  const { client } = opened();
  await switches({ errcode: { path: "/sns/jscode2session", errcode: 45011 } });
  const error = await refusal(client.login());
  assert.ok([429, 503].includes(error.status), error.status);
  assert.ok(error.retryAfter > 0);
});

test("without a network it says so, and signs in when there is one", async () => {
  const { phone, client } = opened();
  phone.network = () => "drop";
  const error = await refusal(client.login());
  assert.deepEqual([error.code, error.errno], ["offline", 5]);
  phone.network = () => undefined;
  assert.ok((await client.login()).user);
});

test("a wx.login that never answers does not hold the next one", async () => {
  const { phone, client } = opened();
  const [{ login }, { setTimeout: later }] = [phone.wx, globalThis];
  phone.wx.login = () => {};
  globalThis.setTimeout = (work) => later(work, 0);
  const error = await refusal(client.login());
  globalThis.setTimeout = later;
  assert.equal(error.code, "login_fail");
  phone.wx.login = login;
  assert.ok((await client.login()).user);
});

test("an expired session key is renewed, and the token stays", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await simulator("clock", { advance: 4 * 86400 });
  const again = await reopened(phone).login();
  assert.equal(again.token, token);
  assert.equal(phone.count("login"), 2);
  assert.equal(phone.to("/session").length, 1);
  assert.equal(phone.to("/login").length, 1);
});

test("a renewal that fails leaves the person signed in", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  await simulator("clock", { advance: 4 * 86400 });
  phone.network = () => "drop";
  assert.equal((await client.login()).token, token);
});

test("both sessions are told apart, and asking signs nobody in", async () => {
  const { phone, client } = opened();
  assert.deepEqual(await client.check(), { session: "over", session_key: "unknown" });
  await client.login();
  assert.deepEqual(await client.check(), { session: "live", session_key: "live" });
  await simulator("clock", { advance: 4 * 86400 });
  assert.deepEqual(await client.check(), { session: "live", session_key: "over" });
  await client.renew();
  assert.deepEqual(await client.check(), { session: "live", session_key: "live" });
  await endsAtTheServer(client.session().token);
  assert.deepEqual(await client.check(), { session: "over", session_key: "unknown" });
  assert.equal(phone.count("login"), 2);
});

test("a phone that is another person's by now signs that one in", async () => {
  const { phone, client } = opened();
  const before = await client.login();
  phone.person = "lihua";
  const after = await client.login();
  assert.notEqual(after.user.uid, before.user.uid);
  assert.notEqual(after.token, before.token);
});

test("inside Moments WeChat is not asked to sign in", async () => {
  const { phone, client } = opened({ opened: { scene: 1154, query: {} } });
  assert.equal(client.launch().singlePage, true);
  for (const work of [client.login(), client.request("/api/me")]) {
    const error = await refusal(work);
    assert.equal(error.code, "single_page");
    assert.match(error.detail, /前往小程序/);
  }
  assert.equal(phone.count("login"), 0);
  assert.equal(phone.sent.length, 0);
});

test("a program that took another one's place knows what was opened, and signs in", async () => {
  const query = {
    migrateSourceAppId: "wxold",
    migrateSourcePath: "pages/scan/scan",
    migrateSourceQuery: "scene=abc",
  };
  const { client } = opened({ opened: { scene: 1248, query } });
  assert.deepEqual(client.launch().migratedFrom, {
    appid: "wxold",
    path: "pages/scan/scan",
    query: "scene=abc",
  });
  assert.ok((await client.login()).user);
  assert.equal(opened().client.launch().migratedFrom, null);
});

test("signing out ends the session, and waiting requests do not begin another", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  let release;
  phone.network = ({ path }) =>
    path === "/api/me" &&
    new Promise((resolve) => {
      release = resolve;
    });
  const waiting = refusal(client.request("/api/me"));
  await new Promise((resolve) => setImmediate(resolve));
  await client.logout();
  release(page(401));
  assert.equal((await waiting).code, "signed_out");
  assert.equal(client.session(), null);
  assert.equal(phone.storage.size, 0);
  assert.equal(phone.count("login"), 1);
  phone.network = () => undefined;
  await client.login();
  assert.notEqual(client.session().token, token);
});

test("signing out with a token that is over is no failure", async () => {
  const { phone, client } = opened();
  await client.login();
  await endsAtTheServer(client.session().token);
  await client.logout();
  assert.equal(client.session(), null);
  await client.logout();
  assert.equal(phone.to("/api/session").length, 1);
  await client.login();
  phone.network = () => "drop";
  assert.equal((await refusal(client.logout())).code, "offline");
  assert.equal(client.session(), null);
});

test("an answer that comes after the person signed out signs nobody in", async () => {
  for (const work of ["renew", "setProfile"]) {
    const { phone, client } = opened();
    await client.login();
    const held = new Promise((resolve) => {
      phone.network = ({ path }) =>
        /session$|profile$/.test(path) &&
        new Promise((release) => {
          resolve(release);
        });
    });
    const waiting = client[work]({ nickName: "小明" }).catch((error) => error);
    const release = await held;
    phone.network = () => undefined;
    await client.logout();
    release(page(200, '{"user": {"uid": "late"}, "profile_wanted": false}'));
    await waiting;
    assert.equal(client.session(), null, work);
    assert.equal(phone.storage.size, 0, work);
  }
});

test("who signs out while the sign-in is under way is signed out", async () => {
  const { phone, client } = opened();
  const signingIn = client.login();
  await client.logout();
  await signingIn;
  assert.equal(client.session(), null);
  assert.equal(phone.to("/api/session").length, 1);
});

test("the token goes to the servers it is meant for", async () => {
  const { phone, client } = opened({}, { servers: ["https://shop.example"] });
  await client.login();
  phone.network = ({ url }) =>
    url.startsWith("https://shop.example/") ? page(200, '{"orders": []}') : undefined;
  assert.deepEqual(await client.request({ url: "https://shop.example/orders" }), { orders: [] });
  const count = phone.sent.length;
  for (const url of [
    "https://shop.example.evil/",
    "https://shop.example@evil/",
    "http://shop.example/",
    "https://evil/",
    "//evil/x",
    "orders",
  ]) {
    assert.equal((await refusal(client.request(url))).code, "foreign_address", url);
  }
  assert.equal(phone.sent.length, count);
});

test("a full storage signs in all the same", async () => {
  const { phone, client } = opened();
  phone.wx.setStorageSync = () => {
    throw new Error("exceed storage max size");
  };
  await client.login();
  assert.ok((await client.request("/api/me")).uid);
  assert.equal(phone.count("login"), 1);
});

test("functions that reject a promise beside calling back, as Taro's, leave none behind", async () => {
  const { phone, client } = opened();
  for (const name of ["login", "request"]) {
    const call = phone.wx[name];
    phone.wx[name] = (options) =>
      new Promise((resolve, reject) => {
        const fail = (detail) => [options.fail(detail), reject(detail)];
        call({ ...options, fail });
      });
  }
  phone.network = () => "drop";
  assert.equal((await refusal(client.login())).code, "offline");
  // A rejection that nobody handles fails the run.
  await new Promise((resolve) => setImmediate(resolve));
});

test("its own sentences are in the phone's language", async () => {
  const { phone, client } = opened({ language: "en", opened: { scene: 1154 } });
  assert.match((await refusal(client.login())).detail, /mini program itself/);
  phone.opened = { scene: 1001 };
  await switches({ errcode: { path: "/sns/jscode2session", errcode: 40226 } });
  assert.match((await refusal(client.login())).detail, /WeChat/);
});
