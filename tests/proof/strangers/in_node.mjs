// Clients of npm, as they are, at WeChat's real names: a line of JSON about each.
//
// `tests.proof.clients` runs this among these names; FOLDER is where they are installed,
// and names behind it pick some of them.
// What people do is told to the simulator by its control API.
import http from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const FOLDER = process.argv[2];
const need = createRequire(`${FOLDER}/package.json`);
const SIM = process.env.WECHAT_SIMULATOR_URL;
const WEB = ["wx0000000000000a01", "secret-of-web"];
const OA = ["wx0000000000000a02", "secret-of-oa"];
const CALLBACK = "https://shop.example/callback";
const NAME = "小明😀";

const load = async (name, file = "") => {
  const path = file ? `${FOLDER}/node_modules/${name}/${file}` : need.resolve(name);
  return import(pathToFileURL(path));
};

async function asks(method, call, given) {
  const answer = await fetch(`${SIM}/_sim/${call}`, {
    method,
    body: given && JSON.stringify(given),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function redirect(told) {
  if (!told.redirect) throw new Error(`${told.page}: ${told.rule}`);
  return told.redirect;
}

const by = (link) => ({ url: String(link), person: "xiaoming" });
const scans = async (link) => redirect(await asks("POST", "login", by(link)));

/** Where a link inside WeChat leads, with the switch that lets it through. */
async function opens(link, note) {
  const told = await asks("POST", "authorize", by(link));
  if (told.redirect || !told.switch) return redirect(told);
  const [name, value] = told.switch.split("=");
  await asks("PUT", "switches", { [name]: value });
  try {
    const back = redirect(await asks("POST", "authorize", by(link)));
    note(told.switch);
    return back;
  } finally {
    await asks("PUT", "switches", { [name]: null });
  }
}

const codeOf = (url) => new URL(url).searchParams.get("code");

function same(name) {
  if (name !== NAME) throw new Error(`${name} is not ${NAME}`);
}

/** What a client can do; what it has not stays away. */
class Checks {
  constructor(name) {
    const file = `${FOLDER}/node_modules/${name}/package.json`;
    const { version } = JSON.parse(readFileSync(file, "utf-8"));
    this.line = { client: name, version };
  }

  async does(what, act) {
    try {
      const made = await act((said) => (this.line[what] = `ok with ${said}`));
      this.line[what] ??= "ok";
      return made;
    } catch (error) {
      this.line[what] = `FAILED: ${error?.stack ?? error}`.slice(0, 400);
    }
  }
}

async function passportWechat() {
  const checks = new Checks("passport-wechat");
  const { default: Strategy } = await load("passport-wechat");
  const people = [];
  const strategy = ([appID, appSecret], client, scope) =>
    new Strategy(
      { appID, appSecret, client, scope, callbackURL: CALLBACK, state: "S1" },
      (access, refresh, profile, expires, done) => done(null, profile),
    );
  const asked = (made, query) =>
    new Promise((resolve, reject) => {
      const one = Object.create(made);
      Object.assign(one, { redirect: resolve, success: resolve, error: reject });
      one.fail = () => reject(new Error("it refuses"));
      const request = { protocol: "https", get: () => "shop.example", originalUrl: "/" };
      one.authenticate({ _passport: {}, query, url: "/", ...request });
    });
  const web = strategy(WEB, "web", "snsapi_login");
  const oa = strategy(OA, "wechat", "snsapi_userinfo");
  const back = await checks.does("qr", async () => scans(await asked(web, {})));
  const h5 = await checks.does("h5", async (note) => opens(await asked(oa, {}), note));
  await checks.does("token", async () => {
    for (const [made, url] of [[web, back], [oa, h5]]) {
      const query = Object.fromEntries(new URL(url).searchParams);
      people.push(await asked(made, query));
    }
  });
  await checks.does("user_info", () => same(people[0].nickname) ?? same(people[1].nickname));
  return checks.line;
}

/** The cookies that a browser keeps of an answer, as it sends them. */
const cookies = (...answers) =>
  answers
    .flatMap((answer) => answer.headers.getSetCookie())
    .map((one) => one.split(";")[0])
    .join("; ");

async function betterAuth() {
  const checks = new Checks("better-auth");
  const { betterAuth } = await load("better-auth", "dist/index.mjs");
  const { memoryAdapter } = await load("better-auth", "dist/adapters/memory-adapter/index.mjs");
  const database = { user: [], session: [], account: [], verification: [] };
  const auth = betterAuth({
    baseURL: "https://shop.example",
    secret: "a-secret-that-nobody-needs-to-know-1",
    database: memoryAdapter(database),
    socialProviders: { wechat: { clientId: WEB[0], clientSecret: WEB[1] } },
    telemetry: { enabled: false },
  });
  let begun;
  const back = await checks.does("qr", async () => {
    begun = await auth.handler(
      new Request("https://shop.example/api/auth/sign-in/social", {
        method: "POST",
        headers: { "content-type": "application/json", origin: "https://shop.example" },
        body: JSON.stringify({ provider: "wechat", callbackURL: "https://shop.example/in" }),
      }),
    );
    return scans((await begun.json()).url);
  });
  await checks.does("token", async () => {
    const headers = { cookie: cookies(begun) };
    const answer = await auth.handler(new Request(back, { headers }));
    if (answer.headers.get("location") !== "https://shop.example/in")
      throw new Error(answer.headers.get("location"));
    if (!database.account[0].accessToken) throw new Error("no token");
  });
  await checks.does("user_info", () => same(database.user[0].name));
  return checks.line;
}

async function authCore() {
  const checks = new Checks("@auth/core");
  const { Auth } = await load("@auth/core", "index.js");
  const { default: WeChat } = await load("@auth/core", "providers/wechat.js");
  const base = "https://shop.example/auth";
  const ways = {
    qr: [WEB, "WebsiteApp", (link) => scans(link)],
    h5: [OA, "OfficialAccount", (link, note) => opens(link, note)],
  };
  const people = [];
  for (const [way, [[clientId, clientSecret], platformType, door]] of Object.entries(ways)) {
    const config = {
      trustHost: true,
      basePath: "/auth",
      secret: "of-no-use",
      logger: { error: (error) => (config.failed = error) },
      // Its state is sealed and has more than the 128 bytes that WeChat takes inside.
      providers: [
        WeChat({
          clientId,
          clientSecret,
          platformType,
          ...(way === "h5" && { checks: ["none"] }),
        }),
      ],
    };
    let begun;
    const back = await checks.does(way, async (said) => {
      const note = (word) => said(`${word}, and without its state, too long for WeChat`);
      const csrf = await Auth(new Request(`${base}/csrf`), config);
      const { csrfToken } = await csrf.json();
      begun = await Auth(
        new Request(`${base}/signin/wechat`, {
          method: "POST",
          headers: { cookie: cookies(csrf) },
          body: new URLSearchParams({ csrfToken }),
        }),
        config,
      );
      return door(begun.headers.get("location"), note);
    });
    if (!back) continue;
    await checks.does("token", async () => {
      const headers = { cookie: cookies(begun) };
      const answer = await Auth(new Request(back, { headers }), config);
      if (config.failed) throw config.failed;
      const session = await Auth(
        new Request(`${base}/session`, { headers: { cookie: cookies(answer) } }),
        config,
      );
      people.push((await session.json()).user.name);
    });
  }
  await checks.does("user_info", () => {
    if (!people.length) throw new Error("nobody");
    people.forEach(same);
  });
  return checks.line;
}

async function easywechat() {
  const checks = new Checks("node-easywechat");
  const { OfficialAccount } = need("node-easywechat");
  const made = ([app_id, secret], scope, more) =>
    new OfficialAccount({
      app_id,
      secret,
      oauth: { scopes: [scope], redirect_url: CALLBACK },
      file_cache: { path: `${FOLDER}/cache/` },
      ...more,
    });
  const web = made(WEB, "snsapi_login");
  const [app] = (await asks("GET", "apps")).filter((one) => one.name === "oa");
  const oa = made(OA, "snsapi_userinfo", { token: app.token, aes_key: app.aes_key });
  const link = (one) => one.getOAuth().withState("S1").redirect();
  const back = await checks.does("qr", () => scans(link(web)));
  const h5 = await checks.does("h5", (note) => opens(link(oa), note));
  const people = [];
  await checks.does("token", async () => {
    for (const [one, url] of [[web, back], [oa, h5]])
      people.push(await one.getOAuth().userFromCode(codeOf(url)));
    await oa.getAccessToken().getToken();
  });
  await checks.does("user_info", () => {
    for (const one of [0, 1]) same(people[one].getNickname());
  });
  await checks.does("push", async () => {
    const { default: ServerRequest } = await load(
      "node-easywechat",
      "dist/Core/Http/ServerRequest.js",
    ).then((it) => it.default.default ? it.default : it);
    const shop = http.createServer(async (asked, answer) => {
      try {
        const one = made(OA, "snsapi_userinfo", { token: app.token, aes_key: app.aes_key });
        one.setRequest(await ServerRequest.createFromIncomingMessage(asked));
        const said = await one.getServer().with(() => "你好").serve();
        const body = Buffer.from(said.getBody().toString());
        // WeChat takes no proof in pieces.
        answer.setHeader("Content-Length", body.length);
        answer.writeHead(said.getStatusCode(), said.getHeaders());
        answer.end(body);
      } catch (error) {
        answer.writeHead(500).end(String(error.stack));
      }
    });
    await new Promise((done) => shop.listen(0, "127.0.0.1", done));
    try {
      const push_url = `http://127.0.0.1:${shop.address().port}/push`;
      const proved = await asks("POST", "push/verify", { appid: "oa", push_url });
      if (!proved.ok) throw new Error(JSON.stringify(proved));
      const said = { appid: "oa", person: "xiaoming", event: "text", content: "hi" };
      const told = await asks("POST", "push", said);
      if (told.shown !== "你好") throw new Error(JSON.stringify(told));
    } finally {
      shop.close();
      shop.closeAllConnections();
      await asks("PUT", "apps", { name: "oa", push_url: "" });
    }
  });
  return checks.line;
}

async function coWechatApi() {
  const checks = new Checks("co-wechat-api");
  const API = need("co-wechat-api");
  const api = new API(...OA);
  await checks.does("token", () => api.ensureAccessToken());
  await checks.does("user_info", async () => {
    await asks("POST", "follow", { appid: "oa", person: "xiaoming" });
    const people = await asks("GET", "people");
    const { openids } = people.find((one) => one.name === "xiaoming");
    const told = await api.getUser(openids.oa);
    if (told.subscribe !== 1 || !told.unionid) throw new Error(JSON.stringify(told));
  });
  return checks.line;
}

for (const name of ["web", "oa"])
  await asks("PUT", "apps", { name, callback_domains: ["shop.example"] });
const CLIENTS = [passportWechat, betterAuth, authCore, easywechat, coWechatApi];
const names = process.argv.slice(3);
for (const client of CLIENTS)
  if (!names.length || names.includes(client.name))
    console.log(JSON.stringify(await client()));
