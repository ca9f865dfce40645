"""Outputs: how an order reaches a person. dispatch.py tries, the channels carry, texts/ has the sentences."""
