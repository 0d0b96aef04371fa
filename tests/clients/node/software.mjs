// Sites with clients of docs/software.md for Node, each as its documentation shows it
// and with the settings that stand there. One process; a port for each site.
// ISSUER and SITES ({name: [port, client id, secret]}) say who they are.
import { ExpressAuth, getSession } from "@auth/express";
import { skipCSRFCheck } from "@auth/core";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { fromNodeHeaders, toNodeHandler } from "better-auth/node";
import { genericOAuth } from "better-auth/plugins";
import express from "express";
import openidConnect from "express-openid-connect";
import session from "express-session";
import { Passport } from "passport";
import OpenIDConnectStrategy from "passport-openidconnect";

const { ISSUER, SITES } = process.env;
const SECRET = "a secret of the site's own, of 32 letters";

const software = {
  "express-openid-connect"(app, { url, clientID, clientSecret }) {
    app.use(openidConnect.auth({
      issuerBaseURL: ISSUER, baseURL: url, clientID, clientSecret, secret: SECRET,
      authRequired: false, idpLogout: true,
      // Its default asks for an ID token without a code.
      authorizationParams: { response_type: "code", scope: "openid profile" },
    }));
    return ({ oidc }) => oidc.user && { id: oidc.user.sub, name: oidc.user.name };
  },

  "passport-openidconnect"(app, { url, clientID, clientSecret }) {
    const passport = new Passport();
    passport.use("oidc", new OpenIDConnectStrategy({
      issuer: ISSUER,
      authorizationURL: `${ISSUER}/oauth2/authorize`,
      tokenURL: `${ISSUER}/oauth2/token`,
      userInfoURL: `${ISSUER}/oauth2/userinfo`,
      clientID, clientSecret, callbackURL: `${url}/callback`, scope: ["profile"],
    }, (issuer, profile, done) => done(null, profile)));
    passport.serializeUser((user, done) => done(null, user));
    passport.deserializeUser((user, done) => done(null, user));
    app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
    app.use(passport.session());
    app.get("/login", passport.authenticate("oidc"));
    app.get("/callback", passport.authenticate("oidc", { successRedirect: "/me" }));
    return ({ user }) => user && { id: user.username, name: user.displayName };
  },

  "auth.js"(app, { url, clientID, clientSecret }) {
    const config = {
      secret: SECRET, trustHost: true, skipCSRFCheck,
      providers: [{ id: "wxlogin", name: "WeChat", type: "oidc", issuer: ISSUER,
        clientId: clientID, clientSecret }],
      callbacks: { session: ({ session, token }) => ({ ...session, id: token.sub }),
        jwt: ({ token, profile }) => (profile ? { ...token, sub: profile.sub } : token) },
      // Its own log would tell of every sign-in.
      logger: { error: console.error, warn() {}, debug() {} },
    };
    app.get("/login", (_, response) => posted(response, `${url}/auth/signin/wxlogin`,
      "application/x-www-form-urlencoded", `callbackUrl=${encodeURIComponent(url)}/me`));
    app.use("/auth", ExpressAuth(config));
    return async (request) => {
      const found = await getSession(request, config);
      return found && { id: found.id, name: found.user.name };
    };
  },

  "better-auth"(app, { url, clientID, clientSecret }) {
    const auth = betterAuth({
      baseURL: url, secret: SECRET, telemetry: { enabled: false },
      database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
      plugins: [genericOAuth({ config: [{ providerId: "wxlogin", clientId: clientID,
        clientSecret, discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
        scopes: ["openid", "profile"], pkce: true }] })],
    });
    app.get("/login", (_, response) => posted(response, `${url}/api/auth/sign-in/social`,
      "application/json", JSON.stringify({ provider: "wxlogin", callbackURL: "/me" })));
    app.all("/api/auth/{*path}", toNodeHandler(auth));
    return async ({ headers }) => {
      const found = await auth.api.getSession({ headers: fromNodeHeaders(headers) });
      return found && { id: found.user.email, name: found.user.name };
    };
  },
};

// What the page's own button does: a form or a script sends the visitor on.
async function posted(response, to, type, body) {
  const headers = { "Content-Type": type, Origin: new URL(to).origin };
  const answer = await fetch(to, { method: "POST", redirect: "manual", headers, body });
  for (const cookie of answer.headers.getSetCookie()) response.append("Set-Cookie", cookie);
  response.redirect(answer.headers.get("Location") ?? (await answer.json()).url);
}

for (const [name, [port, clientID, clientSecret]] of Object.entries(JSON.parse(SITES))) {
  const app = express();
  const who = software[name](app, { url: `http://localhost:${port}`, clientID, clientSecret });
  app.get("/bye", (_, response) => response.send("bye"));
  app.get(["/", "/me"], async (request, response) => {
    const user = await who(request);
    response.status(user ? 200 : 401).json(user ?? {});
  });
  app.listen(port, "127.0.0.1");
}
