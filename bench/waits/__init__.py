"""How long others wait while one tenant asks for as much as it can."""
