#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All vector files, through pairing/ alone and through the database path: one test each.
exec "${BUILD:-build}/tests/vectors" tests/vectors/data --mode all --tap
