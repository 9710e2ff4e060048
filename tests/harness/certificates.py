"""A certificate for a test's own server, made anew for each, so that no private key lies in
the tree.
"""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, *names: str) -> tuple[Path, Path]:
    """Make one for these alternative names, as in `DNS:localhost`; its file and that of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    kind = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=Rowcall tests",
    ]
    more = ["-addext", f"subjectAltName={','.join(names)}"]
    subprocess.run(
        ["openssl", "req", *kind, *more, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    return certificate, key
