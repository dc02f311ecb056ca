"""What the arrays of this package hold."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]
Numbers: TypeAlias = npt.NDArray[Any]  # of any integer type
Flags: TypeAlias = npt.NDArray[np.bool_]
