"""An upstream that does what no real registry does, on purpose and by script.

A case says how the upstream answers some paths, which command looks at it and what that command must say;
tests/system/test_hostile.py drives all of them through the real binary. Paths that a case leaves alone are answered
by a real registry behind.
"""

from rigs.hostile import accounts, content, elsewhere, framing, harbor, images, paging
from rigs.hostile.case import Case
from rigs.hostile.upstream import Upstream

ALL = [*framing.CASES, *elsewhere.CASES, *accounts.CASES, *content.CASES, *paging.CASES, *images.CASES, *harbor.CASES]

__all__ = ["ALL", "Case", "Upstream"]
