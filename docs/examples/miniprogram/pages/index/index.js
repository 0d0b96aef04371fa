const account = require('../../account.js');
const tell = require('../../utils/tell.js');

Page({
  data: {
    user: null,
    wanted: false,
    terms: null,
    number: '',
    following: null,
    problem: '',
    singlePage: false,
  },

  onShow() {
    this.setData({ singlePage: account.launch().singlePage });
    // Who signed out is asked by a button, not signed in again.
    if (!this.out) return this.signIn();
  },

  async signIn() {
    this.out = false;
    try {
      this.show(await account.login());
    } catch (error) {
      this.setData({ problem: error.detail });
    }
    if (this.data.user) await this.look();
  },

  // Whether the person follows your official account; null where WeChat has not said.
  async look() {
    try {
      const { following } = await account.request('/api/mp/mp/following');
      this.setData({ following });
    } catch (error) {
      this.setData({ following: null });
    }
  },

  show(session) {
    this.setData({
      user: session.user,
      wanted: session.profile_wanted,
      terms: session.user ? null : session.registration,
      problem: '',
    });
  },

  async agree() {
    try {
      this.show(await account.agree(this.data.terms.terms_version));
    } catch (error) {
      tell(error);
    }
  },

  // Where the consent to the privacy notice is missing, WeChat asks for it here by itself:
  // components/privacy shows the sheet.
  async onPhone({ detail }) {
    try {
      const { phone } = await account.phone(detail);
      this.setData({ number: phone.number });
    } catch (error) {
      tell(error);
    }
  },

  async signOut() {
    this.out = true;
    this.setData({ user: null, terms: null, number: '' });
    try {
      await account.logout();
    } catch (error) {
      tell(error);
    }
  },
});
