# SPDX-License-Identifier: Apache-2.0
"""What the product does not say yet: left out of comparisons. Shorten as it learns."""

FIELDS_PENDING = set()
RULES_PENDING = set()
FAMILIES_PENDING = set()
# Differences that are known and not looked at, by family: patterns on what `vectors` prints.
KNOWN = {}
