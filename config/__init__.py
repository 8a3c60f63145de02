"""Project settings. Importing this package also makes the ``numbers`` app importable.

The app folder is called ``numbers``, and so is a standard-library module that
``decimal`` needs. The folder has no ``__init__.py``, so the standard-library module
always wins; giving that module a ``__path__`` lets Python find our submodules too.
"""

from __future__ import annotations

from pathlib import Path

import numbers

if not hasattr(numbers, "__path__"):
    numbers.__path__ = [str(Path(__file__).resolve().parent.parent / "numbers")]
