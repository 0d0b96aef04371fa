"""The WSGI object for a server, and `python app.py` for the demo."""

import sys

from wxlogin import create_app
from wxlogin.errors import ConfigurationError

if __name__ == "__main__":
    from wxlogin.cli import main

    main(["demo"])
else:
    try:
        app = create_app()
    except ConfigurationError as error:
        print(f"wxlogin: {error.operator}", file=sys.stderr)
        # gunicorn takes 4 for "do not start another worker, it will not load".
        sys.exit(4)
