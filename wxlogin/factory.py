"""Puts the application together: settings, extensions, blueprints, pages."""

from flask import Flask
from flask_migrate import Migrate

from wxlogin import service, tracing
from wxlogin.accounts import changes
from wxlogin.config import Settings, asset_dir, load_settings
from wxlogin.config.paths import package_dir
from wxlogin.config.site_rules import site_warnings
from wxlogin.config.sources import advice_for, unknown_names
from wxlogin.db import db, engine_options, prepare_engine, soundness
from wxlogin.flows import must_follow
from wxlogin.observability import get_logger, setup_logging
from wxlogin.oidc import signing_keys as _provider_tables  # noqa: F401  known to db
from wxlogin.security.signing import PatientSessions
from wxlogin.sites import events
from wxlogin.web.problems import rehearse
from wxlogin.web.register import register


def build(
    settings: Settings | None = None,
    *,
    patient: bool = False,
    threads: int | None = None,
) -> Flask:
    """The application; see `wxlogin.create_app`.

    `patient` is for commands, where no visitor waits for the database; `threads` is
    how many serve, where that is known.
    """
    settings = settings or load_settings()
    setup_logging(settings)
    app = Flask(
        "wxlogin",
        template_folder=str(asset_dir("templates")),
        static_folder=str(asset_dir("static")),
        instance_path=None,
    )
    _database(app, settings, patient=patient, threads=threads)
    if tracing.is_wanted() and not patient:
        # First of all that stands around a request.
        _trace(app, settings)
    _keys(app, settings)
    service.start(app, settings, threads=threads)
    changes.listen(app, events.write, must_follow.ring)
    register(app, settings)
    for name in unknown_names():
        get_logger().warning(
            "unknown setting",
            name=name,
            advice=advice_for(name) or "docs/settings.md lists them all",
        )
    for sentence in site_warnings(settings):
        get_logger().warning("unwise setting", why=sentence)
    return app


def _trace(app: Flask, settings: Settings) -> None:
    try:
        from wxlogin import otel
    except ImportError:
        get_logger().warning(
            "no traces",
            why="the environment asks for them (OTEL_…)",
            advice="pip install 'wxlogin[otel]'",
        )
        return
    with app.app_context():
        otel.start(app, db.engine, redis=bool(settings.redis_url))


def build_to_serve() -> Flask:
    """The application of the environment's settings, over a database that is sound."""
    app = build()
    require_database(app)
    rehearse(app)
    return app


def require_database(app: Flask) -> None:
    """Raises ConfigurationError, which says what to do, where this application must not
    start on its database: one of another version, say, or one that holds no names."""
    with app.app_context():
        soundness.require(db.engine.url)


def _database(
    app: Flask, settings: Settings, *, patient: bool, threads: int | None
) -> None:
    options = engine_options(settings.database_url, patient=patient, threads=threads)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url, SQLALCHEMY_ENGINE_OPTIONS=options
    )
    db.init_app(app)
    Migrate(app, db, directory=str(package_dir() / "migrations"), render_as_batch=True)
    with app.app_context():
        prepare_engine(db.engine, patient=patient)


def _keys(app: Flask, settings: Settings) -> None:
    app.session_interface = PatientSessions()
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SECRET_KEY_FALLBACKS=[
            key.get_secret_value() for key in settings.secret_key_fallbacks
        ],
    )
