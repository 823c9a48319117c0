"""What surfaces share. They never import each other."""
