"""What pages with numbers and pictures ask, across tables."""
