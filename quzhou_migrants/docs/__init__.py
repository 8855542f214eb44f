"""Documentation that lives with the code; pages under `generated/` are written by `generate.py`."""
