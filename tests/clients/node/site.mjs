// A Node site with openid-client, as its documentation shows it.
// ISSUER, CLIENT_ID, CLIENT_SECRET and PORT say who it is.
import { createHash, randomUUID } from "node:crypto";
import http from "node:http";
import * as client from "openid-client";

const { ISSUER, CLIENT_ID, CLIENT_SECRET, PORT } = process.env;
const origin = `http://localhost:${PORT}`;
const config = await client.discovery(
  new URL(ISSUER),
  CLIENT_ID,
  CLIENT_SECRET,
  undefined,
  // The test's oidc is on http.
  { execute: [client.allowInsecureRequests] },
);
// Otherwise it trusts the connection to the token endpoint (Core section 3.1.3.7).
client.enableNonRepudiationChecks(config);

const sessions = new Map();

async function login(session) {
  session.verifier = client.randomPKCECodeVerifier();
  session.state = client.randomState();
  session.nonce = client.randomNonce();
  return client.buildAuthorizationUrl(config, {
    redirect_uri: `${origin}/callback`,
    scope: "openid profile",
    code_challenge: await client.calculatePKCECodeChallenge(session.verifier),
    code_challenge_method: "S256",
    state: session.state,
    nonce: session.nonce,
  });
}

async function callback(session, url) {
  const tokens = await client.authorizationCodeGrant(config, url, {
    pkceCodeVerifier: session.verifier,
    expectedState: session.state,
    expectedNonce: session.nonce,
    idTokenExpected: true,
  });
  await remember(session, tokens);
  return "/me";
}

async function refresh(session) {
  await remember(
    session,
    await client.refreshTokenGrant(config, session.tokens.refresh_token),
  );
  return "/me";
}

async function remember(session, tokens) {
  const { sub } = tokens.claims();
  const known = await client.fetchUserInfo(config, tokens.access_token, sub);
  const header = Buffer.from(tokens.id_token.split(".")[0], "base64url");
  session.tokens = tokens;
  session.user = {
    sub,
    name: known.name,
    kid: JSON.parse(header).kid,
    mark: createHash("sha256").update(tokens.access_token).digest("hex"),
  };
}

function logout(session) {
  const hint = session.tokens.id_token;
  session.user = undefined;
  return client.buildEndSessionUrl(config, {
    post_logout_redirect_uri: `${origin}/bye`,
    id_token_hint: hint,
  });
}

// The client takes its keys again when they are a minute old and do not fit.
function later(url) {
  const now = Date.now;
  const milliseconds = Number(url.searchParams.get("seconds")) * 1000;
  Date.now = () => now() + milliseconds;
  return "/bye";
}

const pages = { "/login": login, "/callback": callback, "/refresh": refresh };
Object.assign(pages, { "/logout": logout, "/later": (_, url) => later(url) });

async function answer(request, response) {
  const url = new URL(request.url, origin);
  const known = /site=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const id = sessions.has(known) ? known : randomUUID();
  const session = sessions.get(id) ?? {};
  sessions.set(id, session);
  response.setHeader("Set-Cookie", `site=${id}; HttpOnly; SameSite=Lax; Path=/`);
  if (url.pathname in pages) {
    const to = await pages[url.pathname](session, url);
    return response.writeHead(302, { Location: String(to) }).end();
  }
  if (url.pathname === "/bye") return response.end("bye");
  response.setHeader("Content-Type", "application/json");
  response.statusCode = session.user ? 200 : 401;
  response.end(JSON.stringify(session.user ?? {}));
}

http
  .createServer((request, response) =>
    answer(request, response).catch((error) => {
      console.error(error.code, error.message);
      response.writeHead(400).end(String(error.code));
    }),
  )
  .listen(Number(PORT), "127.0.0.1");
