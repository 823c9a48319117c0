"""Pages of partners and customers."""
