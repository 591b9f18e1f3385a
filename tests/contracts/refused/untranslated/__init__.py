"""A module whose catalogue has each fault that `make check` finds."""

from tests.contracts.refused.untranslated import errors as errors
