"""What goes out after a change: webhooks, and the outbox in which their events wait."""
