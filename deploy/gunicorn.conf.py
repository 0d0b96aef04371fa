# For who starts gunicorn, in the checkout: gunicorn -c deploy/gunicorn.conf.py app:app
# `wxlogin run` does the same, and divides LIMITS among its processes without Redis.
# WXLOGIN_WORKER=gevent for thousands of browsers that wait; WEB_CONCURRENCY: processes.
import os

if os.environ.get("WXLOGIN_WORKER") == "gevent":
    import gevent.monkey

    # Before anything else that waits is imported.
    gevent.monkey.patch_all()

from wxlogin.cli.gunicorn import of_environment

bind = f"127.0.0.1:{os.environ.get('PORT') or 5000}"
globals().update(of_environment())
