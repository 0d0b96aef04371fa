// Signs a mini program's users in with wxlogin: no package, no cookie.
//
//   const { createClient } = require('./utils/wxlogin.js');
//   const account = createClient({ wx, baseUrl: 'https://login.shop.example', app: 'mp' });
//
// `wx` is an argument, so `uni` or `Taro` can stand there as well. What goes to the network
// returns a promise. It is rejected with an Error that has a `code` (the service's, or one of
// SENTENCES), a `detail` to show to the person, and where there is one the `status` of the
// answer, `retryAfter` in seconds and WeChat's `errno`. Types: wxlogin.d.ts.

const SINGLE_PAGE = 1154; // opened inside Moments: WeChat signs nobody in there
const MIGRATED = 1248; // this program took the place of another one, which is closed
const ERRNO = { 104: 'privacy_needed', 112: 'privacy_undeclared', 1400001: 'phone_quota' };
const SENTENCES = {
  login_fail: ['微信登录没有成功，请稍后再试。', 'WeChat did not sign you in. Please try again.'],
  offline: ['网络连接失败，请检查网络后再试。', 'No connection. Please check the network.'],
  bad_answer: ['服务器暂时无法使用，请稍后再试。', 'The server cannot be used right now.'],
  single_page: ['请点击下方“前往小程序”使用完整服务。', 'Please open the mini program itself.'],
  signed_out: ['你已退出登录。', 'You have signed out.'],
  privacy_needed: [
    '同意隐私保护指引后，才能使用此功能。',
    'This needs your consent to the privacy notice.',
  ],
  privacy_undeclared: ['此功能暂未开放。', 'This is not available yet.'],
  phone_quota: ['暂时无法获取手机号，请手动填写。', 'Please type in your phone number.'],
  user_denied: ['你没有允许，可以稍后再试。', 'You did not allow this.'],
  no_code: ['微信没有提供所需的信息，请再试一次。', 'WeChat gave nothing. Please try again.'],
  name_empty: ['请填写昵称。', 'Please type in a name.'],
  wechat_fail: ['操作没有完成，请再试一次。', 'That did not work. Please try again.'],
  registration_needed: ['请先同意条款并注册。', 'Please agree to the terms first.'],
  foreign_address: ['地址有误。', 'A wrong address.'],
};

/** What a call to the service came to, as an Error. */
function failure(code, facts) {
  const error = new Error((facts && facts.detail) || code);
  return Object.assign(error, { name: 'WxloginError', code, status: 0 }, facts);
}

/** A function of wx with callbacks, as a promise; after `patience` ms it has failed. */
function call(wx, name, options, patience) {
  return new Promise((resolve, reject) => {
    if (typeof wx[name] !== 'function') {
      reject({ errMsg: `${name}:fail not supported` });
      return;
    }
    const late = () => reject({ errMsg: `${name}:fail timeout` });
    const timer = patience && setTimeout(late, patience);
    const then = (settle) => (given) => {
      clearTimeout(timer);
      settle(given);
    };
    const told = { success: then(resolve), fail: then(reject) };
    const returned = wx[name](Object.assign({}, options, told));
    // Taro rejects a promise beside calling back.
    if (returned && typeof returned.catch === 'function') returned.catch(() => {});
  });
}

/** Which outcome WeChat's `detail` of a button or a failed call is. */
function outcome(detail, otherwise) {
  const said = String((detail && detail.errMsg) || '');
  if (detail && ERRNO[detail.errno]) return ERRNO[detail.errno];
  if (/privacy permission is not authorized/.test(said)) return 'privacy_needed';
  if (/not declared in the privacy agreement/.test(said)) return 'privacy_undeclared';
  if (/deny|denied|cancel/.test(said)) return 'user_denied';
  return otherwise;
}

/** That outcome as an Error. */
function refused(detail, otherwise) {
  const { errno, errMsg } = detail || {};
  return failure(outcome(detail, otherwise), { errno, errMsg });
}

/** The JSON value of a body; undefined where it is none. */
function json(data) {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data);
  } catch (_) {
    return undefined;
  }
}

function header(answer, name) {
  const all = answer.header || answer.headers || {};
  const found = Object.keys(all).find((one) => one.toLowerCase() === name);
  return found && String(all[found]);
}

/** Did the phone get what it asked for? wx calls `success` for a 401, a 500 and a proxy's page
 * as well, so both status and body are read. */
function judge(answer, raw) {
  const status = answer.statusCode;
  if (status === 204) return null;
  const body = raw ? answer.data : json(answer.data);
  const good = status >= 200 && status < 300;
  if (good && (raw || (body !== undefined && body !== null))) return body;
  if (good) throw failure('bad_answer', { status });
  const problem = (typeof body === 'object' && body) || {};
  throw failure(typeof problem.code === 'string' ? problem.code : `http_${status}`, {
    status,
    detail: problem.detail,
    retryAfter: Number(header(answer, 'retry-after')) || undefined,
    problem,
  });
}

function createClient(options) {
  const { wx } = options;
  const base = options.baseUrl.replace(/\/+$/, '');
  const api = `${base}/api/mp/${encodeURIComponent(options.app)}`;
  const servers = [base].concat(options.servers || []).map((one) => one.replace(/\/+$/, ''));
  const timeout = options.timeout || 15000;
  const storageKey = options.storageKey || `wxlogin:${options.app}`;
  const language = options.language || spoken();
  let session = stored(); // { token, user, profile_wanted, registration }, or null
  let signingIn = null; // the login that is under way, for everyone who needs it
  let renewing = null;
  let lost = {}; // the last token that was over, and the login in its place

  // --- what the phone knows -------------------------------------------------------------

  function spoken() {
    try {
      return wx.getAppBaseInfo().language.replace('_', '-');
    } catch (_) {
      return 'zh-CN';
    }
  }

  function stored() {
    try {
      const found = wx.getStorageSync(storageKey);
      return found && typeof found.token === 'string' && found.token ? found : null;
    } catch (_) {
      return null;
    }
  }

  function store(found) {
    session = found;
    try {
      if (found) wx.setStorageSync(storageKey, found);
      else wx.removeStorageSync(storageKey);
    } catch (_) {
      // A full storage: the session lasts as long as the program stays open.
    }
    return found;
  }

  /** Every error leaves with a sentence that can be shown. */
  async function told(work) {
    try {
      return await work();
    } catch (error) {
      const words = SENTENCES[error.code] || SENTENCES.bad_answer;
      if (!error.detail) error.detail = words[/^zh/.test(language) ? 0 : 1];
      throw error;
    }
  }

  function launch() {
    const read = wx.getEnterOptionsSync || wx.getLaunchOptionsSync;
    const opened = (read && read()) || {};
    const all = Object.assign({}, opened, opened.query, opened.referrerInfo);
    const from = {};
    for (const name of Object.keys(all)) {
      const part = /^migrateSource_?(\w+)$/i.exec(name);
      if (part) from[part[1].toLowerCase()] = all[name];
    }
    return {
      scene: opened.scene,
      singlePage: opened.scene === SINGLE_PAGE,
      migratedFrom: opened.scene === MIGRATED ? from : null,
    };
  }

  // --- going to the network -------------------------------------------------------------

  async function send(method, url, data, token, more) {
    const given = Object.assign({ method, url, data, timeout, dataType: 'json' }, more);
    given.header = Object.assign(headers(token), more && more.header);
    return judge(
      await reach('request', given),
      given.dataType !== 'json' || given.responseType === 'arraybuffer',
    );
  }

  function headers(token) {
    const given = { 'Content-Type': 'application/json', 'Accept-Language': language };
    return token ? Object.assign(given, { Authorization: `Bearer ${token}` }) : given;
  }

  async function reach(name, given) {
    try {
      return await call(wx, name, given);
    } catch (detail) {
      throw failure('offline', { errno: detail.errno, errMsg: detail.errMsg });
    }
  }

  // --- signing in -----------------------------------------------------------------------

  /** A code of wx.login, with a nonce by which the service knows our own retry of it. */
  async function loginCode() {
    if (launch().singlePage) throw failure('single_page');
    let given;
    try {
      given = await call(wx, 'login', { timeout }, timeout);
    } catch (detail) {
      throw refused(detail, 'login_fail');
    }
    if (!given.code) throw failure('login_fail', { errMsg: given.errMsg });
    const sent = { code: given.code };
    const attempt = await nonce();
    if (attempt) sent.attempt = attempt;
    if (options.site) sent.site = options.site;
    return sent;
  }

  /** 128 random bits; '' where this phone has none that cannot be guessed (before base library
   * 2.15.0). Without one nothing is sent twice, and a lost answer costs another wx.login. */
  async function nonce() {
    try {
      const { randomValues } = await call(wx, 'getRandomValues', { length: 16 }, 3000);
      const bytes = Array.from(new Uint8Array(randomValues));
      return bytes.map((one) => one.toString(16).padStart(2, '0')).join('');
    } catch (_) {
      return '';
    }
  }

  /** Posts a code of wx.login. A lost answer is asked for again with the same code and nonce; a
   * refused code is replaced once. Nothing else is tried twice. */
  async function exchange(path, token) {
    const first = await loginCode();
    try {
      return await send('POST', api + path, first, token);
    } catch (error) {
      if (error.code === 'offline' && first.attempt) {
        return send('POST', api + path, first, token);
      }
      if (error.code !== 'offline' && error.code !== 'code_invalid') throw error;
      return send('POST', api + path, await loginCode(), token);
    }
  }

  function signIn() {
    if (!signingIn) {
      signingIn = exchange('/login').then(keep);
      const over = () => {
        signingIn = null;
      };
      signingIn.then(over, over);
    }
    return signingIn;
  }

  function keep(body) {
    if (typeof body.token !== 'string' || !('user' in body)) throw failure('bad_answer');
    const { token, user, profile_wanted, registration } = body;
    return store({ token, user, profile_wanted, registration });
  }

  /** Who the answer to a call with `token` says the person is; a stranger's first word brings a
   * new token as well. What comes after the person has signed out changes nothing. */
  function learn(body, token) {
    if (!body.user) throw failure('bad_answer');
    if (!session || session.token !== token) return session;
    if (body.token) return keep(body);
    const { user, profile_wanted } = body;
    return store(Object.assign({}, session, { user, profile_wanted }));
  }

  /** Runs with a token. One 401 is answered by one login, which everybody shares who was sent
   * away with the same token; a 401 after that is given up. */
  async function withToken(run) {
    const { token } = session || (await signIn());
    try {
      return await run(token);
    } catch (error) {
      if (error.status !== 401) throw error;
      return run(await insteadOf(token));
    }
  }

  async function insteadOf(token) {
    if (session && session.token !== token) return session.token;
    if (lost.token !== token) {
      store(null);
      lost = { token, login: signIn() };
    }
    return (await lost.login).token;
  }

  async function login(how) {
    // A stranger's token is good for minutes only.
    if ((how && how.fresh) || signingIn || !session || !session.user) return signIn();
    if (await keyLives()) return session;
    try {
      return await renewed();
    } catch (error) {
      // The key is for open data alone: the session is as good without it.
      if (session) return session;
      throw error;
    }
  }

  async function keyLives() {
    try {
      await call(wx, 'checkSession', {}, 5000);
      return true;
    } catch (_) {
      return false;
    }
  }

  /** A new session key for the session there is. Where the phone is another person's by now,
   * that one is signed in. */
  function renewed() {
    if (!renewing) {
      renewing = session ? renewKey(session.token) : signIn();
      const over = () => {
        renewing = null;
      };
      renewing.then(over, over);
    }
    return renewing;
  }

  async function renewKey(token) {
    try {
      return learn(await exchange('/session', token), token);
    } catch (error) {
      if (error.status !== 401) throw error;
      await insteadOf(token);
      return session;
    }
  }

  // --- what the person gives ------------------------------------------------------------

  function post(path, data) {
    return withToken((token) => send('POST', path, data, token));
  }

  /** The code goes first, then WeChat is asked for the data: a wx.login after it may end the
   * key that the data was made with. */
  async function bind(ask) {
    const given = async () => {
      try {
        return await (ask ? ask() : call(wx, 'getUserInfo', { lang: 'zh_CN' }));
      } catch (detail) {
        throw refused(detail, 'wechat_fail');
      }
    };
    const once = () =>
      withToken(async (token) => {
        const { rawData, signature, encryptedData, iv } = await given();
        const data = { rawData, signature, encryptedData, iv };
        return learn(await send('POST', `${api}/bind`, data, token), token);
      });
    if (!session) await signIn();
    else if (!(await keyLives())) await renewed();
    try {
      return await once();
    } catch (error) {
      if (error.code !== 'open_data_invalid') throw error;
      await renewed();
      return once();
    }
  }

  async function setProfile(profile) {
    const nickName = String((profile && profile.nickName) || '').trim();
    // WeChat empties the field of a name that it refuses.
    if (!nickName) throw failure('name_empty');
    return withToken(async (token) =>
      learn(await send('POST', `${api}/profile`, { nickName }, token), token),
    );
  }

  /** `given` is the detail of bindchooseavatar, or the path in it. */
  async function uploadAvatar(given) {
    const filePath = typeof given === 'string' ? given : given && given.avatarUrl;
    if (!filePath) throw refused(given, 'no_code');
    return withToken(async (token) => {
      const sent = {
        url: `${api}/avatar`,
        filePath,
        name: 'file',
        timeout,
        header: headers(token),
      };
      delete sent.header['Content-Type']; // wx writes the one with the boundary
      return learn(judge(await reach('uploadFile', sent)), token);
    });
  }

  /** `detail` is that of bindgetphonenumber or bindgetrealtimephonenumber. Its code is another
   * kind than that of wx.login, and nothing is sent where there is none. */
  async function phone(detail) {
    const phoneCode = detail && detail.code;
    if (!phoneCode || typeof phoneCode !== 'string') throw refused(detail, 'no_code');
    return post(`${api}/phone`, { code: phoneCode });
  }

  // --- consent to the privacy notice ----------------------------------------------------

  /** Asks now, where the person has not agreed yet. */
  async function consent() {
    if (typeof wx.requirePrivacyAuthorize !== 'function') return;
    try {
      await call(wx, 'requirePrivacyAuthorize', {});
    } catch (detail) {
      throw refused(detail, 'privacy_needed');
    }
  }

  /** `show` is called when WeChat needs the consent: it shows the program's own sheet, and
   * that calls `agree(id of the button)` or `disagree()`. All that wait hear the answer. */
  function onConsentNeeded(show) {
    if (typeof wx.onNeedPrivacyAuthorization !== 'function') return;
    const waiting = [];
    const answer = (said) => waiting.splice(0).forEach((resolve) => resolve(said));
    wx.onNeedPrivacyAuthorization((resolve, info) => {
      waiting.push(resolve);
      resolve({ event: 'exposureAuthorization' });
      show({
        referrer: info && info.referrer,
        agree: (buttonId) => answer({ event: 'agree', buttonId }),
        disagree: () => answer({ event: 'disagree' }),
      });
    });
  }

  // --- a code on somebody's screen ------------------------------------------------------

  function step(name) {
    return (scene, number) =>
      told(() =>
        withToken(async (token) => {
          const path = `${api}/scan/${encodeURIComponent(scene)}/${name}`;
          const body = await send('POST', path, number ? { number } : {}, token);
          // A stranger's yes makes the account, and its session comes along.
          if (body.token) learn(body, token);
          return body;
        }),
      );
  }

  const scan = {
    /** The scene of the code that opened the page, of Page.onLoad's query; '' for none. */
    sceneOf(query) {
      try {
        return decodeURIComponent((query && query.scene) || '');
      } catch (_) {
        return '';
      }
    },
    scanned: step('scanned'),
    confirm: step('confirm'),
    cancel: step('cancel'),
  };

  // --- the rest -------------------------------------------------------------------------

  async function request(asked) {
    const { url, method, data, ...more } = typeof asked === 'string' ? { url: asked } : asked;
    const full = /^\/(?!\/)/.test(url) ? base + url : url;
    // The token goes to nobody but the servers it is meant for.
    if (!servers.some((one) => full.startsWith(`${one}/`))) throw failure('foreign_address');
    await known();
    return withToken((token) => send(method || 'GET', full, data, token, more));
  }

  /** A stranger's token is good for no call but those by which an account is made. */
  async function known() {
    const { user, registration } = session || (await signIn());
    if (!user) throw failure('registration_needed', { status: 403, problem: { registration } });
  }

  async function check() {
    const over = { session: 'over', session_key: 'unknown' };
    if (!session) return over;
    try {
      return await send('GET', `${api}/check`, undefined, session.token);
    } catch (error) {
      if (error.status === 401) return over;
      throw error;
    }
  }

  async function agree(termsVersion) {
    const word = async () =>
      keep(
        await send('POST', `${base}/api/registrations`, {
          registration: session.token,
          agree: 'yes',
          terms_version: termsVersion,
        }),
      );
    if (!session) await signIn();
    try {
      return await word();
    } catch (error) {
      // It took the person more than ten minutes to read.
      if (error.code !== 'registration_over') throw error;
      await signIn();
      return session.user ? session : word();
    }
  }

  async function handover(next) {
    await known();
    const body = await post(`${base}/api/handover`, next ? { next } : {});
    return body.url;
  }

  async function logout() {
    if (signingIn) await signingIn.catch(() => {});
    if (!session) return;
    const { token } = session;
    // Whoever still waits for an answer with this token does not sign in again.
    const login = Promise.reject(failure('signed_out'));
    login.catch(() => {});
    lost = { token, login };
    store(null);
    try {
      await send('DELETE', `${base}/api/session`, undefined, token);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
  }

  const client = {
    login,
    request,
    check,
    bind,
    setProfile,
    uploadAvatar,
    phone,
    agree,
    handover,
    logout,
    consent,
    renew: renewed,
  };
  for (const name of Object.keys(client)) {
    const work = client[name];
    client[name] = (...given) => told(() => work(...given));
  }
  return Object.assign(client, { scan, launch, onConsentNeeded, session: () => session });
}

// Where a bundler wants ES modules (Vite, uni-app with Vue 3): export { createClient };
module.exports = { createClient };
