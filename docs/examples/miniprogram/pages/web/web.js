const account = require('../../account.js');

Page({
  data: { url: '', problem: '' },

  // A web-view has a cookie jar of its own. The address signs this person in there, once and
  // within a minute; the token itself never stands in an address.
  async onLoad(query) {
    try {
      this.setData({ url: await account.handover(decodeURIComponent(query.next || '')) });
    } catch (error) {
      this.setData({ problem: error.detail });
    }
  },
});
