// What WeChat gives a mini program as `wx`, as far as the example uses it, over the simulator.
// It keeps WeChat's habits: `success` is called for every status, a body that is no JSON stays a
// text, an upload answers with a text, no cookie is kept, and nothing is ever thrown.
import { readFile } from "node:fs/promises";
import { webcrypto } from "node:crypto";

export const { SERVICE, SIMULATOR } = process.env;
const MP = "wx0000000000000a03";

export async function simulator(path, body, method = "POST") {
  const headers = { "Content-Type": "application/json" };
  const how = body === undefined ? {} : { method, headers, body: JSON.stringify(body) };
  const answer = await fetch(`${SIMULATOR}/_sim/${path}`, how);
  return { status: answer.status, body: await answer.json() };
}

export const switches = (values) => simulator("switches", values, "PUT");

/** How often WeChat was asked about a login code since the last reset. */
export async function exchanges() {
  const { body } = await simulator("calls?path=/sns/jscode2session");
  return body.length;
}

/** Header names as phones tell them: as the server wrote them, by and large. */
function asOnPhones(headers) {
  const written = (name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase());
  return Object.fromEntries([...headers].map(([name, value]) => [written(name), value]));
}

/** A phone with the program open. `person` holds it; tests may change everything. */
export class Phone {
  person = "xiaoming";
  appid = MP;
  opened = { scene: 1001, query: {} };
  language = "zh_CN";
  storage = new Map();
  agreed = true; // to the privacy notice
  listeners = [];
  said = []; // events that those heard of
  asked = []; // names of wx's functions, in order
  sent = []; // requests: { method, path, headers, body, status }
  /** May answer in the network's place: a result for `success`, "drop" to lose the request,
   * "lose" to lose the answer, nothing to let it through. */
  network = () => undefined;
  /** May answer in WeChat's place: a detail for `fail`. */
  refuses = () => undefined;

  constructor(changes = {}) {
    Object.assign(this, changes);
    this.wx = this.#api();
  }

  count(name) {
    return this.asked.filter((one) => one === name).length;
  }

  to(path) {
    return this.sent.filter((one) => one.path.endsWith(path));
  }

  /** The detail of bindgetphonenumber; `allow` says what the person taps. */
  async givesPhone(allow = true) {
    if (!this.agreed)
      return { errMsg: "getPhoneNumber:fail privacy permission is not authorized", errno: 104 };
    const { body } = await simulator("mp/phone", { ...this.#me(), allow });
    return body;
  }

  #me() {
    return { appid: this.appid, person: this.person };
  }

  #api() {
    const wx = {
      getStorageSync: (key) => structuredClone(this.storage.get(key) ?? ""),
      setStorageSync: (key, value) => this.storage.set(key, structuredClone(value)),
      removeStorageSync: (key) => this.storage.delete(key),
      getEnterOptionsSync: () => this.opened,
      getAppBaseInfo: () => ({ language: this.language }),
      onNeedPrivacyAuthorization: (listener) => this.listeners.push(listener),
    };
    const work = {
      login: async () => (await this.#of("mp/login")).body,
      checkSession: async () => {
        // The key of the last code that this phone got; the simulator has data while it lives.
        const { status } = await this.#of("mp/userdata");
        if (status !== 200) throw { errMsg: "checkSession:fail session_key expired" };
        return { errMsg: "checkSession:ok" };
      },
      getUserInfo: async () => (await this.#of("mp/userdata")).body,
      getRandomValues: async ({ length }) => ({
        randomValues: webcrypto.getRandomValues(new Uint8Array(length)).buffer,
      }),
      requirePrivacyAuthorize: () => this.#consent("requirePrivacyAuthorize"),
      request: (options) => this.#request(options),
      uploadFile: (options) => this.#upload(options),
    };
    for (const [name, does] of Object.entries(work)) {
      wx[name] = (options) => {
        this.#calls(name, does, options);
      };
    }
    return wx;
  }

  async #calls(name, does, options) {
    this.asked.push(name);
    let result, settle;
    try {
      const refused = this.refuses(name);
      if (refused) throw refused;
      [result, settle] = [await does(options), options.success];
    } catch (error) {
      if (error.errMsg === undefined) throw error;
      [result, settle] = [error, options.fail];
    }
    settle?.(result);
  }

  async #of(path) {
    return simulator(path, this.#me());
  }

  /** WeChat's rule: who has agreed is not asked, otherwise the program's own sheet is. */
  async #consent(name) {
    const no = { errMsg: `${name}:fail privacy permission is not authorized`, errno: 104 };
    if (this.agreed) return { errMsg: `${name}:ok` };
    if (!this.listeners.length) throw no;
    const said = await new Promise((resolve) => {
      const resolved = (said) => {
        this.said.push(said.event);
        if (said.event !== "exposureAuthorization") resolve(said);
      };
      this.listeners.forEach((listen) => listen(resolved, { referrer: name }));
    });
    this.agreed = said.event === "agree" && Boolean(said.buttonId);
    if (!this.agreed) throw no;
    return { errMsg: `${name}:ok` };
  }

  async #request({ url, method = "GET", data, header = {}, dataType = "json" }) {
    const body = method === "GET" || data === undefined ? undefined : JSON.stringify(data);
    const answer = await this.#travel(url, { method, headers: header, body });
    if (dataType === "json" && typeof answer.data === "string") {
      try {
        answer.data = JSON.parse(answer.data);
      } catch {
        /* stays a text */
      }
    }
    return answer;
  }

  async #upload({ url, filePath, name, header = {} }) {
    const form = new FormData();
    const file = new Blob([await readFile(filePath)], { type: "image/jpeg" });
    form.append(name, file, "tmp_5f2a.jpeg");
    return this.#travel(url, { method: "POST", headers: header, body: form });
  }

  async #travel(url, how) {
    const { pathname } = new URL(url);
    const text = typeof how.body === "string" ? JSON.parse(how.body) : how.body;
    const record = { method: how.method, path: pathname, url, headers: how.headers, body: text };
    this.sent.push(record);
    const instead = await this.network(record);
    if (instead === "drop") throw { errMsg: "request:fail timeout", errno: 5 };
    if (instead && instead !== "lose") return instead;
    const answer = await fetch(url, { ...how, redirect: "follow" });
    Object.assign(record, { status: answer.status, cookies: answer.headers.getSetCookie() });
    const data = await answer.text();
    if (instead === "lose") throw { errMsg: "request:fail interrupted", errno: 600003 };
    return {
      statusCode: answer.status,
      data,
      header: asOnPhones(answer.headers),
      errMsg: "request:ok",
    };
  }
}
