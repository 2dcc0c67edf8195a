import json
from pathlib import Path

import pytest

from benchmarks.frame import results


def test_a_result_says_what_it_belongs_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures without date, machine and versions cannot be compared with anything."""
    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")

    path = results.write("starts", {"empty": 1.5})

    assert json.loads(path.read_text()) == results.read("starts")
    written = results.read("starts")
    assert written["figures"] == {"empty": 1.5}
    assert written["machine"]["cores"] >= 1
    assert set(written["versions"]) >= {"python", "openssl", "cryptography"}
    assert set(written) == {"benchmark", "date", "commit", "machine", "versions", "figures"}
