"""Whole models of other programs: which model of the zoo they are, built, filled and proved."""
