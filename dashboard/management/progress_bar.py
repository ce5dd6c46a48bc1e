"""A progress bar on a terminal."""

from time import monotonic
from typing import Self, TextIO

__all__ = ["ProgressBar"]

WIDTH = 30
PAUSE = 0.1  # seconds between two drawings


class ProgressBar:
    """`with ProgressBar(total, stream) as advance: advance(bytes)`; the bar is erased at the end."""

    def __init__(self, total: int, stream: TextIO) -> None:
        self._total, self._stream = max(1, total), stream
        self._done, self._drawn = 0, 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stream.write("\r\x1b[K")
        self._stream.flush()

    def __call__(self, more: int) -> None:
        self._done += more
        if monotonic() - self._drawn < PAUSE:
            return
        self._drawn = monotonic()
        share = min(1.0, self._done / self._total)
        bar = "█" * round(share * WIDTH)
        self._stream.write(f"\r{bar:░<{WIDTH}} {share:4.0%} of {self._total / 1e6:.1f} MB")
        self._stream.flush()
