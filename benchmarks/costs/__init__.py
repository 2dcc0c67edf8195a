"""Arithmetic on list prices and quotas, and a simulation: nothing here is measured."""
