"""Keys that development makes for itself."""

import base64

from wxlogin.config import load_settings, secret_keys


def test_a_key_made_by_us_is_one_that_start_up_takes(tmp_path, monkeypatch):
    """Of 30,000 random ones one begins as a document's sample does."""
    unlucky = base64.b64decode("dEVv" + "Q8zK3vN6rT1yB5mX9cF2gH7jD4pL0sAw" + "Zk7q8w==")
    drawn = iter([unlucky, bytes(range(32)), bytes(range(32, 64))])

    def draw(count: int) -> bytes:
        return next(drawn) if count == 32 else bytes(count)

    monkeypatch.setattr(secret_keys.secrets, "token_bytes", draw)
    key = load_settings(tmp_path).secret_key.get_secret_value()
    assert key == base64.b64encode(bytes(range(32))).decode()
