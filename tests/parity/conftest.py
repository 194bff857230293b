import importlib.util
import sys
from pathlib import Path

import pytest
import torch


@pytest.fixture(scope="session")
def rule():
    """The fill rule as a module (tests are imported by path, so there is no package to import it from)."""
    spec = importlib.util.spec_from_file_location("parity_fill", Path(__file__).parent / "fill.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield
