"""The one place that wires everything."""

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import cli, db
from webapp.config import Settings, refuse_unusable
from webapp.limits import FORM_BYTES, FORM_PARTS, MEBIBYTE, POOL_SECONDS
from webapp.web import (
    errors,
    health,
    languages,
    odd_input,
    presenting,
    receiving,
)
from webapp.web.api import documentation
from webapp.web.extensions import csrf, limiter, login
from webapp.web.extensions import db as orm
from webapp.web.live import polling, websocket
from webapp.web.pages import (
    account,
    approvals,
    bulk_acts,
    changes,
    columns,
    conflicts,
    contacts,
    corrections,
    duplicates,
    erasing,
    mappings,
    merging,
    plans,
    possible_matches,
    results,
    styleguide,
    wizard,
)

ROOT = Path(__file__).parent.parent
# Whose addresses the app serves.
ROOMS = (
    account,
    approvals,
    bulk_acts,
    changes,
    columns,
    conflicts,
    contacts,
    duplicates,
    erasing,
    health,
    corrections,
    mappings,
    merging,
    websocket,
    documentation,
    polling,
    plans,
    possible_matches,
    results,
    styleguide,
    wizard,
)
CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none';"
    " form-action 'self'"
)


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Raises Misconfigured where a start would be unsafe."""
    settings = settings or Settings()
    refuse_unusable(settings)
    app = Flask(
        "webapp", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static")
    )
    app.config.update(_flask_settings(settings))
    app.extensions["rowcall"] = settings
    app.log_exception = lambda exc_info: None  # type: ignore[method-assign]  # noqa: ARG005 - errors.py does, without the text

    if settings.proxies:
        # Only X-Forwarded-For grows from proxy to proxy; of the others the last one's word counts.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=1, x_host=1, x_prefix=1
        )

    languages.register(app)
    odd_input.register(app)
    receiving.register(app)

    for extension in (orm, login, csrf, limiter):
        extension.init_app(app)

    for room in ROOMS:
        app.register_blueprint(room.blueprint)

    cli.register(app)
    presenting.register(app)
    websocket.register(app)
    app.after_request(_protect)
    errors.register(app)

    return app


def _flask_settings(settings: Settings) -> dict[str, object]:
    secure = settings.public_url.startswith("https://")
    public_host = urlsplit(settings.public_url).hostname

    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": db.sqlalchemy_url(settings.database_url),
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "pool_pre_ping": True,
            "pool_timeout": POOL_SECONDS,
            **db.engine_options(connect_timeout=3),
        },
        # Monitors ask by the machine's own names, without the proxy.
        "TRUSTED_HOSTS": [public_host, "localhost", "127.0.0.1"] if public_host else None,
        "SESSION_COOKIE_NAME": _cookie_name(settings, secure=secure),
        "SESSION_COOKIE_PATH": settings.url_path or "/",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,  # The session ends the token; an hour's pause in the wizard loses nothing.
        "MAX_CONTENT_LENGTH": settings.max_upload_bytes + MEBIBYTE,
        "MAX_FORM_MEMORY_SIZE": FORM_BYTES,
        "MAX_FORM_PARTS": FORM_PARTS,
        "RATELIMIT_STORAGE_URI": settings.redis_url.replace("unix://", "redis+unix://"),
        "RATELIMIT_HEADERS_ENABLED": True,
    }


def _cookie_name(settings: Settings, *, secure: bool) -> str:
    """Browsers hold the prefixes to their word: `__Host-` allows no path, `__Secure-` asks for
    TLS.
    """
    if not secure:
        return "rowcall"
    return "__Secure-rowcall" if settings.url_path else "__Host-rowcall"


def _protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint != "static" and not response.cache_control.public:
        # Set, not left to a default: Flask gives files that it sends a weaker one.
        response.headers["Cache-Control"] = "no-store"

    return response
