"""The dashboard: what reception, the team and the coordinator see and fill in (not built yet).

Its own process, with its own file of accounts, web sessions and incident forms. It folds the facts that the
daemon streams with the daemon's own `evolve`, and sends commands; it holds no alarm logic. Whatever happens
here, a press still pages.
"""
