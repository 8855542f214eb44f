"""What the register gives to the composition root."""

import quzhou_migrants.register.functions
import quzhou_migrants.register.states  # noqa: F401 - declares its machines
