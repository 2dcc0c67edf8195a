"""Arithmetic on list prices and quotas, and a simulation. Nothing here is measured."""
