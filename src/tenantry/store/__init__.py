"""The database. All SQL text of the product is in this package, one file per table family."""

from tenantry.store.engine.interface import LoneTx, Read, SchemaOutdated, Store, Tx, Value
from tenantry.store.engine.opening import open_store

__all__ = ["LoneTx", "Read", "SchemaOutdated", "Store", "Tx", "Value", "open_store"]
