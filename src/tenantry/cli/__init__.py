"""The command line: one file per noun, each command a call of a domain function by the operator."""
