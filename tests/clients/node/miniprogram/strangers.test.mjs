// A service that asks first: who is unknown has no account before the word.
import assert from "node:assert/strict";
import test from "node:test";
import { Computer } from "./computer.mjs";
import { opened, refusal, reopened } from "./journey.mjs";
import { Program, scans, sent } from "./program.mjs";
import { simulator } from "./wx.mjs";

test.beforeEach(() => simulator("reset", {}));

test("a stranger looks around, is asked, and has an account by the word", async () => {
  const { phone, client } = opened();
  const stranger = await client.login();
  assert.equal(stranger.user, null);
  assert.equal(stranger.registration.terms_url, "https://shop.example/terms");
  const sent = phone.sent.length;
  for (const work of [client.request("/api/me"), client.handover()]) {
    const error = await refusal(work);
    assert.deepEqual([error.code, error.status], ["registration_needed", 403]);
    assert.match(error.detail, /同意/);
    assert.equal(error.problem.registration.terms_version, "2026-11");
  }
  assert.equal(phone.sent.length, sent);
  const { user } = await client.agree(stranger.registration.terms_version);
  assert.equal((await client.request("/api/me")).uid, user.uid);
  assert.equal(phone.count("login"), 1);
  assert.equal((await reopened(phone).login()).user.uid, user.uid);
});

test("a stranger's token is not kept for the next time", async () => {
  const { phone, client } = opened({ person: "lihua" });
  const { token } = await client.login();
  const again = await reopened(phone).login();
  assert.notEqual(again.token, token);
  assert.equal(again.user, null);
});

test("who has read for longer than the token lives is signed in anew by the word", async () => {
  const { phone, client } = opened({ person: "jose" });
  await client.login();
  phone.storage.set("wxlogin:mp", { ...client.session(), token: "over".repeat(11) });
  const late = reopened(phone);
  const { user } = await late.agree("2026-11");
  assert.ok(user.uid);
  assert.equal((await late.request("/api/me")).uid, user.uid);
});

test("a stranger who scans a code is asked first, and signs the computer in by the word", async () => {
  const computer = await new Computer().opens();
  const { program, page } = await scans(computer, { person: "lihua" });
  assert.equal(page.data.state, "ask");
  await page.confirm(sent());
  assert.equal(page.data.state, "terms");
  assert.equal(page.data.terms.terms_version, "2026-11");
  assert.equal((await computer.looks()).state, "scanned");
  await page.agree();
  assert.equal(page.data.state, "confirmed", page.data.problem);
  assert.equal((await computer.looks("claim", "POST")).status, 200);
  assert.equal((await computer.who()).uid, program.client.session().user.uid);
});

test("another version of the terms is not agreed to", async () => {
  const { client } = opened({ person: "bell" });
  await client.login();
  assert.equal((await refusal(client.agree("2020-01"))).status, 409);
  assert.equal(client.session().user, null);
});

test("the home page asks a stranger", async () => {
  const program = new Program({ person: "nobody" });
  const page = program.open("pages/index/index");
  await page.onShow();
  assert.equal(page.data.user, null);
  assert.equal(page.data.terms.terms_version, "2026-11");
  await page.agree();
  assert.ok(page.data.user.uid);
  assert.equal(page.data.terms, null);
});
