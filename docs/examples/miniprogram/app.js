const account = require('./account.js');

App({
  onShow() {
    const { migratedFrom } = account.launch();
    // Another program's codes lead here now; WeChat opens the home page for all of them.
    if (migratedFrom && migratedFrom.path === 'pages/scan/scan' && !this.moved) {
      this.moved = true;
      const { query } = migratedFrom;
      wx.reLaunch({
        url: `/pages/scan/scan?${typeof query === 'string' ? query : `scene=${query.scene}`}`,
      });
    }
  },
});
