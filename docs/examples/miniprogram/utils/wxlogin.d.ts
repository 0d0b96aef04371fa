// Types of wxlogin.js.

/** WeChat's `wx`, or `uni` or `Taro` in its place. */
export type Wx = Record<string, any>;

export interface Options {
  wx: Wx;
  /** PUBLIC_URL of the service, with its path if it has one. */
  baseUrl: string;
  /** The program's `name` in APPS. */
  app: string;
  /** Your own servers that `request` may send the token to: "https://shop.example". */
  servers?: string[];
  /** The `client_id` of a site in SITES, where its rules for new people are to hold. */
  site?: string;
  /** Milliseconds that a request may take; 15,000. */
  timeout?: number;
  /** Under which name the session is stored on the phone; "wxlogin:<app>". */
  storageKey?: string;
  /** Of the sentences in `detail`; the phone's own. */
  language?: string;
}

export interface User {
  uid: string;
  nickname: string;
  language: string | null;
}

export interface Terms {
  terms_url: string | null;
  privacy_url: string | null;
  terms_version: string;
}

export interface Session {
  token: string;
  /** null for a stranger, whom `registration` tells what to agree to. */
  user: User | null;
  /** Is there no name yet that the person has chosen? */
  profile_wanted: boolean;
  registration?: Terms;
}

/** Outcomes of the phone; every other code is the service's (docs/errors.md), `http_502` and the
 * like where an answer has none. */
export type Outcome =
  | 'login_fail'
  | 'offline'
  | 'bad_answer'
  | 'single_page'
  | 'signed_out'
  | 'privacy_needed'
  | 'privacy_undeclared'
  | 'phone_quota'
  | 'user_denied'
  | 'no_code'
  | 'name_empty'
  | 'wechat_fail'
  | 'registration_needed'
  | 'foreign_address';

/** What every promise here is rejected with. */
export interface WxloginError extends Error {
  name: 'WxloginError';
  code: Outcome | (string & {});
  /** A sentence for the person. */
  detail: string;
  /** Of the answer; 0 where there was none. */
  status: number;
  /** Seconds. */
  retryAfter?: number;
  /** WeChat's number and text, where WeChat refused. */
  errno?: number;
  errMsg?: string;
  /** The whole body of the refusal. */
  problem?: Record<string, any>;
}

export interface Launch {
  scene: number | undefined;
  /** Opened inside Moments (1154), where nobody can sign in. */
  singlePage: boolean;
  /** What was opened of the program whose place this one took (1248); else null. */
  migratedFrom: { appid?: string; path?: string; query?: any; scene?: any } | null;
}

/** The program's own sheet about the privacy notice, which has to be shown now. */
export interface Sheet {
  /** What needs the consent: "button.getPhoneNumber", for example. */
  referrer: string | undefined;
  /** `buttonId` is that of the tapped button with open-type agreePrivacyAuthorization. */
  agree(buttonId: string): void;
  disagree(): void;
}

export interface Asked {
  /** A path of the service, or an address of one of `servers`. */
  url: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS' | 'HEAD' | 'TRACE' | 'CONNECT';
  data?: any;
  header?: Record<string, string>;
  [other: string]: any;
}

export interface OpenData {
  rawData: string;
  signature: string;
  encryptedData: string;
  iv: string;
}

/** The `detail` of an event of WeChat's buttons. */
export interface Detail {
  errMsg?: string;
  errno?: number;
  code?: string;
  avatarUrl?: string;
  [other: string]: any;
}

export interface Check {
  /** Our session; `waiting` is a stranger's. */
  session: 'live' | 'waiting' | 'over';
  /** WeChat's newest key at the service; `unknown` where WeChat could not be asked. */
  session_key: 'live' | 'over' | 'unknown';
}

/** A number that the person chose, perhaps one added by hand: nobody is known by it. */
export interface PhoneClaim {
  phone: { number: string; pure_number: string; country_code: string };
  verified: false;
  kept: boolean;
  note: string;
}

export interface Scanned {
  state: 'scanned';
  site: { name: string };
  browser: { address: string; system: string; since: string };
  /** Does the person have to type the number that the browser shows? */
  number_wanted: boolean;
  expires_in: number;
}

export interface Scan {
  /** The text of the code that opened the page, from the query of Page.onLoad; '' for none. */
  sceneOf(query: Record<string, string | undefined> | undefined): string;
  scanned(scene: string): Promise<Scanned>;
  /** Yes, with the number as the person typed it where one is wanted. Refused with
   * `scan_number` where it is missing or wrong, with `registration_needed` where a stranger
   * has to agree first. */
  confirm(scene: string, number?: string | null): Promise<{ state: 'confirmed' }>;
  cancel(scene: string): Promise<{ state: 'refused' }>;
}

export interface Client {
  /** Signs in where nobody is, and renews WeChat's session key where it is over. `fresh` signs
   * in anew in any case. */
  login(how?: { fresh?: boolean }): Promise<Session>;
  /** A call with the token, to the service or one of `servers`; the body of its answer. */
  request<T = any>(asked: string | Asked): Promise<T>;
  /** Do our session and WeChat's session key still live? Signs nobody in. */
  check(): Promise<Check>;
  /** A new session key of WeChat's, the same token. */
  renew(): Promise<Session>;
  /** Name and picture of wx.getUserInfo, or of what `ask` gives. */
  bind(ask?: () => Promise<OpenData>): Promise<Session>;
  setProfile(profile: { nickName: string }): Promise<Session>;
  /** The detail of bindchooseavatar, or the path in it. */
  uploadAvatar(given: Detail | string): Promise<Session>;
  /** The detail of bindgetphonenumber or bindgetrealtimephonenumber. */
  phone(detail: Detail): Promise<PhoneClaim>;
  /** A stranger's word to `registration.terms_version`: makes the account. */
  agree(termsVersion: string): Promise<Session>;
  /** An address for a web-view that signs this person in there, once, within 60 seconds. */
  handover(next?: string): Promise<string>;
  logout(): Promise<void>;
  /** Asks for the consent to the privacy notice, where there is none yet. */
  consent(): Promise<void>;
  /** `show` is called whenever WeChat needs that consent. */
  onConsentNeeded(show: (sheet: Sheet) => void): void;
  launch(): Launch;
  /** Who is signed in, as far as this phone knows. */
  session(): Session | null;
  scan: Scan;
}

export function createClient(options: Options): Client;
