"""Where facts live. All SQL text of the product stands in this package, one file per table family."""

from tenantry.store.engine import LoneTx, Read, SchemaOutdated, Store, Tx, Value
from tenantry.store.opening import open_store

__all__ = ["LoneTx", "Read", "SchemaOutdated", "Store", "Tx", "Value", "open_store"]
