"""The library's process recorder, with our tables and the commit function among those it creates."""

import psycopg
from eventsourcing.postgres import PostgresDatastore, PostgresProcessRecorder
from psycopg import conninfo, sql

from doorstep_chassis.store.schema import COMMIT, LOCK_TABLES, TABLES


class DoorstepRecorder(PostgresProcessRecorder):
    """A `ProcessRecorder` over the same tables as the asynchronous store: any tool made for the library reads our log.

    `enable_db_functions` stays off for ever: the library's own function takes no table lock and drops the tracking.
    """

    def __init__(self, datastore: PostgresDatastore) -> None:
        super().__init__(datastore)
        for statement in filter(str.strip, TABLES.split(";\n")):
            self.sql_create_statements.append(sql.Composed([sql.SQL(statement)]))
        self.sql_create_statements.append(sql.Composed([sql.SQL(COMMIT)]))


def datastore(url: str) -> PostgresDatastore:
    """The library's connection pool for a `postgresql://` URL, with time-outs that keep a stopped writer harmless."""
    parts = conninfo.conninfo_to_dict(url)
    return PostgresDatastore(
        dbname=str(parts.get("dbname", "")),
        host=str(parts.get("host", "")),
        port=str(parts.get("port", "5432")),
        user=str(parts.get("user", "")),
        password=str(parts.get("password", "")),
        lock_timeout=5,
        idle_in_transaction_session_timeout=5,
        single_row_tracking=True,
        originator_id_type="uuid",
    )


def create_tables(url: str) -> None:
    """Make the event store's tables and functions in an empty database; on one that has them, nothing changes."""
    with psycopg.connect(url, autocommit=True) as connection, datastore(url) as store:
        connection.execute(LOCK_TABLES)
        DoorstepRecorder(store).create_table()
