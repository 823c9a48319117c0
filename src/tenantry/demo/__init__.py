"""The demo: tenants to try things out with, and examples of what to try. The functions that make real tenants make
these too; they are never for real data.
"""
