"""The passwords that are tried first: 30,000 of them, as zxcvbn lists them.

Only who sets passwords imports this: it takes a tenth of a second.
"""

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from edge_auth.credentials.password_rules import folded

COMMON_PASSWORDS = frozenset(map(folded, FREQUENCY_LISTS["passwords"]))
