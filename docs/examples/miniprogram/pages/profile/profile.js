const account = require('../../account.js');

Page({
  data: { avatarUrl: '', problem: '', saving: false },

  // Name and picture need the consent to the privacy notice: ask before they are chosen.
  async onLoad() {
    try {
      await account.consent();
    } catch (error) {
      this.setData({ problem: error.detail });
    }
  },

  // A picture that WeChat refuses fires no event; the path is one on the phone.
  onChooseAvatar({ detail }) {
    if (detail.avatarUrl) this.setData({ avatarUrl: detail.avatarUrl, problem: '' });
  },

  // The name is read here and not when the field is left: WeChat checks it after that, and
  // empties the field of a name that it refuses.
  async save({ detail }) {
    this.setData({ saving: true, problem: '' });
    try {
      await account.setProfile({ nickName: detail.value.nickName });
      if (this.data.avatarUrl) await account.uploadAvatar(this.data.avatarUrl);
      wx.navigateBack();
    } catch (error) {
      this.setData({ problem: error.detail });
    }
    this.setData({ saving: false });
  },
});
