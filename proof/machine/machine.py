"""The state machine: every act of clients, thieves and operators, in any order, with anything that can go wrong."""

from proof.machine.account_rules import AccountRules
from proof.machine.factor_rules import FactorRules
from proof.machine.newcomer_rules import NewcomerRules
from proof.machine.race_rules import RaceRules
from proof.machine.session_rules import SessionRules
from proof.machine.time_rules import TimeRules
from proof.machine.two_step_rules import TwoStepRules


class Machine(SessionRules, AccountRules, FactorRules, TwoStepRules, NewcomerRules, RaceRules, TimeRules):
    """Each step of a history is one of these rules."""
