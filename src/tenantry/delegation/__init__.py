"""What a customer tenant lets a partner tenant do in it."""
