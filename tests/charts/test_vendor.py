"""What the browser gets is the release that VERSIONS names, byte for byte, with its licence."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "dashboard" / "static" / "dashboard" / "vendor"


def test_the_vendored_plotly_is_the_version_it_says():
    told = re.search(r"plotly\.js-basic-dist-min (\S+) sha256:(\w+)", (VENDOR / "VERSIONS").read_text())
    content = (VENDOR / "plotly-basic.min.js").read_bytes()
    assert told
    assert f"plotly.js (basic - minified) v{told[1]}".encode() in content[:200]
    assert hashlib.sha256(content).hexdigest() == told[2]


def test_its_licence_comes_along():
    assert "MIT License" in (VENDOR / "plotly-LICENSE.txt").read_text()
