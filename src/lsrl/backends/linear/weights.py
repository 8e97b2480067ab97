"""The weights of a stack of linear recurrent layers, and their form as named tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from lsrl.backends.unit_groups import LINEAR, SCALED, Along, UnitGroup, along
from lsrl.errors import FormatError, listed

Floats: TypeAlias = NDArray[np.floating[Any]]

LARGEST_INPUT_DIM = 2**20
"""Wider inputs are refused on reading: the input width is the one size that no stored tensor backs up."""

_MATRICES = ("A", "B", "C", "G")
_VECTORS = ("b", "init", "d", "g")
_CSR_PARTS = ("data", "indices", "indptr", "shape")


@dataclass(frozen=True)
class LayerWeights:
    """One layer: sₜ = A sₜ₋₁ + B xₜ + b from s = init, yₜ = (G xₜ + g) ⊙ relu(C sₜ + d).

    With n states, m outputs and an input of width w: A is n×n, B n×w, C m×n, G m×w. G and g are
    None in a layer without gates, whose gate is 1. Matrices are sparse and of the vectors' dtype.
    Source: Petrov et al. 2024, section 2 (linear and gated linear recurrent layers).
    """

    A: csr_array
    B: csr_array
    b: Floats
    init: Floats
    C: csr_array
    d: Floats
    G: csr_array | None = None
    g: Floats | None = None

    @property
    def gates(self) -> tuple[csr_array, Floats] | None:
        """G and g, or None in a layer without gates."""
        return None if self.G is None or self.g is None else (self.G, self.g)


@dataclass(frozen=True)
class StackWeights:
    """Layers in order, each reading the one before, and the read-out outputₜ = R yₜ + r.

    A stack without layers reads the input out. All arrays are float64, or all float32.

    >>> doubled = StackWeights((), csr_array(np.array([[2.0]])), np.zeros(1))
    >>> doubled.input_dim, doubled.output_dim, doubled.depth, doubled.nonzeros
    (1, 1, 0, 1)
    """

    layers: tuple[LayerWeights, ...]
    R: csr_array
    r: Floats

    @property
    def input_dim(self) -> int:
        """Components of one input token."""
        return int(self.layers[0].B.shape[1] if self.layers else self.R.shape[1])

    @property
    def output_dim(self) -> int:
        """Components of one output."""
        return len(self.r)

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    @property
    def widest(self) -> int:
        """The largest number of states or outputs in one layer."""
        return max((max(len(layer.b), len(layer.d)) for layer in self.layers), default=0)

    @property
    def state_dim(self) -> int:
        """States of all layers."""
        return sum(len(layer.b) for layer in self.layers)

    @property
    def nonzeros(self) -> int:
        """Numbers other than zero in all matrices and vectors; a gate that is always 1 is not counted."""
        return _nonzeros(self.R) + _nonzeros(self.r) + sum(_layer_nonzeros(layer) for layer in self.layers)

    @property
    def dense_parameters(self) -> int:
        """Numbers that the same stack would hold if its matrices were dense."""
        return sum(int(np.prod(array.shape, dtype=object)) for _, array in _named_arrays(self))

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.r.dtype


def dense_arrays(weights: StackWeights) -> dict[str, Floats]:
    """Every matrix and vector by name, dense."""
    return {name: array if isinstance(array, np.ndarray) else array.toarray() for name, array in _named_arrays(weights)}


def from_arrays(arrays: Mapping[str, Floats]) -> StackWeights:
    """The weights that `dense_arrays` gave, or others of these shapes."""
    depth = sum(name.endswith(".b") for name in arrays)

    def array(name: str) -> Any:
        found = arrays.get(name)
        return csr_array(found) if found is not None and found.ndim == 2 else found

    names = _MATRICES + _VECTORS
    layers = tuple(LayerWeights(**{name: array(f"layers.{i}.{name}") for name in names}) for i in range(depth))
    return StackWeights(layers, array("R"), arrays["r"])


def unit_groups(weights: StackWeights) -> list[UnitGroup]:
    """The outputs and the states of every layer, with what makes and reads them."""
    groups = []
    for i, layer in enumerate(weights.layers):
        own, above = f"layers.{i}", weights.layers[i + 1 : i + 2]
        gate = along(own, "G g") if layer.gates else ()
        names = [f"layers.{i + 1}.{name}" for name in (("B", "G") if above[0].gates else ("B",))] if above else ["R"]
        reads = tuple(Along(name, 1) for name in names)
        groups.append(UnitGroup((f"{own}.output",), len(layer.d), reads, along(own, "C d"), gate, SCALED - {"idle"}))
        states, read = along(own, "A B b init"), along(own, "A C", axis=1)
        groups.append(UnitGroup((f"{own}.state",), len(layer.b), read, states, allows=LINEAR))
    return groups


def as_tensors(weights: StackWeights) -> dict[str, NDArray[Any]]:
    """The weights as a flat dictionary for safetensors; a sparse matrix M becomes M.data, .indices, .indptr, .shape.

    >>> sorted(as_tensors(StackWeights((), csr_array(np.eye(2)), np.zeros(2))))
    ['R.data', 'R.indices', 'R.indptr', 'R.shape', 'r']
    """
    tensors: dict[str, NDArray[Any]] = {}
    for name, array in _named_arrays(weights):
        if isinstance(array, np.ndarray):
            tensors[name] = array
            continue
        canonical = csr_array(array, copy=True)
        canonical.sum_duplicates()
        tensors[f"{name}.data"] = canonical.data
        tensors[f"{name}.indices"] = canonical.indices.astype(np.int64)
        tensors[f"{name}.indptr"] = canonical.indptr.astype(np.int64)
        tensors[f"{name}.shape"] = np.array(canonical.shape, dtype=np.int64)
    return tensors


def from_tensors(tensors: Mapping[str, NDArray[Any]]) -> StackWeights:
    """The weights that `as_tensors` wrote; every name, dtype, index, shape and number is checked.

    Takes memory in proportion to the tensors given, whatever shapes they claim. Raises
    `FormatError`, which names the tensor at fault.

    >>> from_tensors(as_tensors(StackWeights((), csr_array(np.eye(2)), np.zeros(2)))).input_dim
    2
    """
    depth = sum(name.startswith("layers.") and name.endswith(".b") for name in tensors)
    gated = [f"layers.{index}.g" in tensors for index in range(depth)]
    _check_names(tensors, gated)
    if (dtype := tensors["r"].dtype) not in (np.float32, np.float64):
        raise FormatError(f"tensor r is {dtype}; expected float32 or float64")
    layers = tuple(_read_layer(tensors, f"layers.{index}", gated[index], dtype) for index in range(depth))
    weights = StackWeights(layers, _read_matrix(tensors, "R", dtype), _read_vector(tensors, "r", dtype))
    _check_shapes(weights)
    return weights


def _named_arrays(weights: StackWeights) -> Iterator[tuple[str, Any]]:
    """Every matrix and vector there is, with its name."""
    for index, layer in enumerate(weights.layers):
        for name in _MATRICES + _VECTORS:
            if (array := getattr(layer, name)) is not None:
                yield f"layers.{index}.{name}", array
    yield "R", weights.R
    yield "r", weights.r


def _nonzeros(array: Any) -> int:
    return int(np.count_nonzero(array if isinstance(array, np.ndarray) else array.data))


def _layer_nonzeros(layer: LayerWeights) -> int:
    parts = [layer.A, layer.B, layer.b, layer.init, layer.C, layer.d]
    if layer.gates is not None:
        G, g = layer.gates
        if _nonzeros(G) or np.any(g != 1):
            parts += [G, g]
    return sum(map(_nonzeros, parts))


def _check_names(tensors: Mapping[str, NDArray[Any]], gated: list[bool]) -> None:
    expected = {"r"} | {f"R.{part}" for part in _CSR_PARTS}
    for index, has_gates in enumerate(gated):
        matrices, vectors = (_MATRICES, _VECTORS) if has_gates else (_MATRICES[:-1], _VECTORS[:-1])
        expected |= {f"layers.{index}.{matrix}.{part}" for matrix in matrices for part in _CSR_PARTS}
        expected |= {f"layers.{index}.{vector}" for vector in vectors}
    if missing := sorted(expected - set(tensors)):
        raise FormatError(f"no tensor is named {listed(missing)}; expected a stack of {len(gated)} layers in full")
    if unknown := sorted(set(tensors) - expected):
        raise FormatError(
            f"tensor {listed(unknown)} belongs to no stack of {len(gated)} layers; expected it to be absent"
        )


def _read_layer(tensors: Mapping[str, NDArray[Any]], layer: str, gated: bool, dtype: np.dtype[Any]) -> LayerWeights:
    matrices, vectors = (_MATRICES, _VECTORS) if gated else (_MATRICES[:-1], _VECTORS[:-1])
    return LayerWeights(
        **{name: _read_matrix(tensors, f"{layer}.{name}", dtype) for name in matrices},
        **{name: _read_vector(tensors, f"{layer}.{name}", dtype) for name in vectors},
    )


def _read_vector(tensors: Mapping[str, NDArray[Any]], name: str, dtype: np.dtype[Any]) -> Floats:
    vector = tensors[name]
    if vector.dtype != dtype or vector.ndim != 1:
        raise FormatError(f"tensor {name} is {vector.dtype} of shape {vector.shape}; expected one dimension of {dtype}")
    if not np.isfinite(vector).all():
        raise FormatError(f"tensor {name} holds NaN or infinity; expected finite numbers")
    return vector


def _read_matrix(tensors: Mapping[str, NDArray[Any]], name: str, dtype: np.dtype[Any]) -> csr_array:
    data = _read_vector(tensors, f"{name}.data", dtype)
    for part in _CSR_PARTS[1:]:
        index = tensors[f"{name}.{part}"]
        if index.dtype != np.int64 or index.ndim != 1:
            raise FormatError(
                f"tensor {name}.{part} is {index.dtype} of shape {index.shape}; expected one dimension of int64"
            )
    indices, indptr, shape = (tensors[f"{name}.{part}"] for part in _CSR_PARTS[1:])
    if len(shape) != 2 or not 0 <= shape[0] == len(indptr) - 1 or not 0 <= shape[1] <= np.iinfo(np.int32).max:
        raise FormatError(f"tensor {name}.shape is {shape.tolist()[:3]}; expected [{len(indptr) - 1}, columns]")
    if indptr[0] != 0 or indptr[-1] != len(data) or np.any(indptr[1:] < indptr[:-1]):
        raise FormatError(f"tensor {name}.indptr does not rise from 0 to {len(data)}, the length of {name}.data")
    if len(indices) != len(data):
        raise FormatError(f"tensor {name}.indices has {len(indices)} entries; expected {len(data)}, as in {name}.data")
    if len(indices) and not 0 <= indices.min() <= indices.max() < shape[1]:
        raise FormatError(f"tensor {name}.indices leaves 0…{shape[1] - 1}; expected columns of the matrix")
    row_of = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    if np.any((np.diff(row_of) == 0) & (np.diff(indices) <= 0)):
        raise FormatError(f"tensor {name}.indices does not rise within a row; expected each column once, in order")
    return csr_array((data, indices, indptr), shape=(int(shape[0]), int(shape[1])))


def _check_shapes(weights: StackWeights) -> None:
    """Raise `FormatError` unless the shapes chain from layer to layer."""
    width = weights.input_dim
    if width > LARGEST_INPUT_DIM:
        first = "layers.0.B" if weights.layers else "R"
        raise FormatError(f"tensor {first}.shape claims {width} inputs; expected at most {LARGEST_INPUT_DIM}")
    expected: dict[str, tuple[int, ...]] = {}
    for index, layer in enumerate(weights.layers):
        n, m = len(layer.b), len(layer.d)
        shapes = {
            "A": (n, n),
            "B": (n, width),
            "C": (m, n),
            "G": (m, width),
            "b": (n,),
            "init": (n,),
            "d": (m,),
            "g": (m,),
        }
        expected |= {f"layers.{index}.{name}": shape for name, shape in shapes.items()}
        width = m
    expected |= {"R": (len(weights.r), width), "r": (len(weights.r),)}
    for name, array in _named_arrays(weights):
        if array.shape != expected[name]:
            raise FormatError(f"tensor {name} has shape {array.shape}; expected {expected[name]}")
