// A code on a computer's screen, and the phone that says yes.
import assert from "node:assert/strict";
import test from "node:test";
import { Computer } from "./computer.mjs";
import { endsAtTheServer, opened, refusal } from "./journey.mjs";
import { scans, sent } from "./program.mjs";
import { simulator } from "./wx.mjs";

const FAR = "203.0.113.9";

/** A wrong number. */
const other = (number) => (number === "55" ? "66" : "55");

test.beforeEach(() => simulator("reset", {}));

test("scanned, confirmed, and the computer is signed in as the same person", async () => {
  const { client } = opened();
  const computer = await new Computer().opens();
  // As WeChat gives it to Page.onLoad.
  const scene = client.scan.sceneOf({ scene: encodeURIComponent(computer.scene) });
  assert.equal(scene, computer.scene);
  const asked = await client.scan.scanned(scene);
  assert.equal(asked.state, "scanned");
  assert.ok(asked.site.name && asked.expires_in > 0);
  assert.match(asked.browser.system, /Chrome/);
  assert.equal(asked.number_wanted, false);
  assert.equal((await computer.looks()).state, "scanned");
  assert.equal((await client.scan.confirm(scene)).state, "confirmed");
  assert.equal((await computer.looks("claim", "POST")).next, "/me");
  assert.equal((await computer.who()).uid, client.session().user.uid);
});

test("the person refuses", async () => {
  const { client } = opened();
  const computer = await new Computer().opens();
  await client.scan.scanned(computer.scene);
  assert.equal((await client.scan.cancel(computer.scene)).state, "refused");
  assert.equal((await computer.looks()).state, "refused");
  assert.equal((await refusal(client.scan.confirm(computer.scene))).status, 409);
  assert.notEqual((await computer.looks("claim", "POST")).status, 200);
});

test("steps out of their order, and codes that there are not", async () => {
  const { client } = opened();
  const computer = await new Computer().opens();
  assert.equal((await refusal(client.scan.confirm(computer.scene))).code, "scan_order");
  for (const scene of ["no-such-scene-0123456789", "a?b&c", "码"]) {
    const error = await refusal(client.scan.scanned(scene));
    assert.deepEqual([error.status, error.code], [404, "scan_unknown"], scene);
    assert.ok(error.detail);
  }
});

test("another program does not know the code", async () => {
  const computer = await new Computer().opens();
  const { client } = opened({ appid: "wx0000000000000a04" }, { app: "mp2" });
  assert.equal((await refusal(client.scan.scanned(computer.scene))).code, "scan_unknown");
});

test("only who scanned may confirm", async () => {
  const [first, second] = [opened().client, opened({ person: "lihua" }).client];
  const computer = await new Computer().opens();
  await first.scan.scanned(computer.scene);
  assert.equal((await refusal(second.scan.scanned(computer.scene))).code, "scan_taken");
  assert.equal((await refusal(second.scan.confirm(computer.scene))).code, "scan_not_yours");
  await first.scan.confirm(computer.scene);
});

test("a token that ends between scan and yes is replaced, and the same person confirms", async () => {
  const { phone, client } = opened();
  const computer = await new Computer().opens();
  await client.scan.scanned(computer.scene);
  await endsAtTheServer(client.session().token);
  await client.scan.confirm(computer.scene);
  assert.equal(phone.count("login"), 2);
  assert.equal((await computer.looks("claim", "POST")).status, 200);
});

test("in another network the number of the computer is wanted", async () => {
  const { client } = opened();
  const computer = await new Computer(FAR).opens();
  const asked = await client.scan.scanned(computer.scene);
  assert.equal(asked.number_wanted, true);
  const { number } = await computer.looks();
  assert.match(number, /^[1-9]\d$/);
  for (const given of [undefined, other(number)]) {
    const error = await refusal(client.scan.confirm(computer.scene, given));
    assert.deepEqual([error.status, error.code], [403, "scan_number"]);
    assert.equal(error.problem.number_wanted, true);
  }
  await client.scan.confirm(computer.scene, number);
  assert.equal((await computer.looks("claim", "POST")).status, 200);
});

test("the page says what is asked, and confirms by a tap", async () => {
  const computer = await new Computer().opens();
  const { page } = await scans(computer);
  assert.equal(page.data.state, "ask");
  assert.ok(page.data.asked.site.name);
  assert.match(page.data.since, /^\d\d:\d\d$/);
  assert.equal((await computer.looks()).state, "scanned");
  await page.confirm(sent());
  assert.deepEqual([page.data.state, page.data.busy], ["confirmed", false]);
  assert.equal((await computer.looks("claim", "POST")).status, 200);
});

test("the page refuses by a tap", async () => {
  const computer = await new Computer().opens();
  const { page } = await scans(computer);
  await page.cancel();
  assert.equal(page.data.state, "refused");
  assert.equal((await computer.looks()).state, "refused");
});

test("the page asks for the number, and once more after a wrong one", async () => {
  const computer = await new Computer(FAR).opens();
  const { page } = await scans(computer);
  const { number } = await computer.looks();
  await page.confirm(sent({ number: other(number) }));
  assert.equal(page.data.state, "ask");
  assert.match(page.data.problem, /数字/);
  await page.confirm(sent({ number }));
  assert.equal(page.data.state, "confirmed");
});

test("the page goes on after a lost connection, and not with a code that is over", async () => {
  const computer = await new Computer().opens();
  const { program, page } = await scans(computer);
  program.phone.network = () => "drop";
  await page.confirm(sent());
  assert.equal(page.data.state, "ask");
  assert.match(page.data.problem, /网络/);
  program.phone.network = () => undefined;
  await page.confirm(sent());
  assert.equal(page.data.state, "confirmed");
  const { page: again } = await scans(computer, { person: "lihua" });
  assert.equal(again.data.state, "failed");
  assert.ok(again.data.problem);
});
