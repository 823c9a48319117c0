"""The portal: pages at `/` that the server renders for people. They work without scripts, and load nothing from another
host.
"""
