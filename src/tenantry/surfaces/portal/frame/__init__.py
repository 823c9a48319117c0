"""What every page stands in: layout, forms, errors, links."""
