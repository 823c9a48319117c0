"""The command line: one file for each noun. Each command calls a domain function as the operator."""
