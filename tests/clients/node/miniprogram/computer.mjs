// A browser on a computer, with a cookie jar, at /login/scan.
import assert from "node:assert/strict";
import { SERVICE } from "./wx.mjs";

/** A browser at /login/scan; `address` is the network it comes from, the phone's own if ''. */
export class Computer {
  cookies = new Map();

  constructor(address = "") {
    this.address = address;
  }

  async fetch(path, { method = "GET", headers = {} } = {}) {
    const answer = await fetch(SERVICE + path, {
      method,
      redirect: "manual",
      headers: {
        Cookie: [...this.cookies].map((pair) => pair.join("=")).join("; "),
        ...(this.address ? { "X-Forwarded-For": this.address } : {}),
        "User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0",
        "Sec-Fetch-Site": "same-origin",
        ...headers,
      },
    });
    for (const cookie of answer.headers.getSetCookie())
      this.cookies.set(...cookie.split(";")[0].split(/=(.*)/s, 2));
    return answer;
  }

  async opens() {
    const page = await this.fetch("/login/scan?next=/me", { headers: { Accept: "text/html" } });
    assert.equal(page.status, 200);
    [, this.scene] = /data-ticket="([\w-]{22})"/.exec(await page.text());
    return this;
  }

  async looks(what = "state", method = "GET") {
    const answer = await this.fetch(`/login/scan/${this.scene}/${what}`, {
      method,
      headers: { Accept: "application/json" },
    });
    return { status: answer.status, ...(await answer.json()) };
  }

  async who() {
    return (await this.fetch("/api/me")).json();
  }
}
