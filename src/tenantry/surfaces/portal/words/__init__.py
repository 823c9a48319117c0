"""The texts of the portal that name events, actions, values and reasons."""
