"""What `tenantry doctor` looks at, one subject in each file. It changes nothing, and sends nothing but questions."""
