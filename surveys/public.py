"""What the composition root may call; no package stands above this one."""

from surveys.recompute import recompute_sample

__all__ = ["recompute_sample"]
