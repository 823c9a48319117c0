"""What every floor shares: errors, identifiers, time, the rules for texts and numbers. It imports nothing of ours."""
