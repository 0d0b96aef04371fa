// The program's own sheet about the privacy notice, on every page that may need it. WeChat asks
// for it when a button or a function needs the consent, and so does account.consent().
const account = require('../../account.js');

let front = null; // the sheet of the page in front

account.onConsentNeeded((asked) => {
  if (front) front.ask(asked);
  else asked.disagree();
});

Component({
  data: { shown: false },

  lifetimes: {
    attached() {
      front = this;
    },
    detached() {
      this.leave();
    },
  },

  pageLifetimes: {
    show() {
      front = this;
    },
    hide() {
      this.leave();
    },
  },

  methods: {
    ask(asked) {
      this.asked = asked;
      this.setData({ shown: true });
    },

    read() {
      wx.openPrivacyContract({});
    },

    // WeChat looks whether this very button was tapped.
    agree() {
      this.answer((asked) => asked.agree('agree-btn'));
    },

    disagree() {
      this.answer((asked) => asked.disagree());
    },

    // What waits must not wait for ever.
    leave() {
      if (front === this) front = null;
      this.disagree();
    },

    answer(how) {
      const { asked } = this;
      this.asked = null;
      if (this.data.shown) this.setData({ shown: false });
      if (asked) how(asked);
    },

    stay() {},
  },
});
