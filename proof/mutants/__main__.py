"""`python -m proof.mutants NAME …` tries the mutants of modules, such as `tokens/verifier.py`, or of whole rooms."""

import json
import sys

from proof.frame.run import LONG, Run
from proof.mutants.mutation import modules_of, tried
from proof.mutants.project import LAYER

if __name__ == "__main__":
    named = [module for name in sys.argv[1:] for module in ([name] if name.endswith(".py") else modules_of(name))]
    print(json.dumps(tried(Run("mutants", LONG), LAYER, named), indent=1, ensure_ascii=False))
