"""Groups, their links, members and invitations."""
