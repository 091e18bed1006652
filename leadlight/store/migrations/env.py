"""Run by Alembic on the connection that `leadlight.store.migrate` opened."""

from alembic import context

from leadlight.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction covers everything
)
context.run_migrations()
