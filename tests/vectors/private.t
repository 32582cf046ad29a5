#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Private acknowledgements: three invented conventions and a fourth that quotes its own id.
exec "${BUILD:-build}/tests/vectors" tests/vectors/private --mode all --tap
