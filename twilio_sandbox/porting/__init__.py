"""Ports: portability, documents, requests, signatures."""

from __future__ import annotations
