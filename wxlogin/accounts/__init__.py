"""Who is who: people of WeChat as users of ours. See docs/accounts.md."""
