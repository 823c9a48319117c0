"""The texts of the portal: names of events, actions, values, reasons."""
