"""Enterprises, their managed accounts, the tokens that provision devices, the devices, and how many an account may
have.
"""
