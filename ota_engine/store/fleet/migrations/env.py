"""Alembic's entry point: runs the revisions on the connection, and in the transaction, it is given.

There is no alembic.ini: ``ota_engine.store.fleet.migrate`` is the only caller.
"""

from alembic import context

from ota_engine.store.fleet import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema.METADATA,
    version_table=schema.revision.name,
)
context.run_migrations()
