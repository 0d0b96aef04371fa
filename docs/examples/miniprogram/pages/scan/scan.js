const account = require('../../account.js');

Page({
  data: { state: '', asked: null, since: '', terms: null, problem: '', busy: false },

  // `query.scene` is the text of the code, encoded; the scene of App.onLaunch is a number and
  // another thing.
  async onLoad(query) {
    this.scene = account.scan.sceneOf(query);
    if (!this.scene) {
      this.setData({ state: 'failed', problem: '请用微信扫描网页上的小程序码。' });
      return;
    }
    await this.step(async () => {
      const asked = await account.scan.scanned(this.scene);
      this.setData({ state: 'ask', asked, since: clock(asked.browser.since) });
    });
  },

  // Only what the person taps confirms anything. The number stands on the browser's page and
  // nowhere else, so it is typed.
  async confirm({ detail }) {
    this.number = detail.value.number;
    await this.step(async () => {
      await account.scan.confirm(this.scene, this.number);
      this.setData({ state: 'confirmed' });
    });
  },

  async cancel() {
    await this.step(async () => {
      await account.scan.cancel(this.scene);
      this.setData({ state: 'refused' });
    });
  },

  async agree() {
    await this.step(async () => {
      await account.agree(this.data.terms.terms_version);
      await account.scan.confirm(this.scene, this.number);
      this.setData({ state: 'confirmed' });
    });
  },

  async step(work) {
    this.setData({ busy: true, problem: '' });
    try {
      await work();
    } catch (error) {
      this.setData(Object.assign({ problem: error.detail }, this.after(error)));
    }
    this.setData({ busy: false });
  },

  after({ code, status, problem }) {
    if (code === 'registration_needed') return { state: 'terms', terms: problem.registration };
    // The wrong number, or one that is wanted only now, as the phone is in another network.
    if (code === 'scan_number') return { asked: Object.assign({}, this.data.asked, problem) };
    // A lost connection may be tried again; what is over is over.
    return !status && this.data.asked ? {} : { state: 'failed' };
  },
});

/** Hours and minutes on this phone of a time of the server's. */
function clock(since) {
  const time = new Date(since);
  const two = (number) => String(number).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}`;
}
