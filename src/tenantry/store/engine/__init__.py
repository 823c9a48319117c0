"""The one interface over two engines, its engines, and how a database is opened and made."""
