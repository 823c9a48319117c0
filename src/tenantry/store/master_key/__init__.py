"""What stands under a master key, in every tenant: to encrypt it anew, or to tell what a pepper is still needed for."""
