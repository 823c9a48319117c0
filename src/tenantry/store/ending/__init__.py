"""What has ended, and how it is forgotten."""
