"""What people sign in with: passwords, phones, second factors, providers; and their sessions."""
