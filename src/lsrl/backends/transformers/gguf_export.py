"""Language models as GGUF files, which llama.cpp runs: `mamba` and `mamba2`.

llama.cpp computes what transformers does in another order: one step after the other, in float32. Sums of whole numbers
are the same in any order; its silu, softplus, exp and norm are exact where this network uses them, as torch's are; its
A is stored as what transformers makes of A_log. A Mamba has to have twice as many inner channels as the stream
is wide there, so that channels which nothing uses are put beside the others: what they add is 0, and the norm
divides by 2¹³ in a stream of any width.

Tokens are words, each with white space or the beginning of the text in front of it, as SentencePiece has them. Where
all are single characters, they are read as they come, and white space is nothing.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lsrl.backends.transformers.network import HubNetwork
from lsrl.backends.transformers.tokens import TokenTable, table_of
from lsrl.errors import MissingPackage, UnsupportedProgram
from lsrl.files import write_whole
from lsrl.lang import Program

CONTEXT = 2**20
"""Tokens that a text may have, as far as llama.cpp is told: it has no such limit itself."""

BLANK = "\N{LOWER ONE EIGHTH BLOCK}"
"""What SentencePiece writes for white space."""

NAMES = {
    "norm.weight": "attn_norm.weight",
    "mixer.in_proj.weight": "ssm_in.weight",
    "mixer.conv1d.weight": "ssm_conv1d.weight",
    "mixer.conv1d.bias": "ssm_conv1d.bias",
    "mixer.x_proj.weight": "ssm_x.weight",
    "mixer.dt_proj.weight": "ssm_dt.weight",
    "mixer.dt_proj.bias": "ssm_dt.bias",
    "mixer.dt_bias": "ssm_dt.bias",
    "mixer.A_log": "ssm_a",
    "mixer.D": "ssm_d",
    "mixer.norm.weight": "ssm_norm.weight",
    "mixer.out_proj.weight": "ssm_out.weight",
}
"""What llama.cpp calls a layer's tensors."""

Tensors = Mapping[str, np.ndarray]


def exported(network: HubNetwork, program: Program, path: Path) -> None:
    """Write the network of a program over tokens as GGUF, in float32.

    Raises `UnsupportedProgram` for a program over numbers, and `MissingPackage` without the package gguf.
    """
    table = table_of(program)
    if table is None:
        raise UnsupportedProgram(
            f"{program.name} is a program over numbers, and llama.cpp runs language models; "
            "expected Program(…, vocabulary=…)"
        )
    if importlib.util.find_spec("gguf") is None:
        raise MissingPackage("gguf", "a GGUF file", "gguf")
    import gguf

    config, kind = network.weights.config, network.weights.config["model_type"]
    tensors, sizes = (_mamba if kind == "mamba" else _mamba2)(network.weights.tensors, config)
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "model.gguf"
        writer = gguf.GGUFWriter(file, kind)
        writer.add_name(program.name)
        writer.add_context_length(CONTEXT)
        writer.add_embedding_length(sizes["width"])
        writer.add_feed_forward_length(0)
        writer.add_head_count(0)
        writer.add_block_count(config["num_hidden_layers"])
        writer.add_ssm_conv_kernel(config["conv_kernel"])
        writer.add_ssm_inner_size(sizes["inner"])
        writer.add_ssm_state_size(config["state_size"])
        writer.add_ssm_time_step_rank(sizes["rank"])
        writer.add_ssm_group_count(1)
        writer.add_layer_norm_rms_eps(config["layer_norm_epsilon"])
        writer.add_file_type(gguf.LlamaFileType.ALL_F32)
        _add_tokenizer(writer, table, gguf.TokenType)
        for name, tensor in _renamed(tensors):
            writer.add_tensor(name, np.ascontiguousarray(tensor, np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        write_whole(path, file.read_bytes())


def _add_tokenizer(writer: Any, table: TokenTable, kinds: Any) -> None:
    """The tokens, of which as few as can be make a text; what ends generation."""
    special = dict.fromkeys((table.pad, table.bos, *table.ends), kinds.CONTROL) | {table.unknown: kinds.UNKNOWN}
    front = "" if table.is_spelled else BLANK
    writer.add_tokenizer_model("t5")
    writer.add_token_list([text if i in special else front + text for i, text in enumerate(table.texts)])
    writer.add_token_scores([-1.0] * len(table.texts))
    writer.add_token_types([special.get(i, kinds.NORMAL) for i in range(len(table.texts))])
    writer.add_bos_token_id(table.bos)
    writer.add_eos_token_id(table.ends[0])
    writer.add_eot_token_id(table.nothing)
    writer.add_unk_token_id(table.unknown)
    writer.add_pad_token_id(table.pad)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(not table.is_spelled)
    writer.add_remove_extra_whitespaces(not table.is_spelled)
    if table.is_spelled:
        writer.add_precompiled_charsmap(_without_white_space())


def _without_white_space() -> bytes:
    """A map that makes nothing of white space: its size, a trie in an array, and what is put in the place of a match.

    The array is that of SentencePiece (Kanda 2018, "Space- and Time-Efficient String Dictionaries"): the child of a
    node by a byte is at its base xor that byte, and says which byte it is, whether a match ends there (bit 8), and its
    own base (from bit 10 on), where the replacement's place is. Here the root's base is 256, and the children's 512.
    """
    array = np.zeros(1024, "<u4")
    array[0] = 256 << 10
    for byte in b" \t\n\r\v\f":
        array[256 ^ byte] = byte | 1 << 8 | 512 << 10
        array[256 ^ byte ^ 512] = 1 << 31
    return np.array([array.nbytes], "<u4").tobytes() + array.tobytes() + b"\0"


def _renamed(tensors: Tensors) -> Iterator[tuple[str, np.ndarray]]:
    own = {
        "embeddings.weight": "token_embd.weight",
        "norm_f.weight": "output_norm.weight",
        "lm_head.weight": "output.weight",
    }
    for name, tensor in tensors.items():
        inside = name.removeprefix("backbone.")
        if inside in own:
            yield own[inside], tensor
        else:
            _, layer, part = inside.split(".", 2)
            yield f"blk.{layer}.{NAMES[part]}", tensor


def _each(tensors: Tensors, changed: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> dict[str, np.ndarray]:
    """The tensors, with those changed whose names end so."""
    found = {}
    for name, tensor in tensors.items():
        change = next((change for end, change in changed.items() if name.endswith(end)), None)
        found[name] = tensor if change is None else change(tensor)
    return found


def _mamba2(tensors: Tensors, config: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """A Mamba-2's tensors in the shapes that llama.cpp has, and their sizes."""
    heads = config["num_heads"]
    found = _each(
        tensors,
        {
            ".conv1d.weight": lambda taps: taps[:, 0],
            ".A_log": lambda logarithms: _decay(logarithms)[:, None],
            ".D": lambda skips: skips[:, None],
            ".mixer.norm.weight": lambda weights: weights[None],
        },
    )
    for layer in range(config["num_hidden_layers"]):
        found[f"backbone.layers.{layer}.mixer.conv1d.bias"] = np.zeros(heads + 2, np.float32)
    return found, {"width": config["hidden_size"], "inner": heads, "rank": heads}


def _mamba(tensors: Tensors, config: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """A Mamba's tensors with twice as many inner channels as the stream is wide, and their sizes."""
    inner = config["hidden_size"] * config["expand"]
    width = max(config["hidden_size"], (inner + 1) // 2)

    def wider(rows: int | None, columns: int | None = None) -> Callable[[np.ndarray], np.ndarray]:
        return lambda tensor: _padded(tensor, rows, columns)

    def halves(tensor: np.ndarray) -> np.ndarray:
        return np.vstack([_padded(half, 2 * width, width) for half in np.split(tensor, 2)])

    norm = tensors["backbone.norm_f.weight"][0]
    found = _each(
        tensors,
        {
            "embeddings.weight": wider(None, width),
            "lm_head.weight": wider(None, width),
            ".in_proj.weight": halves,
            ".conv1d.weight": lambda taps: _padded(taps[:, 0], 2 * width),
            ".conv1d.bias": wider(2 * width),
            ".x_proj.weight": wider(None, 2 * width),
            ".dt_proj.weight": wider(2 * width),
            ".dt_proj.bias": wider(2 * width),
            ".A_log": lambda logarithms: _padded(_decay(logarithms), 2 * width),
            ".D": wider(2 * width),
            ".out_proj.weight": wider(width, 2 * width),
            "norm.weight": lambda _: np.full(width, norm),
            "norm_f.weight": lambda _: np.full(width, norm),
        },
    )
    return found, {"width": width, "inner": 2 * width, "rank": config["time_step_rank"]}


def _decay(logarithms: np.ndarray) -> np.ndarray:
    """A, of its logarithms."""
    decay: np.ndarray = -np.exp(logarithms)
    return decay


def _padded(tensor: np.ndarray, rows: int | None, columns: int | None = None) -> np.ndarray:
    """The tensor with zeros up to so many rows and columns."""
    missing = [0 if size is None else size - old for size, old in zip((rows, columns), tensor.shape, strict=False)]
    return np.pad(tensor, [(0, more) for more in missing])
