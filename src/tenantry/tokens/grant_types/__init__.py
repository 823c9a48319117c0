"""One file for each grant type: what is presented, and how it is proven. All end in `issuing.issue`."""
