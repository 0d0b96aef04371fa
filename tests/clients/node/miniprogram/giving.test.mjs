// What the person gives: consent, open data, a name, a picture, a phone number.
import assert from "node:assert/strict";
import test from "node:test";
import { endsAtTheServer, opened, refusal } from "./journey.mjs";
import { exchanges, simulator, switches } from "./wx.mjs";

test.beforeEach(() => simulator("reset", {}));

test("consent is asked for once, and refused politely", async () => {
  const { phone, client } = opened({ agreed: false });
  const error = await refusal(client.consent());
  assert.equal(error.code, "privacy_needed");
  assert.match(error.detail, /隐私保护指引/);
  client.onConsentNeeded((sheet) => sheet.disagree());
  assert.equal((await refusal(client.consent())).code, "privacy_needed");
  assert.equal(phone.agreed, false);
});

test("the program's own sheet asks, and all who wait hear the answer", async () => {
  const { phone, client } = opened({ agreed: false });
  const sheets = [];
  client.onConsentNeeded((sheet) => sheets.push(sheet));
  const both = Promise.all([client.consent(), client.consent()]);
  while (sheets.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sheets[0].referrer, "requirePrivacyAuthorize");
  sheets[1].agree("agree-btn");
  await both;
  assert.equal(phone.agreed, true);
  // WeChat wants to hear that the sheet is shown.
  assert.deepEqual(phone.said, [
    "exposureAuthorization",
    "exposureAuthorization",
    "agree",
    "agree",
  ]);
  await client.consent();
  assert.equal(sheets.length, 2);
});

test("an older WeChat that knows no consent asks for none", async () => {
  const { phone, client } = opened({ agreed: false });
  delete phone.wx.requirePrivacyAuthorize;
  delete phone.wx.onNeedPrivacyAuthorization;
  await client.consent();
  client.onConsentNeeded(() => assert.fail());
});

test("without a number: outcomes to tell apart, and no request", async () => {
  const { phone, client } = opened();
  await client.login();
  const count = phone.sent.length;
  const deny = await phone.givesPhone(false);
  assert.equal(deny.errMsg, "getPhoneNumber:fail user deny");
  phone.agreed = false;
  for (const [detail, code] of [
    [deny, "user_denied"],
    [{ errno: 1400001 }, "phone_quota"],
    [{ errno: 104 }, "privacy_needed"],
    [await phone.givesPhone(), "privacy_needed"],
    [{ errMsg: "getPhoneNumber:fail privacy permission is not authorized" }, "privacy_needed"],
    [{ errno: 112 }, "privacy_undeclared"],
    [
      { errMsg: "getPhoneNumber:fail api scope is not declared in the privacy agreement" },
      "privacy_undeclared",
    ],
    [{ errMsg: "getPhoneNumber:ok", encryptedData: "x", iv: "y" }, "no_code"],
    [{ errMsg: "getPhoneNumber:ok", code: "" }, "no_code"],
    [{ code: 7 }, "no_code"],
    [{}, "no_code"],
    [null, "no_code"],
    [undefined, "no_code"],
  ]) {
    const error = await refusal(client.phone(detail));
    assert.equal(error.code, code, JSON.stringify(detail));
    assert.equal(error.errno, detail?.errno);
    assert.ok(error.detail);
  }
  assert.equal(phone.sent.length, count);
});

test("a number is a claim; its code is another kind than that of wx.login, and good once", async () => {
  const { phone, client } = opened({ person: "jose" });
  const detail = await phone.givesPhone();
  const { phone: number, verified } = await client.phone(detail);
  assert.deepEqual(number, {
    number: "+85291234567",
    pure_number: "91234567",
    country_code: "852",
  });
  assert.equal(verified, false);
  assert.deepEqual(phone.to("/phone")[0].body, { code: detail.code });
  assert.equal((await refusal(client.phone(detail))).code, "phone_code_invalid");
  const { body } = await simulator("mp/login", { appid: phone.appid, person: "jose" });
  assert.equal((await refusal(client.phone(body))).code, "phone_code_needed");
  phone.wx.login = ({ success }) => success(detail);
  assert.equal((await refusal(client.login({ fresh: true }))).code, "login_code_needed");
});

test("a number outlives the token: one login, and the same code", async () => {
  const { phone, client } = opened();
  await client.login();
  await endsAtTheServer(client.session().token);
  assert.equal((await client.phone(await phone.givesPhone())).phone.country_code, "86");
  assert.equal(phone.count("login"), 2);
  assert.equal(new Set(phone.to("/phone").map((one) => one.body.code)).size, 1);
});

test("the simulator's own refusals of the button are told apart", async () => {
  const { phone, client } = opened();
  for (const [errno, code] of [
    [1400001, "phone_quota"],
    [104, "privacy_needed"],
    [112, "privacy_undeclared"],
    [7, "no_code"],
  ]) {
    await switches({ phone_errno: errno });
    assert.equal((await refusal(client.phone(await phone.givesPhone()))).code, code);
  }
});

test("the code goes before the open data", async () => {
  await switches({ rotate_session_key: "always" });
  const { phone, client } = opened();
  const session = await client.bind();
  const order = phone.asked.filter((name) => ["login", "getUserInfo"].includes(name));
  assert.deepEqual(order, ["login", "getUserInfo"]);
  // WeChat gives everybody's name, which is nobody's.
  assert.equal(session.profile_wanted, true);
  assert.deepEqual(
    phone.to("/bind").map((one) => one.status),
    [200],
  );
});

test("open data under a key that is over: the key is renewed, then the data asked for", async () => {
  const { phone, client } = opened();
  const { token } = await client.login();
  phone.refuses = (name) =>
    name === "checkSession" && { errMsg: "checkSession:fail session_key expired" };
  await client.bind();
  assert.equal(client.session().token, token);
  const order = phone.asked.filter((name) => ["login", "getUserInfo"].includes(name));
  assert.deepEqual(order, ["login", "login", "getUserInfo"]);
});

test("open data that is refused: a new code, and data anew, once", async () => {
  const { phone, client } = opened();
  await client.login();
  let times = 0;
  const ask = async () => {
    times += 1;
    const { body } = await simulator("mp/userdata", {
      appid: phone.appid,
      person: "xiaoming",
      form: "legacy",
    });
    return times === 1 ? { ...body, signature: "0".repeat(40) } : body;
  };
  const { user, profile_wanted } = await client.bind(ask);
  assert.equal(user.nickname, "小明😀");
  assert.equal(profile_wanted, false);
  assert.equal(times, 2);
  assert.equal(phone.to("/session").length, 1);
  const bad = async () => ({ ...(await ask()), signature: "0".repeat(40) });
  assert.equal((await refusal(client.bind(bad))).code, "open_data_invalid");
  assert.equal(phone.to("/session").length, 2);
});

test("who does not give the open data is heard", async () => {
  const { phone, client } = opened();
  phone.refuses = (name) =>
    name === "getUserInfo" && {
      errMsg: "getUserInfo:fail privacy permission is not authorized",
      errno: 104,
    };
  assert.equal((await refusal(client.bind())).code, "privacy_needed");
  assert.equal(phone.to("/bind").length, 0);
});

test("a chosen name is kept", async () => {
  const { phone, client } = opened({ person: "jose" });
  assert.equal((await client.login()).profile_wanted, true);
  const { user, profile_wanted } = await client.setProfile({ nickName: " 小明 " });
  assert.deepEqual([user.nickname, profile_wanted], ["小明", false]);
  assert.deepEqual(client.session().user, user);
  assert.deepEqual([...phone.storage.values()][0].user, user);
});

test("a name that WeChat emptied is not sent, and an invisible one is refused", async () => {
  const { phone, client } = opened();
  await client.setProfile({ nickName: "小明" });
  const count = phone.sent.length;
  for (const profile of [
    { nickName: "" },
    { nickName: "   " },
    {},
    undefined,
    { nickName: null },
  ]) {
    const error = await refusal(client.setProfile(profile));
    assert.equal(error.code, "name_empty");
    assert.match(error.detail, /昵称/);
  }
  assert.equal(phone.sent.length, count);
  for (const nickName of ["\u3164", "微信用户"]) {
    const error = await refusal(client.setProfile({ nickName }));
    assert.deepEqual([error.status, error.code], [400, "bad_request"]);
    assert.ok(error.detail);
  }
  assert.equal((await client.request("/api/me")).nickname, "小明");
});

test("without a picture nothing is sent", async () => {
  const { phone, client } = opened();
  await client.login();
  for (const [detail, code] of [
    [{ errMsg: "chooseAvatar:fail cancel" }, "user_denied"],
    [{ errno: 104 }, "privacy_needed"],
    ["", "no_code"],
    [undefined, "no_code"],
    [{}, "no_code"],
  ]) {
    assert.equal((await refusal(client.uploadAvatar(detail))).code, code);
  }
  assert.equal(phone.count("uploadFile"), 0);
});

test("a key that is renewed by many at once costs one wx.login", async () => {
  const { phone, client } = opened();
  await client.login();
  await Promise.all([client.renew(), client.renew(), client.renew()]);
  assert.equal(phone.count("login"), 2);
  assert.equal(await exchanges(), 2);
});
