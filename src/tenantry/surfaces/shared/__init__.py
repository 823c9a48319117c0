"""What surfaces share, since they never import each other."""
