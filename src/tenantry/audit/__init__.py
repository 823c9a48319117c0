"""The trail: one typed event per state change and per issued or refused token, in the transaction of the change."""
