"""One scenario for several login systems: a storm, lost answers and a thief, over each one's own HTTP."""
