"""Returns the memory of hashing to the system. Only glibc keeps it, so elsewhere nothing is done."""

import ctypes
from typing import Any

_M_ARENA_MAX = -8
"""`mallopt(3)`"""


def use_one_arena() -> None:
    """Makes later threads allocate from the main arena, the only one that `release_free_memory` reaches."""
    if mallopt := _libc_function("mallopt"):
        mallopt(_M_ARENA_MAX, 1)


def release_free_memory() -> None:
    """Returns freed memory to the system. It takes about 1 ms, and allocating it again up to 5 ms."""
    if malloc_trim := _libc_function("malloc_trim"):
        malloc_trim(0)


def _libc_function(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None)
