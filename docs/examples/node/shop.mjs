// 茶铺, a tea shop. Needs Node 20 or newer, no package. Run: node shop.mjs
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { page } from "./page.mjs";

const { ISSUER, SHOP_URL, CLIENT_ID: client_id, CLIENT_SECRET: client_secret } = process.env;
const redirect_uri = `${SHOP_URL}/callback`;
const [sessions, orders] = [new Map(), new Map()]; // orders by `sub`; better a database
const ask = async (path, how) => (await fetch(ISSUER + path, how)).json();
const random = () => randomBytes(32).toString("base64url");

async function shop(request, response) {
  const { pathname, searchParams: query } = new URL(request.url, SHOP_URL);
  const cookie = /teashop_node=([\w-]+)/.exec(request.headers.cookie)?.[1];
  const { user, asked = new Map() } = sessions.get(cookie) ?? {};
  const cups = orders.get(user?.sub) ?? [];
  const renew = (values, id = random()) => { // a session under a new id
    sessions.delete(cookie); sessions.set(id, values);
    response.setHeader("Set-Cookie", `teashop_node=${id}; HttpOnly; SameSite=Lax; Path=/`);
  };
  const go = (url, query = "") => response.writeHead(303, { Location: url + query }).end();
  switch (request.method + pathname) {
    case "GET/login": { // 1. The browser goes to sign in, and comes back with a code.
      const [state, nonce, code_verifier] = [random(), random(), random()];
      const tabs = [...asked, [state, { nonce, code_verifier }]].slice(-8); // others wait, too
      renew({ user, asked: new Map(tabs) });
      const code_challenge = createHash("sha256").update(code_verifier).digest("base64url");
      return go(`${ISSUER}/oauth2/authorize?`, new URLSearchParams({ client_id, redirect_uri,
        response_type: "code", scope: "openid profile", state, nonce, code_challenge,
        code_challenge_method: "S256" }));
    }
    case "GET/callback": { // Only with a state that this very browser was given.
      const { nonce, code_verifier } = asked.get(query.get("state"));
      // 2. The code becomes tokens, from the issuer itself: no signature to check.
      const body = new URLSearchParams({ grant_type: "authorization_code", redirect_uri,
        code: query.get("code"), code_verifier, client_id, client_secret });
      const token = await ask("/oauth2/token", { method: "POST", body });
      const said = JSON.parse(Buffer.from(token.id_token.split(".")[1], "base64url"));
      if (said.iss !== ISSUER || said.aud !== client_id || said.nonce !== nonce) throw said;
      // 3. The access token becomes a person.
      const headers = { Authorization: `Bearer ${token.access_token}` };
      const person = await ask("/oauth2/userinfo", { headers });
      if (said.sub !== person.sub || said.exp * 1000 < Date.now()) throw said;
      asked.delete(query.get("state"));
      renew({ user: { ...person, id_token: token.id_token }, asked });
      return go(SHOP_URL);
    }
    case "POST/order":
      for await (const part of request) cups.push(new URLSearchParams(`${part}`).get("tea"));
      if (user) orders.set(user.sub, cups);
      return go(SHOP_URL);
    case "POST/logout":
      sessions.delete(cookie);
      return go(`${ISSUER}/oauth2/logout?`, new URLSearchParams({ client_id,
        id_token_hint: user.id_token, post_logout_redirect_uri: `${SHOP_URL}/` }));
  }
  page(request, response, user, cups);
}
createServer((request, response) => shop(request, response)
  .catch(() => page(request, response, null, [], true))).listen(new URL(SHOP_URL).port, "127.0.0.1");
