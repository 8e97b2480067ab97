"""Changes folders of saved models as somebody who knows how they are made would."""

import json
from hashlib import sha256


def edited(folder, change):
    """Change what the manifest says."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


def signed(folder):
    """Have the manifest say that the files are as they are now: what is wrong with them must be found otherwise."""

    def sign(manifest):
        there = [name for name in manifest["files"] if (folder / name).is_file()]
        manifest["files"] |= {name: sha256((folder / name).read_bytes()).hexdigest() for name in there}

    edited(folder, sign)


def reconfigured(folder, **changes):
    """Change the configuration of a transformers model, in both places; None takes a key away."""

    def changed(config):
        return {key: value for key, value in (config | changes).items() if value is not None}

    def change(manifest):
        manifest["module"]["config"] = changed(manifest["module"]["config"])

    path = folder / "config.json"
    path.write_text(json.dumps(changed(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    edited(folder, change)
    signed(folder)
