"""LAPACK's routines for packed triangles, called so that other threads go on meanwhile.

SciPy's wrappers hold the interpreter's lock for as long as a routine takes: 20 s for the factor of 17,000 texts, in which
the app would answer nobody. SciPy also hands out the routines themselves (``scipy.linalg.cython_lapack``), and a
call through ctypes lets the lock go.
"""

from __future__ import annotations

from ctypes import (
    CFUNCTYPE,
    POINTER,
    byref,
    c_char_p,
    c_float,
    c_int,
    c_void_p,
    py_object,
    pythonapi,
)
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cython_lapack

_INT, _FLOATS = POINTER(c_int), POINTER(c_float)
# The triangle as it is, of the lower half.
_LAYOUT = b"N", b"L"


def _routine(name: str, *kinds: Any) -> Any:
    """Return a routine that takes arguments of these kinds and returns nothing."""
    capsule = cython_lapack.__pyx_capi__[name]
    name_of, pointer_of = pythonapi.PyCapsule_GetName, pythonapi.PyCapsule_GetPointer
    name_of.restype, name_of.argtypes = c_char_p, [py_object]
    pointer_of.restype, pointer_of.argtypes = c_void_p, [py_object, c_char_p]
    return CFUNCTYPE(None, *kinds)(pointer_of(capsule, name_of(capsule)))


_spftrf = _routine("spftrf", c_char_p, c_char_p, _INT, _FLOATS, _INT)
_spftri = _routine("spftri", c_char_p, c_char_p, _INT, _FLOATS, _INT)
_spftrs = _routine("spftrs", c_char_p, c_char_p, _INT, _INT, _FLOATS, _FLOATS, _INT, _INT)


def factor(size: int, packed: NDArray[np.float32]) -> int:
    """Replace a packed triangle of A, n x n, by that of its Cholesky factor.

    Returns 0, or the number of the first minor that is not positive.
    """
    info = c_int()
    _spftrf(*_LAYOUT, byref(c_int(size)), _floats(packed), byref(info))
    return info.value


def invert(size: int, packed: NDArray[np.float32]) -> None:
    """Replace a packed Cholesky factor of A by the packed triangle of A^-1."""
    _spftri(*_LAYOUT, byref(c_int(size)), _floats(packed), byref(c_int()))


def solve(size: int, packed: NDArray[np.float32], right: NDArray[np.float32]) -> None:
    """Replace ``right``, shape (n, k), Fortran order, by A^-1 ``right``; ``packed`` is A's Cholesky factor."""
    if not right.flags.f_contiguous:
        raise ValueError("expected the right sides in Fortran order")
    n, columns = c_int(size), c_int(right.shape[1])
    _spftrs(
        *_LAYOUT,
        byref(n),
        byref(columns),
        _floats(packed),
        _floats(right),
        byref(n),
        byref(c_int()),
    )


def _floats(array: NDArray[np.float32]) -> Any:
    if array.dtype != np.float32:
        raise TypeError(f"expected float32, got {array.dtype}")
    return array.ctypes.data_as(_FLOATS)
