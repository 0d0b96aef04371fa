"""Sign in with WeChat for any website: a Flask service with WeChat in a box."""

__version__ = "0.1.0"
