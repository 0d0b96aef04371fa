// A phone with the example's client, as the tests speak of it.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { Phone, SERVICE } from "./wx.mjs";

const { createClient } = createRequire(import.meta.url)(
  "../../../../docs/examples/miniprogram/utils/wxlogin.js",
);

/** A phone on which the program is opened, and its client. */
export function opened(changes = {}, options = {}) {
  const phone = new Phone(changes);
  return { phone, client: reopened(phone, options) };
}

/** The program started anew on this phone. */
export function reopened(phone, options = {}) {
  return createClient({ wx: phone.wx, baseUrl: SERVICE, app: "mp", ...options });
}

/** The token's session is ended behind the program's back. */
export async function endsAtTheServer(token) {
  const answer = await fetch(`${SERVICE}/api/session`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${token}` },
  });
  assert.equal(answer.status, 204);
}

/** What a promise is refused with. */
export async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail("it was not refused");
}

export const page = (statusCode, data = "<html>502 Bad Gateway</html>") => ({
  statusCode,
  data,
  header: { "Content-Type": "text/html" },
});
