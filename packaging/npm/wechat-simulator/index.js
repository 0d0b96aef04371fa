/**
 * WeChat in a test, in the test's own words: who scans, agrees and follows.
 *
 *     const ada = await wechat.person("Ada");
 *     await ada.scans(link);
 *     await page.goto(await ada.confirms());
 *
 * The simulator is a process beside the tests, which its control API moves. Each test
 * has a world of its own in it, with appids, people, a clock and calls of its own.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";

const READY = /^simulator ready on (\S+)$/m;
const COMMANDS = [["wechat-simulator"], ["wxlogin", "simulator"]];
// Stands in the place of a secret that the control API does not show.
const MASK = "•••";
const SECRETS = ["secret", "token", "aes_key"];

/** What the simulator refuses: `status` is 400 (wrong), 404 (unknown) or 409. */
export class SimulatorError extends Error {
  name = "SimulatorError";

  constructor(sentence, status = 400) {
    super(sentence);
    this.status = status;
  }
}

/** WeChat shows a page of its own: `page` and `code` of it, and which `rule` that was. */
export class Refused extends SimulatorError {
  name = "Refused";

  constructor({ page, code = null, rule = "", source = "", switch: through = "", at = "" }) {
    super(`WeChat shows ${page}: ${rule} ${source}`.trim(), 409);
    Object.assign(this, { page, code, rule, source, switch: through, at });
  }
}

/**
 * A simulator: that of `url` or WECHAT_SIMULATOR_URL, or one of its own on a free port.
 *
 * `command` are the words that start one, in the place of `wechat-simulator` or else
 * `wxlogin simulator`. It ends with `stop()`, or with this process.
 */
export async function start({ url = process.env.WECHAT_SIMULATOR_URL, command } = {}) {
  if (url) return new Simulator(url.replace(/\/+$/, ""));
  for (const words of command ? [command] : COMMANDS) {
    const started = await run(words);
    if (started) return new Simulator(...started);
  }
  const missing = (command ? [command] : COMMANDS).map((words) => words[0]).join(", ");
  throw new SimulatorError(`no such command: ${missing}; pip install wechat-simulator`);
}

async function run([program, ...words]) {
  const child = spawn(program, [...words, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    await once(child, "spawn");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
  const end = () => child.kill();
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
  const url = await said(child);
  // Tests that forget to stop it end nevertheless, and it with them.
  for (const part of [child, child.stdout, child.stderr]) part.unref();
  return [url, child];
}

/** The address in the child's ready line; whatever it says afterwards is let go. */
function said(child) {
  return new Promise((resolve, reject) => {
    let words = "";
    const read = (more) => {
      words += more;
      const url = READY.exec(words)?.[1];
      if (!url) return;
      for (const stream of [child.stdout, child.stderr]) stream.off("data", read).resume();
      child.off("close", gone);
      resolve(url);
    };
    const gone = () => reject(new SimulatorError(`the simulator did not start: ${words.trim()}`));
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", read);
    child.once("close", gone);
  });
}

/** A running simulator. */
export class Simulator {
  #child;

  constructor(url, child) {
    this.url = url;
    this.#child = child;
  }

  /** WeChat for one test alone; drop it afterwards. */
  async world() {
    return new WeChat(this.url, await ask(`${this.url}/_sim/`, "POST", "worlds"));
  }

  /** Ends the process, where `start()` began one. */
  async stop() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}

/**
 * One world, until it is dropped: its apps, people, clock, faults and calls.
 *
 * `url` is the simulator's, for clients that are told where WeChat is; `control` that of
 * this world's control API, for other programs.
 */
export class WeChat {
  #secrets = new Map();

  constructor(url, { id, control, apps }) {
    this.id = id;
    this.url = url;
    this.control = url + control;
    for (const app of apps) this.#keep(app.name, app);
  }

  /** The world is gone; browsers that wait in it are told so. */
  async drop() {
    await ask(`${this.url}/_sim/`, "DELETE", `worlds/${this.id}`);
  }

  /** The app with this name or appid, its fields changed as said, or a new one. */
  async app(name, changes) {
    if (changes) {
      await this.asks("PUT", "apps", { ...changes, name });
      this.#keep(name, changes);
    }
    const apps = await this.asks("GET", "apps");
    const found = apps.find((app) => app.name === name || app.appid === name);
    if (!found) throw new SimulatorError(`there is no app ${name}`, 404);
    const kept = this.#secrets.get(found.name);
    for (const field of SECRETS) if (found[field] === MASK) found[field] = kept[field];
    return found;
  }

  /** Who has this name or nickname; whoever is not there yet is now. */
  async person(name) {
    const people = await this.asks("GET", "people");
    let found = people.find((one) => one.name === name || one.nickname === name);
    if (!found) {
      const fresh = { name: `person-${people.length + 1}`, nickname: name };
      found = await this.asks("POST", "people", fresh);
    }
    return new Person(this, found.name);
  }

  /** So much time goes by in this world. */
  async advances({ days = 0, hours = 0, minutes = 0, seconds = 0 }) {
    const advance = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    await this.asks("POST", "clock", { advance });
  }

  /** Calls of `path` answer `errcode`: `times: 2` twice, `errmsg` in these words. */
  async fails(path, { errcode, ...more }) {
    const { everyone } = await this.asks("GET", "switches");
    const before = (everyone.errcode ?? []).filter((rule) => rule.times !== 0);
    await this.switch({ errcode: [...before, { path, errcode, ...more }] });
  }

  /** Set switches, for everyone: `{ drop_unionid: true }`. */
  async switch(values) {
    await this.asks("PUT", "switches", values);
  }

  /** The calls of servers so far, oldest first, or those of one path. */
  async calls(path = "") {
    return this.asks("GET", `calls?${new URLSearchParams({ path })}`);
  }

  /** Any other call of the control API: `asks("POST", "mp/phone", {…})`. */
  async asks(method, call, given) {
    return ask(this.control, method, call, given);
  }

  #keep(name, fields) {
    const told = SECRETS.filter((field) => fields[field] && fields[field] !== MASK);
    const more = Object.fromEntries(told.map((field) => [field, fields[field]]));
    this.#secrets.set(name, { ...this.#secrets.get(name), ...more });
  }
}

/** Somebody with a phone. Where WeChat shows a page of its own it is Refused. */
export class Person {
  #wechat;
  #uuid = "";

  constructor(wechat, name) {
    this.#wechat = wechat;
    this.name = name;
  }

  /** The person's openid in the app of this name or appid. */
  async openid(app) {
    const { name } = await this.#wechat.app(app);
    return (await this.#shown()).openids[name];
  }

  /** That on the app's open platform; empty where it is bound to none. */
  async unionid(app) {
    const platform = (await this.#wechat.app(app)).open_platform;
    return platform ? (await this.#shown()).unionids[platform] : "";
  }

  /**
   * A browser shows the QR page of this link, and the phone scans its code.
   *
   * The content of a code that is shown already does as well.
   */
  async scans(url) {
    const told = await this.#does("scan", { url });
    if (told.page) throw new Refused(told);
    this.#uuid = told.uuid;
    return this;
  }

  /** Where the browser goes when the person says yes to what was scanned. */
  async confirms() {
    return (await this.#does("confirm", { uuid: this.#uuid })).redirect;
  }

  /** The person says no; the browser stays. */
  async cancels() {
    await this.#does("cancel", { uuid: this.#uuid });
  }

  /**
   * Where a consent link leads that is opened in WeChat, and agreed to.
   *
   * `fromMenu`: from the account's own menu; `fullService`: after 使用完整服务.
   */
  async opens(url, { fromMenu = false, fullService = false } = {}) {
    const visit = { from_menu: fromMenu, full_service: fullService };
    const told = await this.#does("authorize", { url, ...visit });
    if (!told.redirect) throw new Refused(told);
    return told.redirect;
  }

  /** The same, not agreed to: nowhere (null), unless a switch says so or nobody is asked. */
  async refuses(url) {
    const told = await this.#does("authorize", { url, allow: false });
    if (!told.redirect && told.page !== "closed") throw new Refused(told);
    return told.redirect ?? null;
  }

  /** From now on; the account is told, if it has a push address. */
  async follows(app) {
    await this.#does("follow", { appid: app });
    return this;
  }

  async unfollows(app) {
    await this.#does("unfollow", { appid: app });
    return this;
  }

  /** The code that wx.login gives the mini program of this name or appid. */
  async logsIn(app) {
    return (await this.#does("mp/login", { appid: app })).code;
  }

  #does(call, given) {
    return this.#wechat.asks("POST", call, { ...given, person: this.name });
  }

  async #shown() {
    const people = await this.#wechat.asks("GET", "people");
    return people.find((one) => one.name === this.name);
  }
}

async function ask(control, method, call, given) {
  const body = given === undefined ? undefined : JSON.stringify(given);
  const answer = await fetch(control + call, { method, body });
  const told = await answer.json();
  if (!answer.ok) throw new SimulatorError(told.error, answer.status);
  return told;
}
