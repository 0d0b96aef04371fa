/** WeChat in a test, in the test's own words: who scans, agrees and follows. */

export interface App {
  name: string;
  kind: "website" | "official_account" | "mini_program" | "mobile";
  appid: string;
  secret: string;
  title: string;
  open_platform: string;
  callback_domains: string[];
  token: string;
  aes_key: string;
  push_url: string;
  push_format: "xml" | "json";
  original_id: string;
  scopes: string[];
  verified: boolean;
  ip_list: string[];
  pages: string[];
  request_domain: string;
  components: string[];
}

export interface Call {
  time: number;
  method: string;
  path: string;
  appid: string;
  /** 0 is success. */
  errcode: number;
  /** How the answer was spoiled. */
  fault: string;
  /** Secrets, codes and tokens are masked. */
  params: Record<string, string>;
  /** Of a refused call: what was broken, where WeChat documents it, what lets it through. */
  rule: string;
  source: string;
  switch: string;
  /** What was said in JSON, before it was spoiled; masked alike. */
  answer: Record<string, string>;
}

export interface StartOptions {
  /** That of a simulator that runs already; WECHAT_SIMULATOR_URL if left out. */
  url?: string;
  /** The words that start one; `--port 0` is put behind them. */
  command?: string[];
}

export interface Failure {
  errcode: number;
  /** How often; always if left out. */
  times?: number;
  errmsg?: string;
  /** The call is carried out first. */
  spend?: boolean;
}

/** A simulator: that of `url` or WECHAT_SIMULATOR_URL, or one of its own on a free port. */
export function start(options?: StartOptions): Promise<Simulator>;

export class Simulator {
  readonly url: string;
  /** WeChat for one test alone; drop it afterwards. */
  world(): Promise<WeChat>;
  /** Ends the process, where `start()` began one. */
  stop(): Promise<void>;
}

/** One world, until it is dropped: its apps, people, clock, faults and calls. */
export class WeChat {
  readonly id: string;
  /** The simulator's, for clients that are told where WeChat is. */
  readonly url: string;
  /** That of this world's control API, with a slash at the end. */
  readonly control: string;
  drop(): Promise<void>;
  /** The app with this name or appid, its fields changed as said, or a new one. */
  app(name: string, changes?: Partial<Omit<App, "name">>): Promise<App>;
  /** Who has this name or nickname; whoever is not there yet is now. */
  person(name: string): Promise<Person>;
  /** So much time goes by in this world. */
  advances(time: { days?: number; hours?: number; minutes?: number; seconds?: number }): Promise<void>;
  /** Calls of `path` fail. */
  fails(path: string, failure: Failure): Promise<void>;
  /** Set switches, for everyone. */
  switch(values: Record<string, unknown>): Promise<void>;
  /** The calls of servers so far, oldest first, or those of one path. */
  calls(path?: string): Promise<Call[]>;
  /** Any other call of the control API: `asks("POST", "mp/phone", {…})`. */
  asks(method: string, call: string, given?: unknown): Promise<any>;
}

/** Somebody with a phone. Where WeChat shows a page of its own it is Refused. */
export class Person {
  readonly name: string;
  openid(app: string): Promise<string>;
  /** Empty where the app is bound to no open platform. */
  unionid(app: string): Promise<string>;
  /** The QR page of this link, or the content of a code on show. */
  scans(url: string): Promise<this>;
  /** Where the browser goes. */
  confirms(): Promise<string>;
  cancels(): Promise<void>;
  /** A consent link, opened in WeChat and agreed to: where it leads. */
  opens(url: string, visit?: { fromMenu?: boolean; fullService?: boolean }): Promise<string>;
  /** The same, not agreed to: nowhere (null), unless a switch says so or nobody is asked. */
  refuses(url: string): Promise<string | null>;
  follows(app: string): Promise<this>;
  unfollows(app: string): Promise<this>;
  /** The code that wx.login gives the mini program. */
  logsIn(app: string): Promise<string>;
}

/** What the simulator refuses: `status` is 400 (wrong), 404 (unknown) or 409. */
export class SimulatorError extends Error {
  constructor(sentence: string, status?: number);
  readonly status: number;
}

/** WeChat shows a page of its own. */
export class Refused extends SimulatorError {
  private constructor();
  readonly page: string;
  readonly code: number | string | null;
  /** The rule that was broken. */
  readonly rule: string;
  /** Where WeChat documents it. */
  readonly source: string;
  /** The switch that lets it through, if there is one. */
  readonly switch: string;
  /** The first thing out of place. */
  readonly at: string;
}
