#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The oracle itself: the generator is deterministic and the checker can fail.
exec python3 tests/oracle/selftest.py
