"""What one tenant asks of a server that is heavy, and how long everybody else waits meanwhile.

1. `heavy.py` says what a heavy thing is; `reads.py`, `writes.py` and `operating.py` list them.
2. `hall.py` is the organisation they are done in: people, sessions, tokens, rows by the ten thousand (`crowds.py`).
3. `doing.py` does one of them: opens its form or gets its token first, then sends it when all the others send theirs.
4. `others.py` runs the server, and beside it a process (`bystanders.py`) that asks for what others ask for.
5. `measure.py` puts them together.

The tests run the lists with small numbers, `python -m bench.waits` with large ones.
"""
