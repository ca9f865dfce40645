"""The pure core: what is heard goes in, facts come out. No I/O, no clock, no logging, no asyncio."""
