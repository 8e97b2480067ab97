"""A page that runs compiled networks in a browser: ONNX files, onnxruntime-web from npm, and what one types.

Run: python examples/browser/make_page.py page && python -m http.server -d page
"""

import shutil
import subprocess
import sys
from pathlib import Path

import lsrl

TARGETS = ("rnn-relu", "lstm", "gru")
RUNTIME = "onnxruntime-web@1.30.0"
SCRIPTS = ("ort.wasm.min.js", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")


def program() -> lsrl.Program:
    """How deep brackets are, and whether all are closed: 1 opens one, -1 closes one."""
    bracket = lsrl.Input(1, range=(-1, 1), integer=True, name="bracket")
    depth = lsrl.cumsum(bracket, name="depth")
    failed = lsrl.latch(1, depth < 0, name="failed")
    return lsrl.Program(lsrl.Concat([depth, (depth < 1) & (failed < 1)]), name="brackets")


def make_page(folder: Path) -> None:
    """Write the page, the networks and the runtime into a folder. Raises `CalledProcessError` if npm fails."""
    folder.mkdir(parents=True, exist_ok=True)
    for target in TARGETS:
        lsrl.compile(program(), target, max_length=1000, dtype="float32").export_onnx(folder / f"{target}.onnx")
    shutil.copy(Path(__file__).with_name("index.html"), folder)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--prefix", folder, RUNTIME], check=True)
    for name in SCRIPTS:
        shutil.copy(folder / "node_modules" / "onnxruntime-web" / "dist" / name, folder)
    shutil.rmtree(folder / "node_modules")


if __name__ == "__main__":
    make_page(Path(sys.argv[1] if sys.argv[1:] else "page"))
