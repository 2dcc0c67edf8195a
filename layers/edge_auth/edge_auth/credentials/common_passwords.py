"""The 30,000 passwords of zxcvbn's list, which attackers try first.

To load them takes a tenth of a second, so only code that sets passwords imports this module.
"""

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from edge_auth.credentials.password_rules import folded

COMMON_PASSWORDS = frozenset(map(folded, FREQUENCY_LISTS["passwords"]))
