"""The database: tables, migrations and queries, on SQLite and PostgreSQL alike.

No port and no repositories: functions that take a connection. `Database` gives the connections.
"""
