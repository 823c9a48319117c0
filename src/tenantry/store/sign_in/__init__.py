"""How people sign in: passwords, phones, second factors, sessions, providers."""
