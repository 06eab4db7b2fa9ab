"""Words of many residents held as small numbers: a city of 650,000 fits in little memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Labels:
    """One word per entry: `code` is its position in `words`; -1 is no word."""

    code: Codes
    words: tuple[str, ...]

    @classmethod
    def of(cls, code: Ints, words: tuple[str, ...] | Mapping[str, float]) -> Self:
        """Hold positions as small numbers."""
        return cls(code=code.astype(np.int16), words=tuple(words))

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, rows: Ints | Bools) -> "Labels":
        return Labels(code=self.code[rows], words=self.words)

    def are(self, *words: str) -> Bools:
        """Return which entries are one of these words."""
        return np.isin(self.code, [self.words.index(word) for word in words])

    def texts(self) -> list[str]:
        """Return the words themselves; an empty text is no word."""
        every = [*self.words, ""]
        return [every[code] for code in self.code.tolist()]
