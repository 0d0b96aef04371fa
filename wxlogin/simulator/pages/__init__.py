"""The pages: WeChat's own, the phone in the browser, and the front page."""
