"""The WSGI object for a server, and `python app.py` for the demo."""

from wxlogin import create_app

if __name__ == "__main__":
    from wxlogin.cli import main

    main(["demo"])
else:
    app = create_app()
