"""Flask's extensions, made once and bound to the app in webapp.app."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from limits.storage import RedisStorage


class QueueStorage(RedisStorage):
    """Where the limiter counts: the queue's server. It is found by the scheme of the address."""

    STORAGE_SCHEME = ["redis", "rediss", "redis+unix"]  # noqa: RUF012 - as limits declares it
    # Valkey's own client, which comes with the embedded server, would be loaded beside Redis's: 2
    # MB for nothing.
    DEPENDENCIES = {"redis": None}  # noqa: RUF012


db = SQLAlchemy()
login = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True)
