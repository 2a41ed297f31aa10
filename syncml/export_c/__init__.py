"""Exported C: one node as portable C99 with everything needed to build, check and review it.

The compiler's last pass reads step code only; nothing here knows equations or the language.
"""
