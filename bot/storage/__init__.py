"""Database: engine, tables, migrations. SQLite in WAL mode by default, PostgreSQL by URL."""
