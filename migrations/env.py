"""Alembic's environment: the tables of webapp.models, on the URL that webapp.migrate gives."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from webapp import db
from webapp.models import Base

url = context.config.get_main_option("sqlalchemy.url")
with create_engine(url, poolclass=NullPool, **db.engine_options()).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
