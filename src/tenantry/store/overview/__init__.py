"""What pages with numbers and pictures ask of several tables."""
