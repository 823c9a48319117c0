"""What all pages share: layout, forms, errors, links, the session."""
