"""The ears: each module here turns what one kind of device says into heard things. None of them decides anything."""
