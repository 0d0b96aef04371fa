"""WeChat's protocol, pure Python: no Flask, no database."""
