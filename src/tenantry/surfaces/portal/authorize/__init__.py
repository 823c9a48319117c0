"""The authorization endpoint's pages."""
