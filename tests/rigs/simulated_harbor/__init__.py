"""The simulated Harbor: a server with real state that answers as recordings of 2.15.2 do."""

from .client import HarborClient, HarborError, given_harbor
from .rig import ADMIN_PASSWORD, HarborUnderTest, SimulatedHarbor

__all__ = [
    "ADMIN_PASSWORD",
    "HarborClient",
    "HarborError",
    "HarborUnderTest",
    "SimulatedHarbor",
    "given_harbor",
]
