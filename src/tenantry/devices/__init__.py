"""Managed endpoints: enterprises, managed accounts, the tokens that provision devices, the devices, their quota."""
