"""Servers that slow clients cannot hold. They know nothing of wxlogin.

`worker` is for gunicorn, `paced` for werkzeug's server of the demo.
"""
