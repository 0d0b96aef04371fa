/** Shows the sentence of an error of wxlogin.js. Who said no knows it. */
module.exports = function tell(error) {
  if (!error.detail) throw error;
  if (error.code !== 'user_denied') wx.showToast({ title: error.detail, icon: 'none' });
};
