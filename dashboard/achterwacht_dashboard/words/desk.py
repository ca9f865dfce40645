"""The words of desk pages."""

from __future__ import annotations

from collections.abc import Mapping

NL: Mapping[str, str] = {}

EN: Mapping[str, str] = {}
