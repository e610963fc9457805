"""What holds for every test: an operator's configuration is never the tests' configuration."""

import os

from hypothesis import settings

from foundation.settings import Settings

_KEPT = ("COPILOT_TEST_", "COPILOT_SHARED_DATA")

# Before anything is collected, so that neither a fixture nor a process that a test starts can
# reach an operator's database or index.
for _name in [one for one in os.environ if one.startswith("COPILOT_")]:
    if not _name.startswith(_KEPT):
        del os.environ[_name]
# Nor may a `.env` file of the folder that the tests are run in.
Settings.model_config["env_file"] = None

# How long an example takes is the machine's business: a loaded one must not turn a test red.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
