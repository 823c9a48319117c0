"""The one interface over two engines, both engines, and how a database is opened, made and migrated."""
