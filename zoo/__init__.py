"""Recurrent nets built in Python, proved and run in C++."""
