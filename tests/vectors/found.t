#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the oracle found once: vectors of our own.
exec "${BUILD:-build}/tests/vectors" tests/vectors/found --mode all --tap --not-yet tests/vectors/NOT_YET
