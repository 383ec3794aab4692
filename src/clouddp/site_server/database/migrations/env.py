"""Alembic's entry: run the migrations in the transaction that `schema.py` opened."""

from alembic import context

from clouddp.site_server.database.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
