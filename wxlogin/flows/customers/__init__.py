"""A site's customer connects a WeChat: by a link of the site, or at a first visit."""
