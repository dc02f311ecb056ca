"""numpy, and what its arrays hold here.

It is loaded without the threads of its linear algebra, which nobody here needs: they wait busily for work, a tenth of a
second of another core's time, and would be forked with everything else (OpenBLAS, README: OPENBLAS_NUM_THREADS).
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

__all__ = ["Bytes", "Flags", "Numbers", "np"]

_THREADS = "OPENBLAS_NUM_THREADS"
_before = os.environ.get(_THREADS)
os.environ[_THREADS] = "1"
try:
    import numpy as np
    import numpy.typing as npt
finally:
    if _before is None:
        del os.environ[_THREADS]
    else:
        os.environ[_THREADS] = _before

Bytes: TypeAlias = npt.NDArray[np.uint8]
Numbers: TypeAlias = npt.NDArray[Any]  # of any integer type
Flags: TypeAlias = npt.NDArray[np.bool_]
