"""The grant types, a file each: what a client presents, and how that is verified. All end in `issuing.issue`."""
