"""Words every floor shares: errors, identifiers, time. Imports nothing of ours."""
